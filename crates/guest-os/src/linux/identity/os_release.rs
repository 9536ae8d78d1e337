//! The file of os-release(5): assignments as a shell reads them.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of a file that are looked at. Real ones have less than 1 KiB.
const LIMIT: u64 = 64 * 1024;

/// The assignments of a file. Of several to one name the last counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OsRelease(HashMap<String, String>);

impl OsRelease {
    /// `None` when there is no such file.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        let file = File::open(path).ok()?;
        file.take(LIMIT).read_to_end(&mut bytes).ok()?;
        Some(Self::parse(&String::from_utf8_lossy(&bytes)))
    }

    /// Lines that are no assignments are passed over.
    fn parse(text: &str) -> Self {
        let assignments = text.lines().filter_map(|line| {
            let (name, value) = line.trim_start().split_once('=')?;
            let name = name.trim_end();
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            (!name.is_empty() && name.bytes().all(plain))
                .then(|| (name.to_owned(), value_of(value.trim_start())))
        });
        Self(assignments.collect())
    }

    /// The value of a name, which is then gone.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }
}

/// What a shell would assign: quotes taken off, escapes resolved, up to the first blank or `;`
/// outside of quotes. A quote that never closes runs to the end of the line.
fn value_of(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, ';') => break,
            (None, _) if character.is_whitespace() => break,
            // In single quotes a backslash is one; in double ones it escapes only these.
            (Some('"'), '\\') => match characters.next_if(|next| "$\"\\`'".contains(*next)) {
                Some(escaped) => value.push(escaped),
                None => value.push('\\'),
            },
            (None, '\\') => value.extend(characters.next()),
            _ => value.push(character),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file of QEMU's own test suite for the agent.
    const REFERENCE: &str = r#"ID=qemu-ga-test
NAME="QEMU-GA"
PRETTY_NAME="QEMU Guest Agent test"
VERSION="Test 1"
VERSION_ID=1
VARIANT="Unit test \"\'\$\`\\ and \\\\ etc."
VARIANT_ID=unit-test
"#;

    #[test]
    fn the_file_of_the_reference_s_test_suite_is_read() {
        let mut release = OsRelease::parse(REFERENCE);
        for (name, value) in [
            ("ID", "qemu-ga-test"),
            ("NAME", "QEMU-GA"),
            ("PRETTY_NAME", "QEMU Guest Agent test"),
            ("VERSION", "Test 1"),
            ("VERSION_ID", "1"),
            ("VARIANT", r#"Unit test "'$`\ and \\ etc."#),
            ("VARIANT_ID", "unit-test"),
        ] {
            assert_eq!(release.take(name).as_deref(), Some(value), "{name}");
        }
        assert_eq!(release, OsRelease::default());
    }

    #[test]
    fn values_are_read_as_by_a_shell() {
        for (text, expected) in [
            ("", ""),
            ("debian", "debian"),
            ("debian # a system", "debian"),
            ("a;b", "a"),
            ("\"\"", ""),
            ("''", ""),
            ("'Debian GNU/Linux'", "Debian GNU/Linux"),
            (r"'a\$b'", r"a\$b"),
            (r#""a\nb""#, r"a\nb"),
            (r#""tab\$x\`y\\z""#, r"tab$x`y\z"),
            (r#""it's""#, "it's"),
            (r#"'say "x"'"#, r#"say "x""#),
            (r"a\ b", "a b"),
            ("\"never closed", "never closed"),
            (r#""ends in \"#, r"ends in \"),
            (r"\", ""),
            ("\"a\"b'c'", "abc"),
            ("\"v\"; rm -rf /", "v"),
            ("\u{fffd}ü", "\u{fffd}ü"),
        ] {
            assert_eq!(value_of(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_assignment_is_passed_over() {
        let text =
            "# comment\n\n  ID = spaced \n=nameless\nno assignment\nA-B=x\n#ID=no\r\nID=last\r\n";
        let mut release = OsRelease::parse(text);
        assert_eq!(release.take("ID").as_deref(), Some("last"));
        assert_eq!(release, OsRelease::default());
    }

    #[test]
    fn a_huge_file_and_bytes_that_are_no_text_do_no_harm() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("os-release");
        let mut bytes = b"ID=\"\xff\xfe\"\n".to_vec();
        bytes.resize(1 << 20, b'=');
        std::fs::write(&path, bytes).expect("a file");
        let mut release = OsRelease::read(&path).expect("a file");
        assert_eq!(release.take("ID").as_deref(), Some("\u{fffd}\u{fffd}"));
        assert!(OsRelease::read(directory.path()).is_none());
    }
}
