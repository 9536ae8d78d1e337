//! Mistakes in the file, told with their place.

use std::fmt;
use std::ops::Range;
use std::path::Path;

/// So many are told; an operator mends a few at a time.
const LIMIT: usize = 20;
/// The part of a long line that is shown.
const EXCERPT: usize = 100;
/// What is shown before the mistake when a line is cut.
const EXCERPT_BEFORE: usize = 40;
/// What stands for a character that is not shown.
const HIDDEN: char = '*';

/// One thing that is wrong in the file, with its place there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    line: usize,
    column: usize,
    message: String,
    hint: Option<String>,
    note: Option<String>,
    excerpt: String,
    /// Characters before the caret, and under it.
    offset: usize,
    width: usize,
}

/// One thing that is wrong with the bytes `span` of the file.
#[derive(Debug)]
pub struct Fault {
    span: Range<usize>,
    message: String,
    hint: Option<String>,
    note: Option<String>,
}

impl Fault {
    /// `message` about the bytes `span` of the file.
    #[must_use]
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            hint: None,
            note: None,
        }
    }

    /// With `hint` right at the place (``did you mean `start`?``).
    #[must_use]
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// With a `note` below it.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// About the value of `key`.
    #[must_use]
    pub fn about(mut self, key: &str) -> Self {
        self.message = format!("`{key}` {}", self.message);
        self
    }

    /// With its place in `text`, and the part of its line that is shown, without what is hidden.
    fn placed(self, text: &str, hidden: &[Range<usize>]) -> Mistake {
        let start = boundary(text, self.span.start);
        let end = boundary(text, self.span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..]
            .find('\n')
            .map_or(text.len(), |length| start + length);
        let before = text[line_start..start].chars().count();
        let under = text[start..end.min(line_end)].chars().count();
        let skipped = if before > EXCERPT_BEFORE * 2 {
            before - EXCERPT_BEFORE
        } else {
            0
        };
        let line = text[line_start..line_end].trim_end();
        let is_hidden = |at| {
            hidden
                .iter()
                .any(|place| place.contains(&(line_start + at)))
        };
        let offset = before - skipped;
        Mistake {
            line: text[..start].matches('\n').count() + 1,
            column: before + 1,
            message: self.message.chars().map(printable).collect(),
            hint: self.hint,
            note: self.note,
            excerpt: line
                .char_indices()
                .skip(skipped)
                .take(EXCERPT)
                .map(|(at, c)| if is_hidden(at) { HIDDEN } else { printable(c) })
                .collect(),
            offset,
            width: under.clamp(1, EXCERPT - offset),
        }
    }
}

/// The nearest place at or before `at` where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// Nothing in a file can steer the terminal that shows its mistakes.
fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

impl Mistake {
    /// The line, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Mistake {
    /// Beginning with `LINE:COLUMN: `, to be written after the file's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, offset, width) = (self.line.to_string(), self.offset, self.width);
        let margin = number.len();
        writeln!(f, "{number}:{}: {}", self.column, self.message)?;
        writeln!(f, "{:margin$} |", "")?;
        writeln!(f, "{number} | {}", self.excerpt)?;
        write!(f, "{:margin$} | {:offset$}{:^<width$}", "", "", "")?;
        if let Some(hint) = &self.hint {
            write!(f, " {hint}")?;
        }
        if let Some(note) = &self.note {
            write!(f, "\n{:margin$} = {note}", "")?;
        }
        Ok(())
    }
}

/// All that was found wrong so far.
#[derive(Debug, Default)]
pub struct Mistakes {
    kept: Vec<Fault>,
    more: usize,
    hidden: Vec<Range<usize>>,
}

impl Mistakes {
    /// Keeps `fault`, unless there are enough.
    pub fn push(&mut self, fault: Fault) {
        self.push_with(|| fault);
    }

    /// Makes the fault only if it will be told.
    pub fn push_with(&mut self, fault: impl FnOnce() -> Fault) {
        if self.kept.len() < LIMIT {
            self.kept.push(fault());
        } else {
            self.more += 1;
        }
    }

    /// The value of `result`, or nothing and its fault kept.
    pub fn collect<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.push(fault)).ok()
    }

    /// Shows nothing of these parts of the file.
    pub fn hide(&mut self, places: Vec<Range<usize>>) {
        self.hidden = places;
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// In the order of the file `text`, with lines and columns; and how many more there are.
    #[must_use]
    pub fn located(mut self, text: &str) -> (Vec<Mistake>, usize) {
        self.kept.sort_by_key(|fault| fault.span.start);
        (
            self.kept
                .into_iter()
                .map(|fault| fault.placed(text, &self.hidden))
                .collect(),
            self.more,
        )
    }
}

/// `mistakes` and how many `more` there are, with empty lines between them; each behind the name of
/// the `file`, where one is given.
#[must_use]
pub fn told(file: Option<&Path>, mistakes: &[Mistake], more: usize) -> String {
    let place = file
        .map(|file| format!("{}:", file.display()))
        .unwrap_or_default();
    let mut told: Vec<String> = mistakes
        .iter()
        .map(|mistake| format!("{place}{mistake}"))
        .collect();
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, span: Range<usize>) -> String {
        let mut mistakes = Mistakes::default();
        mistakes.push(Fault::new(span, "wrong"));
        mistakes.located(text).0[0].to_string()
    }

    #[test]
    fn the_caret_stands_under_the_mistake() {
        assert_eq!(
            told("a = 1\nbcd = é\n", 6..9),
            "2:1: wrong\n  |\n2 | bcd = é\n  | ^^^"
        );
        assert_eq!(
            told("ä = x\n", 5..6),
            "1:5: wrong\n  |\n1 | ä = x\n  |     ^"
        );
        assert_eq!(told("\ta = 1", 1..2), "1:2: wrong\n  |\n1 |  a = 1\n  |  ^");
    }

    #[test]
    fn a_mistake_at_the_end_or_over_lines_keeps_to_its_line() {
        assert_eq!(told("a =", 3..3), "1:4: wrong\n  |\n1 | a =\n  |    ^");
        assert_eq!(
            told("a = [\n1,\n]", 4..10),
            "1:5: wrong\n  |\n1 | a = [\n  |     ^"
        );
        assert_eq!(told("", 0..0), "1:1: wrong\n  |\n1 | \n  | ^");
    }

    #[test]
    fn of_a_long_line_only_the_part_around_the_mistake_is_shown() {
        let text = format!("{}WRONG{}", "x".repeat(5000), "y".repeat(5000));
        let told = told(&text, 5000..5005);
        assert!(told.starts_with("1:5001: wrong"), "{told}");
        assert!(told.len() < 300 && told.contains("xxWRONGyy"), "{told}");
    }
}
