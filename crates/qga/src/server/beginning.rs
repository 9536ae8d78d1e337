//! Where a request begins, seen from the bytes alone.
//!
//! ```text
//! {  white space  "execute"       also "arguments", and either in single quotes
//! ```
//!
//! These bytes begin a request wherever they stand, because nothing else that is asked for has
//! them: in a string the quote after `{` would end it, and no letter follows the end of a string.
//! As an object within another, no command has an argument of either name. Two places are left: a
//! request's `id` may be such an object, and is not told apart; and a string in the other kind of
//! quotes may hold these bytes, so there a quote that is content has to be hidden
//! ([`Beginning::interrupt`]).

use super::json::is_space;

/// How far the last bytes are into the beginning of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Beginning {
    #[default]
    Nowhere,
    /// After `{` and white space, if any.
    Brace,
    /// After the quote that follows.
    Quote(u8),
    /// After that many letters of a name.
    Name {
        quote: u8,
        name: &'static [u8],
        letters: usize,
    },
}

const NAMES: [&[u8]; 2] = [b"execute", b"arguments"];

impl Beginning {
    /// Takes the next byte. A name: a beginning with this name is complete, and `byte` is the
    /// quote that ends it.
    pub(super) fn take(&mut self, byte: u8) -> Option<&'static [u8]> {
        *self = match *self {
            _ if byte == b'{' => Self::Brace,
            Self::Nowhere => return None,
            Self::Brace if is_space(byte) => return None,
            Self::Brace if is_quote(byte) => Self::Quote(byte),
            Self::Quote(quote) => match NAMES.into_iter().find(|name| name[0] == byte) {
                Some(name) => Self::Name {
                    quote,
                    name,
                    letters: 1,
                },
                None => Self::Nowhere,
            },
            Self::Name {
                quote,
                name,
                letters,
            } if letters == name.len() => {
                *self = Self::Nowhere;
                return (byte == quote).then_some(name);
            }
            Self::Name {
                quote,
                name,
                letters,
            } if name[letters] == byte => Self::Name {
                quote,
                name,
                letters: letters + 1,
            },
            _ => Self::Nowhere,
        };
        None
    }

    /// Takes bytes that cannot complete a beginning: quotes that end one are not among them.
    pub(super) fn take_run(&mut self, mut run: &[u8]) {
        while let Self::Quote(_) | Self::Name { .. } = self
            && let Some((&byte, rest)) = run.split_first()
        {
            self.take(byte);
            run = rest;
        }
        match run.iter().rfind(|&&byte| !is_space(byte)) {
            Some(b'{') => *self = Self::Brace,
            Some(_) => *self = Self::Nowhere,
            None => {}
        }
    }

    /// What comes next continues nothing.
    pub(super) const fn interrupt(&mut self) {
        *self = Self::Nowhere;
    }

    /// Whether all since a `{` was white space.
    pub(super) const fn is_after_brace(self) -> bool {
        matches!(self, Self::Brace)
    }
}

/// What may stand around a string.
pub(super) const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where beginnings are complete.
    fn ends(text: &str) -> Vec<usize> {
        let mut beginning = Beginning::default();
        let mut end = |byte| beginning.take(byte).is_some();
        let bytes = text.bytes().enumerate();
        bytes
            .filter_map(|(place, byte)| end(byte).then_some(place + 1))
            .collect()
    }

    #[test]
    fn a_beginning_is_found_where_it_is_complete() {
        for (text, expected) in [
            (r#"{"execute""#, &[10][..]),
            (r#"{"arguments""#, &[12]),
            ("{'execute'", &[10]),
            ("{ \t\r\n 'arguments'", &[17]),
            (r#"{{"execute"{ "execute"}"#, &[11, 22]),
            (r#"{"exec{"execute""#, &[16]),
            (r#"{"execute{"execute""#, &[19]),
            (r#"{"execute'"#, &[]),
            (r#"{'execute""#, &[]),
            (r#"{"executes""#, &[]),
            (r#"{"execut""#, &[]),
            (r#"{"id""#, &[]),
            (r#"{""execute""#, &[]),
            (r#"{ " execute""#, &[]),
            (r#"{\"execute\""#, &[]),
            (r#"{"execute\""#, &[]),
            (r#"["execute""#, &[]),
            (r#"["{", "execute"]"#, &[]),
        ] {
            assert_eq!(ends(text), expected, "{text}");
        }
    }

    #[test]
    fn a_run_counts_as_its_bytes_do() {
        for before in ["", "{", "{\"", "{\"exec", "{\"execute", "{'argument", "x"] {
            for run in [
                "",
                " ",
                "  ",
                "x",
                "{",
                "{ ",
                "x{",
                "{x",
                "e",
                "ute",
                "xecute",
                "ute{",
                "ute ",
                "s{  ",
                "arguments",
                "'",
            ] {
                let mut bytewise = Beginning::default();
                for byte in before.bytes() {
                    bytewise.take(byte);
                }
                let mut at_once = bytewise;
                let found = run.bytes().any(|byte| bytewise.take(byte).is_some());
                at_once.take_run(run.as_bytes());
                // A run has no quote that opens or closes a string.
                let is_run = !(before == "{" && run == "'");
                if is_run && !found {
                    assert_eq!(at_once, bytewise, "{before:?} {run:?}");
                }
            }
        }
    }
}
