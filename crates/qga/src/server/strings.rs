//! The strings of a JSON text: where they end, and what their escapes stand for.

use super::json::Problem;
use super::runs::run_length;

/// The text of a string between its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) length: usize,
    pub(super) has_escapes: bool,
}

/// How far the closing quote is from the start of a string's text, and what stands before it.
pub(super) fn raw(text: &[u8], quote: u8) -> Result<Raw, Problem> {
    let ends = |byte: u8| byte == quote || byte == b'\\' || byte < 0x20;
    let (mut at, mut has_escapes) = (0, false);
    loop {
        at += run_length(&text[at..], ends);
        match text.get(at) {
            None => return Err("unterminated string"),
            Some(&byte) if byte == quote => {
                let length = at;
                return Ok(Raw {
                    length,
                    has_escapes,
                });
            }
            Some(b'\\') if at + 1 < text.len() => {
                has_escapes = true;
                at += 2;
            }
            Some(b'\\') => return Err("unterminated string"),
            Some(_) => return Err("control character in string"),
        }
    }
}

/// The string whose inside has no escape.
pub(super) fn plain(inside: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(inside).map_err(|_| "invalid UTF-8 sequence in string")
}

/// The string whose inside this is, in its own memory: what an escape stands for is never longer
/// than the escape.
pub(super) fn unescape(mut bytes: Vec<u8>) -> Result<String, Problem> {
    let (mut read, mut written) = (0, 0);
    loop {
        let run = read..read + run_length(&bytes[read..], |byte| byte == b'\\');
        bytes.copy_within(run.clone(), written);
        written += run.len();
        if run.end == bytes.len() {
            break;
        }
        let (character, length) = escape(&bytes[run.end..])?;
        read = run.end + length;
        written += character.encode_utf8(&mut bytes[written..read]).len();
    }
    bytes.truncate(written);
    plain(bytes)
}

/// What an escape, backslash included, stands for, and its length.
fn escape(text: &[u8]) -> Result<(char, usize), Problem> {
    let character = match text.get(1) {
        Some(&byte @ (b'"' | b'\'' | b'\\' | b'/')) => char::from(byte),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{C}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(text),
        _ => return Err("invalid escape sequence in string"),
    };
    Ok((character, 2))
}

/// One UTF-16 unit, or two that are a pair.
fn unicode(text: &[u8]) -> Result<(char, usize), Problem> {
    let high = unit(text)?;
    if !(0xD800..0xDC00).contains(&high) {
        return Ok((char::from_u32(high).ok_or(NO_CHARACTER)?, 6));
    }
    let low = unit(&text[6..])?;
    if !(0xDC00..0xE000).contains(&low) {
        return Err(NO_CHARACTER);
    }
    let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    Ok((char::from_u32(code).ok_or(NO_CHARACTER)?, 12))
}

const NO_CHARACTER: Problem = "invalid \\u escape sequence in string";

/// The number in `\uXXXX` at the beginning of `text`.
fn unit(text: &[u8]) -> Result<u32, Problem> {
    let digits = text.strip_prefix(b"\\u").and_then(|rest| rest.get(..4));
    let digits = digits.ok_or(NO_CHARACTER)?.iter();
    digits.into_iter().try_fold(0, |unit, &digit| {
        let digit = char::from(digit).to_digit(16).ok_or(NO_CHARACTER)?;
        Ok(unit * 16 + digit)
    })
}
