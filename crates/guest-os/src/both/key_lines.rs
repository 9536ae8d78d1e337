//! The lines of an `authorized_keys` file (sshd(8)). Bytes, not text: comments may be in any
//! encoding and must stay as they are.

use crate::{Error, Result};

/// Refuses what would not be one line with one key.
///
/// # Errors
/// Names the first such line.
pub(super) fn check(keys: &[String]) -> Result<()> {
    let wrong = |key: &&String| {
        let key = key.trim();
        key.is_empty() || key.starts_with('#') || key.contains(['\n', '\r', '\0'])
    };
    match keys.iter().find(wrong) {
        Some(key) => Err(Error::Invalid(format!(
            "invalid OpenSSH public key: '{key}'"
        ))),
        None => Ok(()),
    }
}

/// The keys in a file, without comments and empty lines.
pub(super) fn keys(file: &[u8]) -> Vec<String> {
    lines(file)
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect()
}

/// The file with those `keys` at its end that it does not have yet. Every line ends: another
/// program may append to it.
pub(super) fn with(file: &[u8], keys: &[String]) -> Vec<u8> {
    let mut longer = file.to_vec();
    for key in keys {
        let key = key.trim();
        if lines(&longer).any(|line| line.trim_ascii() == key.as_bytes()) {
            continue;
        }
        if !longer.is_empty() && !longer.ends_with(b"\n") {
            longer.push(b'\n');
        }
        longer.extend_from_slice(key.as_bytes());
        longer.push(b'\n');
    }
    longer
}

/// The file without `keys`, however often it has them.
pub(super) fn without(file: &[u8], keys: &[String]) -> Vec<u8> {
    let kept = |line: &&[u8]| {
        let line = line.trim_ascii();
        !keys.iter().any(|key| key.trim().as_bytes() == line)
    };
    file.split_inclusive(|byte| *byte == b'\n')
        .filter(kept)
        .flatten()
        .copied()
        .collect()
}

fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    file.split(|byte| *byte == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    const FILE: &[u8] = b"algo key1 comments\n\
        algo key1 comments\n\
        # a commented line\n\
        \n\
        algo some-key \xe9t\xe9\n";

    #[test]
    fn only_single_lines_with_a_key_are_taken() {
        for (key, good) in [
            ("ssh-ed25519 AAAA ann@host", true),
            ("no-pty ssh-rsa AAAA", true),
            ("  ssh-rsa AAAA  ", true),
            ("ssh-rsa AAAA # note", true),
            ("ssh-rsa AAAA\n", true),
            ("", false),
            ("   ", false),
            ("#ssh-rsa AAAA", false),
            (" # ssh-rsa AAAA", false),
            ("not a valid\nkey", false),
            ("a\rb", false),
            ("a\0b", false),
        ] {
            assert_eq!(check(&owned(&["algo k", key])).is_ok(), good, "{key:?}");
        }
        let error = check(&owned(&["#k"])).expect_err("a comment");
        assert_eq!(error.to_string(), "invalid OpenSSH public key: '#k'");
        assert!(check(&[]).is_ok());
    }

    #[test]
    fn keys_are_what_is_no_comment() {
        assert_eq!(
            keys(FILE),
            [
                "algo key1 comments",
                "algo key1 comments",
                "algo some-key \u{fffd}t\u{fffd}"
            ]
        );
        assert_eq!(
            keys(b" algo indented \r\n  #no\r\nlast"),
            ["algo indented", "last"]
        );
        assert!(keys(b"").is_empty());
    }

    #[test]
    fn a_key_is_added_once_and_on_a_line_of_its_own() {
        for (file, added, expected) in [
            ("", &["algo key2"] as &[_], "algo key2\n"),
            (
                "algo key2\n",
                &["algo key1", "algo key2"],
                "algo key2\nalgo key1\n",
            ),
            ("algo key2", &["algo key1"], "algo key2\nalgo key1\n"),
            ("a\n\n", &["b", "b", " b "], "a\n\nb\n"),
            ("a\r\n", &["a"], "a\r\n"),
            ("#c", &[], "#c"),
        ] {
            let longer = with(file.as_bytes(), &owned(added));
            assert_eq!(String::from_utf8_lossy(&longer), expected, "{file:?}");
        }
        assert!(with(FILE, &owned(&["k"])).starts_with(FILE));
    }

    #[test]
    fn a_key_is_removed_wherever_it_stands_and_the_rest_stays() {
        assert_eq!(without(FILE, &owned(&["algo key2"])), FILE);
        let rest = without(FILE, &owned(&["algo key1 comments", "algo key2"]));
        assert_eq!(rest, b"# a commented line\n\nalgo some-key \xe9t\xe9\n");
        assert_eq!(without(b"a\r\nb", &owned(&["a", "b"])), b"");
        assert_eq!(without(b"a", &[]), b"a");
    }
}
