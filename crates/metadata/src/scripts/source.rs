//! Where the script of a URL is.

use std::fmt::Write;

use thiserror::Error;

/// The domain of Google's public cloud.
pub const DEFAULT_UNIVERSE: &str = "googleapis.com";

/// Where a script is fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An object in a bucket: asked for with the token of the machine's service account, and
    /// without one when that brings nothing.
    Object {
        /// The bucket and the object as the path of an address: `bucket/object`.
        path: String,
    },
    /// Anything else on the web.
    Web(String),
}

/// What no script can be fetched from. Repeats no more than the scheme: a URL may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourceError {
    /// Not one of ours.
    #[error("expected a URL that begins with gs://, http:// or https://")]
    Scheme,
    /// `gs://` without an object.
    #[error("expected gs://BUCKET/OBJECT")]
    Object,
    /// A URL without a host.
    #[error("the URL names no host")]
    Host,
    /// White space or control characters.
    #[error("the URL holds white space or control characters")]
    Characters,
}

impl Source {
    /// Whether the cloud's domain decides what a URL is.
    #[must_use]
    pub fn depends_on_universe(url: &str) -> bool {
        url.starts_with("gs://") || url.contains("storage.")
    }

    /// Reads a URL, already trimmed. `universe` is the cloud's domain, [`DEFAULT_UNIVERSE`] if no
    /// other is known.
    ///
    /// # Errors
    /// When nothing can be fetched from it.
    pub fn read(url: &str, universe: &str) -> Result<Self, SourceError> {
        if let Some(rest) = url.strip_prefix("gs://") {
            return in_bucket(rest)
                .map(|(bucket, object)| Self::Object {
                    path: format!("{bucket}/{}", escaped(object, &[])),
                })
                .ok_or(SourceError::Object);
        }
        let rest = web(url).ok_or(SourceError::Scheme)?;
        if let Some((bucket, object)) = storage(rest, universe) {
            // As it was written: it may hold escapes, and the parameters of a signed URL.
            return Ok(Self::Object {
                path: format!("{bucket}/{}", escaped(object, b"%?&=#+")),
            });
        }
        if rest.is_empty() || rest.starts_with(['/', '?', '#', ':']) {
            return Err(SourceError::Host);
        }
        let unfit = |character: char| character.is_whitespace() || character.is_control();
        if url.contains(unfit) {
            return Err(SourceError::Characters);
        }
        Ok(Self::Web(url.to_owned()))
    }
}

/// Where objects are fetched from, without a slash at its end: `storage_url` of the settings, else
/// the storage service of the cloud.
#[must_use]
pub fn storage_address(configured: Option<&str>, universe: &str) -> String {
    configured.map_or_else(
        || format!("https://storage.{universe}"),
        |url| url.trim_end_matches('/').to_owned(),
    )
}

fn web(url: &str) -> Option<&str> {
    let after = |scheme: &str| url.strip_prefix(scheme);
    after("http://").or_else(|| after("https://"))
}

/// The four forms of a storage address in the web: the bucket in the host or in the path.
fn storage<'a>(rest: &'a str, universe: &str) -> Option<(&'a str, &'a str)> {
    let (host, path) = rest.split_once('/')?;
    let is_storage = host == "storage.cloud.google.com"
        || host
            .strip_suffix(universe)
            .is_some_and(|host| host == "storage." || host == "commondatastorage.");
    if is_storage {
        return in_bucket(path);
    }
    let bucket = host.strip_suffix(universe)?.strip_suffix(".storage.")?;
    (is_bucket(bucket) && is_object(path)).then_some((bucket, path))
}

/// `BUCKET/OBJECT`.
fn in_bucket(path: &str) -> Option<(&str, &str)> {
    let (bucket, object) = path.split_once('/')?;
    (is_bucket(bucket) && is_object(object)).then_some((bucket, object))
}

/// `[a-z0-9][-_.a-z0-9]*`
fn is_bucket(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.bytes().next().is_some_and(plain)
        && text
            .bytes()
            .all(|byte| plain(byte) || b"-_.".contains(&byte))
}

/// `.+`
fn is_object(text: &str) -> bool {
    !text.is_empty() && !text.contains('\n')
}

