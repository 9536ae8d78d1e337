//! The strings of a JSON text: where they end, and what their escapes stand for.

use super::json::Problem;
use super::runs::run_length;

/// How far the closing quote is from the start of a string's text.
pub(super) fn raw_length(text: &[u8], quote: u8) -> Result<usize, Problem> {
    let ends = |byte: u8| byte == quote || byte == b'\\' || byte < 0x20;
    let mut at = 0;
    loop {
        at += run_length(&text[at..], ends);
        match text.get(at) {
            None => return Err("unterminated string"),
            Some(&byte) if byte == quote => return Ok(at),
            Some(b'\\') if at + 1 < text.len() => at += 2,
            Some(b'\\') => return Err("unterminated string"),
            Some(_) => return Err("control character in string"),
        }
    }
}

/// The string whose text begins at `start` of `bytes` and goes on to their end, in their own
/// memory: what an escape stands for is never longer than the escape.
pub(super) fn unescape(mut bytes: Vec<u8>, start: usize) -> Result<String, Problem> {
    let (mut read, mut written) = (start, 0);
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
    String::from_utf8(bytes).map_err(|_| "invalid UTF-8 sequence in string")
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
