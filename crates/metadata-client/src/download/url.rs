//! URLs: what may be shown of them, and where a redirect leads.

use ureq::http::Uri;

/// Characters of a URL that are shown.
const SHOWN: usize = 200;

/// An http or https URL with a host.
pub(super) fn parse(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    (web && uri.host().is_some_and(|host| !host.is_empty())).then_some(uri)
}

/// Without user and query: in signed URLs they are the key.
pub(super) fn shown(uri: &Uri) -> String {
    let port = uri.port().map_or(String::new(), |port| format!(":{port}"));
    let scheme = uri.scheme_str().unwrap_or_default();
    let text = format!("{scheme}://{}{port}{}", host(uri), uri.path());
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

pub(super) fn host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default()
}

pub(super) fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

/// Scheme, host and port are the same: who may see the other's headers.
pub(super) fn same_origin(a: &Uri, b: &Uri) -> bool {
    let port = |uri: &Uri| {
        let usual = if is_https(uri) { 443 } else { 80 };
        uri.port_u16().unwrap_or(usual)
    };
    is_https(a) == is_https(b) && host(a).eq_ignore_ascii_case(host(b)) && port(a) == port(b)
}

/// Where the header `Location` leads from here.
pub(super) fn redirected(from: &Uri, location: &str) -> Option<Uri> {
    let scheme = from.scheme_str()?;
    let authority = from.authority()?;
    let location = location.trim();
    let names_scheme = location.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    let absolute = if names_scheme {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else if location.starts_with('?') {
        format!("{scheme}://{authority}{}{location}", from.path())
    } else {
        let directory = from.path().rsplit_once('/').map_or("", |(above, _)| above);
        format!("{scheme}://{authority}{directory}/{location}")
    };
    parse(&absolute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        let table = [
            ("https://h/o?X-Goog-Signature=key", "https://h/o"),
            ("https://user:secret@h:8443/o", "https://h:8443/o"),
            ("http://[::1]:80/", "http://[::1]:80/"),
            ("http://h", "http://h/"),
            ("http://h/a#b", "http://h/a"),
        ];
        for (url, expected) in table {
            assert_eq!(shown(&parse(url).unwrap()), expected);
        }
        let long = format!("http://h/{}", "a".repeat(5000));
        assert_eq!(shown(&parse(&long).unwrap()).len(), SHOWN + 3);
    }

    #[test]
    fn only_the_web_is_asked() {
        for url in [
            "",
            "h",
            "/o",
            "ftp://h/o",
            "file:///etc/passwd",
            "gs://b/o",
            "http://",
            "http:///o",
        ] {
            assert_eq!(parse(url), None, "{url}");
        }
    }

    #[test]
    fn a_redirect_leads_where_it_says() {
        let table = [
            ("https://other/x?q=1", Some("https://other/x?q=1")),
            ("//other/x", Some("http://other/x")),
            ("/x?q=http://h/", Some("http://h:81/x?q=http://h/")),
            ("x", Some("http://h:81/a/x")),
            ("?q=2", Some("http://h:81/a/b?q=2")),
            ("x?to=http://h/", Some("http://h:81/a/x?to=http://h/")),
            ("ftp://other/x", None),
            ("file:///etc/passwd", None),
            ("/a b", None),
        ];
        let from = parse("http://h:81/a/b?q=1").unwrap();
        for (location, expected) in table {
            let found = redirected(&from, location).map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), expected, "{location}");
        }
    }

    #[test]
    fn another_scheme_host_or_port_is_another_origin() {
        let table = [
            ("http://h/a", "http://H:80/b", true),
            ("https://h/a", "https://h:443/b", true),
            ("http://h/a", "https://h/a", false),
            ("http://h/a", "http://h:81/a", false),
            ("http://h/a", "http://h.example/a", false),
            ("http://h@evil/a", "http://h/a", false),
        ];
        for (a, b, expected) in table {
            assert_eq!(
                same_origin(&parse(a).unwrap(), &parse(b).unwrap()),
                expected,
                "{a} {b}"
            );
        }
    }
}