/// The path of an object: what an address cannot hold is escaped, except for `kept`.
fn escaped(object: &str, kept: &[u8]) -> String {
    let mut text = String::with_capacity(object.len());
    for byte in object.bytes() {
        if byte.is_ascii_alphanumeric()
            || b"-._~/!$'()*,;:@".contains(&byte)
            || kept.contains(&byte)
        {
            text.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn object(path: &str) -> Result<Source, SourceError> {
        Ok(Source::Object { path: path.into() })
    }

    #[test]
    fn every_form_of_a_storage_address_names_bucket_and_object() {
        for url in [
            "gs://bucket/dir/object.sh",
            "http://bucket.storage.googleapis.com/dir/object.sh",
            "https://bucket.storage.googleapis.com/dir/object.sh",
            "http://storage.googleapis.com/bucket/dir/object.sh",
            "https://storage.googleapis.com/bucket/dir/object.sh",
            "http://commondatastorage.googleapis.com/bucket/dir/object.sh",
            "https://commondatastorage.googleapis.com/bucket/dir/object.sh",
            "http://storage.cloud.google.com/bucket/dir/object.sh",
            "https://storage.cloud.google.com/bucket/dir/object.sh",
        ] {
            let source = Source::read(url, DEFAULT_UNIVERSE);
            assert_eq!(source, object("bucket/dir/object.sh"), "{url}");
            assert!(Source::depends_on_universe(url), "{url}");
        }
    }

    #[test]
    fn another_universe_has_its_own_domain() {
        let read = |url| Source::read(url, "example.goog");
        for url in [
            "gs://b/o",
            "https://b.storage.example.goog/o",
            "https://storage.example.goog/b/o",
            "https://commondatastorage.example.goog/b/o",
        ] {
            assert_eq!(read(url), object("b/o"), "{url}");
        }
        let elsewhere = "https://storage.googleapis.com/b/o";
        assert_eq!(read(elsewhere), Ok(Source::Web(elsewhere.into())));
        assert_eq!(
            storage_address(None, "example.goog"),
            "https://storage.example.goog"
        );
        assert_eq!(storage_address(Some("http://h:1/"), "x"), "http://h:1");
    }

    #[test]
    fn what_is_no_storage_address_is_fetched_as_it_is() {
        for url in [
            "http://127.0.0.1:8000/script",
            "https://example.com",
            "https://user:word@example.com/a?b=c#d",
            "http://[fd00::1]/s",
            "https://storage.googleapis.com/Bucket/o",
            "https://storage.googleapis.com/bucket",
            "https://storage.googleapis.com/bucket/",
            "https://evil-storage.googleapis.com/b/o",
            "https://storage.googleapis.com.example.com/b/o",
            "https://_b.storage.googleapis.com/o",
        ] {
            let source = Source::read(url, DEFAULT_UNIVERSE);
            assert_eq!(source, Ok(Source::Web(url.into())));
        }
    }

    #[test]
    fn the_cloud_s_domain_is_not_asked_for_in_vain() {
        for url in ["http://127.0.0.1/s", "https://example.com/storage"] {
            assert!(!Source::depends_on_universe(url), "{url}");
        }
    }

    #[test]
    fn an_object_s_name_is_escaped_once() {
        for (url, path) in [
            ("gs://b/a b?c#d%e", "b/a%20b%3Fc%23d%25e"),
            ("gs://b/ü", "b/%C3%BC"),
            (
                "https://storage.googleapis.com/b/a%20b?X-Goog-Signature=ab&c=d",
                "b/a%20b?X-Goog-Signature=ab&c=d",
            ),
            ("https://storage.googleapis.com/b/a b", "b/a%20b"),
        ] {
            assert_eq!(Source::read(url, DEFAULT_UNIVERSE), object(path));
        }
    }

    #[test]
    fn what_nothing_can_be_fetched_from_is_told_without_repeating_it() {
        for (url, error) in [
            ("", SourceError::Scheme),
            ("/etc/passwd", SourceError::Scheme),
            ("file:///etc/passwd", SourceError::Scheme),
            ("ftp://h/s", SourceError::Scheme),
            ("GS://b/o", SourceError::Scheme),
            ("gs://", SourceError::Object),
            ("gs://b", SourceError::Object),
            ("gs://b/", SourceError::Object),
            ("gs://-b/o", SourceError::Object),
            ("http://", SourceError::Host),
            ("http:///path", SourceError::Host),
            ("http://:80/", SourceError::Host),
            ("http://h/a b", SourceError::Characters),
            ("http://h/a\nb", SourceError::Characters),
            ("http://h/a\0b", SourceError::Characters),
        ] {
            assert_eq!(Source::read(url, DEFAULT_UNIVERSE), Err(error), "{url}");
        }
    }

    proptest! {
        #[test]
        fn no_url_panics_and_no_path_leaves_its_line(url in "(gs|http|https)?(://)?[ -~\n\u{e4}]{0,40}") {
            if let Ok(Source::Object { path }) = Source::read(&url, DEFAULT_UNIVERSE) {
                prop_assert!(path.bytes().all(|byte| (0x21..0x7f).contains(&byte)));
            }
        }
    }
}
