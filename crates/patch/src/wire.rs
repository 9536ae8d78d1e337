//! Answers to the scripts of this crate.

use guest_script::{Form, FramingError};
use thiserror::Error;

pub(crate) use guest_script::Frame;

/// The most that any script of this crate prints, in bytes; the limit to read its output with.
pub const OUTPUT_LIMIT: usize = 2 * 1024 * 1024;

/// The form of scripts and answers.
pub(crate) const FORM: Form = Form {
    name: "hospes-patch",
    value_limit: 393_216,
    output_limit: OUTPUT_LIMIT,
};

/// Why an answer cannot be taken. The guest may be asked again with the same script.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// It is not what a script prints, whole.
    #[error(transparent)]
    Framing(#[from] FramingError),
    /// Something that every answer of its kind holds is not in it.
    #[error("the script's output holds no `{0}`: try again")]
    Lacks(&'static str),
}

/// Splits an answer into its frames.
pub(crate) fn frames(stdout: &[u8]) -> Result<Vec<Frame<'_>>, AnswerError> {
    Ok(FORM.frames(stdout)?)
}

/// The first `limit` characters of a text from a guest, on one line, for people.
pub(crate) fn clip(text: &str, limit: usize) -> String {
    let words = text.split_whitespace();
    let mut clipped = String::new();
    let mut room = limit;
    for word in words {
        let gap = usize::from(!clipped.is_empty());
        if room <= gap {
            return clipped;
        }
        if gap == 1 {
            clipped.push(' ');
        }
        let taken: String = word.chars().take(room - gap).collect();
        room -= gap + taken.chars().count();
        clipped.extend(taken.chars().filter(|c| !c.is_control()));
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_clipped_to_one_line() {
        assert_eq!(clip("  a \n b\x1b[0m  ", 80), "a b[0m");
        assert_eq!(clip("abc def", 5), "abc d");
        assert_eq!(clip("abc def", 3), "abc");
    }
}
