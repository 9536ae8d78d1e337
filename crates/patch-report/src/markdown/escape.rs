//! Text that Markdown takes for text.
//!
//! CommonMark 0.31: any punctuation of ASCII may follow a backslash (2.4), nothing in a code span
//! is markup (6.1). GitHub's tables: a pipe ends a cell everywhere, unless it follows a backslash.

use crate::words::{Piece, clean, clean_line, pieces};

/// Words in one line; backticks that pair set code off.
pub(super) fn words(text: &str) -> String {
    let text = clean(text);
    let pieces = pieces(text.trim());
    let pieces = pieces.into_iter().map(|piece| match piece {
        Piece::Words(text) => plain(text),
        Piece::Code(text) => span(text),
    });
    pieces.collect()
}

/// A name, as a code span where that is possible.
pub(super) fn code(text: &str) -> String {
    let text = clean(text);
    let text = text.trim();
    if text.is_empty() || text.contains('`') {
        return plain(text);
    }
    span(text)
}

/// Lines as they are, in a block that they cannot end.
pub(super) fn fenced(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(clean_line).collect();
    let longest = lines.iter().map(|line| run(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", lines.join("\n"))
}

/// The longest run of backticks.
fn run(line: &str) -> usize {
    let runs = line.split(|c| c != '`');
    runs.map(str::len).max().unwrap_or(0)
}

fn span(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        let is_inside = before.is_alphanumeric() && after.is_alphanumeric();
        let is_markup = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '&' => true,
            '_' => !is_inside,
            '#' => before == ' ',
            _ => false,
        };
        escaped.extend(is_markup.then_some('\\'));
        escaped.push(c);
        before = c;
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_words_is_markup_but_paired_backticks() {
        for (text, expected) in [
            ("a | b", r"a \| b"),
            ("<script>", r"\<script\>"),
            (
                "**bold** _it_ snake_case",
                r"\*\*bold\*\* \_it\_ snake_case",
            ),
            ("run `apt-get -f install`", "run `apt-get -f install`"),
            ("`a|b`", r"`a\|b`"),
            ("a ` b", r"a \` b"),
            ("1.0~rc1 &amp; [x](y)", r"1.0\~rc1 \&amp; \[x\](y)"),
            ("line\nline\u{7}", "line line\u{fffd}"),
            ("# no heading", r"\# no heading"),
        ] {
            assert_eq!(words(text), expected);
        }
    }

    #[test]
    fn names_are_code_where_they_can_be() {
        for (text, expected) in [
            ("libc6:i386", "`libc6:i386`"),
            ("a`b", r"a\`b"),
            ("a|b", r"`a\|b`"),
            ("", ""),
        ] {
            assert_eq!(code(text), expected);
        }
    }

    #[test]
    fn no_line_ends_the_block_around_it() {
        assert_eq!(fenced("a\n```\nb"), "````text\na\n```\nb\n````\n");
        assert_eq!(fenced(""), "```text\n\n```\n");
    }
}
