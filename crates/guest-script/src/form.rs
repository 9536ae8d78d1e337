//! The form of a conversation: how its scripts begin and end, and its limits.

use crate::frame::{self, Frame, FramingError};
use crate::grouped;

/// `v KIND STATUS VALUE` prints a frame.
const HEAD: &str = r#"LC_ALL=C; export LC_ALL; unset LANGUAGE
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
exec 2>/dev/null
nl='
'
v() {
  if [ "${#3}" -gt @VALUE@ ]; then set -- "$1" cut "$(printf '%.@VALUE@s' "$3")"; fi
  printf '@%s %s %s\n%s\n' "$1" "$2" "${#3}" "$3"
}
"#;

/// What the scripts of one kind, and their answers, have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The word that answers begin with: letters and dashes.
    pub name: &'static str,
    /// How much of one value is printed, in bytes. A longer one has the status `cut`.
    pub value_limit: usize,
    /// The most that a script prints, in bytes; the limit to read its output with.
    pub output_limit: usize,
}

impl Form {
    /// A script for `/bin/sh -s`, POSIX sh: `functions`, then `body`, both whole lines. They print
    /// values by `v KIND STATUS VALUE`, and have `$nl`, a newline; complaints are not seen.
    #[must_use]
    pub fn script(&self, functions: &str, body: &str) -> String {
        let head = HEAD.replace("@VALUE@", &self.value_limit.to_string());
        let name = self.name;
        grouped(&format!(
            "{head}{functions}printf '@{name} 1 0\\n\\n'\n{body}printf '@end 0 0\\n\\n'\n"
        ))
    }

    /// The values of an answer. What stands before its first frame, as a login shell may print it,
    /// is skipped.
    ///
    /// # Errors
    /// It is not what a script of this form prints, whole.
    pub fn frames<'a>(&self, stdout: &'a [u8]) -> Result<Vec<Frame<'a>>, FramingError> {
        if stdout.len() > self.output_limit {
            return Err(FramingError::TooLarge {
                size: stdout.len(),
                limit: self.output_limit,
            });
        }
        let hello = format!("@{} 1 0\n\n", self.name).into_bytes();
        let start = stdout
            .windows(hello.len())
            .position(|window| window == hello);
        let start = start.ok_or(FramingError::NotAnAnswer)?;
        frame::split(stdout, start + hello.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Form = Form {
        name: "hospes-test",
        value_limit: 10,
        output_limit: 1 << 20,
    };

    fn answer(frames: &str) -> String {
        format!("@hospes-test 1 0\n\n{frames}@end 0 0\n\n")
    }

    #[test]
    fn the_script_is_one_group_with_its_limit() {
        insta::assert_snapshot!(FORM.script("f() { v f 0 \"$1\"; }\n", "f x\n"));
    }

    #[test]
    fn a_value_that_imitates_frames_stays_a_value() {
        let text = answer("@host 0 14\nx\n@end 0 0\n\n@y\n");
        let found = FORM.frames(text.as_bytes()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].body, b"x\n@end 0 0\n\n@y");
        assert!(found[0].is_ok());
    }

    #[test]
    fn banners_before_and_noise_after_do_no_harm() {
        let text = format!("Welcome!\n{}bye", answer("@a 1 1\n\u{7}\n"));
        let found = FORM.frames(text.as_bytes()).unwrap();
        assert_eq!((found[0].kind, found[0].status), ("a", "1"));
        assert!(!found[0].is_ok());
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        let whole = answer("@host 0 3\nabc\n");
        let whole = whole.as_bytes();
        assert!(FORM.frames(whole).is_ok());
        for cut in 0..whole.len() - 2 {
            assert!(FORM.frames(&whole[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn what_no_script_prints_is_told_by_its_kind() {
        let many = "@a 0 0\n\n".repeat(5_000);
        let size = (1 << 20) + 1;
        let table = [
            ("sh: not found".to_owned(), FramingError::NotAnAnswer),
            (
                answer("@host 0 2\nabc\n"),
                FramingError::Malformed { at: 18 },
            ),
            (
                answer("@host 0 0 0\n\n"),
                FramingError::Malformed { at: 18 },
            ),
            (answer("host 0 0\n\n"), FramingError::Malformed { at: 18 }),
            (
                answer("@host \u{1b} 0\n\n"),
                FramingError::Malformed { at: 18 },
            ),
            (
                answer(&format!("@host {} 0\n\n", "1".repeat(2_000))),
                FramingError::Malformed { at: 18 },
            ),
            (
                answer("@host 0 99999999999999999999999\nabc\n"),
                FramingError::Malformed { at: 18 },
            ),
            (
                answer("@host 0 18446744073709551615\nabc\n"),
                FramingError::Incomplete,
            ),
            (answer(&many), FramingError::TooMany),
            (
                "x".repeat(size),
                FramingError::TooLarge {
                    size,
                    limit: 1 << 20,
                },
            ),
        ];
        for (text, expected) in table {
            let told = text.get(..60).unwrap_or(&text);
            assert_eq!(FORM.frames(text.as_bytes()), Err(expected), "{told}");
        }
    }
}
