//! Words for people, of text that may come from anywhere.

use std::fmt::Display;
use std::time::Duration;

use plan::LeftOutReason;

/// Longer text is cut in forms for people, in characters.
const TEXT_LIMIT: usize = 10_000;

/// A part of a text in which backticks set commands and names off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Words.
    Words(&'a str),
    /// A command or a name.
    Code(&'a str),
}

/// `text` in one line that no terminal, forge or browser takes for more than text: without control
/// characters and those that turn the direction of writing, and not endless.
pub(crate) fn clean(text: &str) -> String {
    let mut clean = clean_line(text);
    if let Some((end, _)) = clean.char_indices().nth(TEXT_LIMIT) {
        clean.truncate(end);
        clean.push('…');
    }
    clean
}

/// The same, of any length.
pub(crate) fn clean_line(text: &str) -> String {
    let clean = text.chars().map(|c| match c {
        c if c.is_whitespace() => ' ',
        c if c.is_control() => '\u{fffd}',
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => '\u{fffd}',
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c => c,
    });
    clean.collect()
}

/// The pieces of a clean text. Where backticks do not pair, they are words.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let parts: Vec<&str> = text.split('`').collect();
    let codes = || parts.iter().skip(1).step_by(2);
    let is_unpaired = parts.len().is_multiple_of(2);
    if is_unpaired || codes().any(|code| code.trim().is_empty()) || text.contains("``") {
        return vec![Piece::Words(text)];
    }
    let pieces = parts.iter().enumerate().map(|(place, part)| {
        if place.is_multiple_of(2) {
            Piece::Words(part)
        } else {
            Piece::Code(part)
        }
    });
    pieces.filter(|piece| *piece != Piece::Words("")).collect()
}

/// `1 member`, `3 members`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `a, b and 3 others`.
pub(crate) fn some<T: Display>(items: impl IntoIterator<Item = T>, limit: usize) -> String {
    let mut text = String::new();
    let mut others = 0;
    for (place, item) in items.into_iter().enumerate() {
        if place >= limit {
            others += 1;
            continue;
        }
        if place > 0 {
            text.push_str(", ");
        }
        text.push_str(&item.to_string());
    }
    if others > 0 {
        text.push_str(&format!(" and {}", count(others, "other", "others")));
    }
    text
}

/// `2 h 14 min`: the two largest units.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let units = [
        (days, "d"),
        (hours, "h"),
        (minutes, "min"),
        (seconds % 60, "s"),
    ];
    let Some(first) = units.iter().position(|(number, _)| *number > 0) else {
        return "0 s".to_owned();
    };
    let told = units.iter().skip(first).take(2);
    let told: Vec<String> = told
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    told.join(" ")
}

/// What a person does about somebody who was left out; nothing, where that was wanted.
pub(crate) const fn include(reason: &LeftOutReason) -> Option<&'static str> {
    Some(match reason {
        LeftOutReason::Held { .. } => return None,
        LeftOutReason::Unready { .. } | LeftOutReason::Unknown { .. } => {
            "see with `hospes ready` what it lacks, then plan again"
        }
        LeftOutReason::NoWindow => "widen the window or the deadline, then plan again",
        LeftOutReason::NoRoom { .. } => "bring back who is unavailable, then plan again",
        LeftOutReason::Behind { .. } => "mend or hold whom it waits for, then plan again",
        LeftOutReason::InNoGroup => "give it a group in the plan file, or hold it",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_anywhere_becomes_one_harmless_line() {
        for (text, expected) in [
            ("a\nb\tc", "a b c"),
            ("\u{1b}[31mred", "\u{fffd}[31mred"),
            ("a\u{202e}b\u{feff}\u{0}", "a\u{fffd}b\u{fffd}\u{fffd}"),
            ("größer", "größer"),
        ] {
            assert_eq!(clean(text), expected);
        }
        assert_eq!(clean(&"x".repeat(20_000)).chars().count(), TEXT_LIMIT + 1);
    }

    #[test]
    fn backticks_that_pair_set_code_off() {
        use Piece::{Code, Words};
        for (text, expected) in [
            (
                "run `a b`, then",
                vec![Words("run "), Code("a b"), Words(", then")],
            ),
            ("`a`", vec![Code("a")]),
            ("one ` only", vec![Words("one ` only")]),
            ("``a``", vec![Words("``a``")]),
            ("a ` ` b", vec![Words("a ` ` b")]),
            ("", vec![]),
        ] {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }

    #[test]
    fn spans_are_told_in_their_two_largest_units() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (8_041, "2 h 14 min"),
            (86_400, "1 d"),
            (90_061, "1 d 1 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(some(["a", "b"], 2), "a, b");
        assert_eq!(some(["a", "b", "c"], 2), "a, b and 1 other");
        assert_eq!(some(["a", "b", "c", "d"], 2), "a, b and 2 others");
    }
}
