//! Key files, as GLib's `GKeyFile` reads them: groups of keys with values.
//!
//! ```text
//! # a comment
//! [group]
//! key = value
//! ```
//!
//! White space before a line, around `=` and before a comment means nothing; white space at a
//! value's end belongs to it. A group may come again, and of a key that comes again the last
//! value counts. Line ends are `\n` or `\r\n`.

use thiserror::Error;

/// What a file says, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyFile {
    pub(crate) entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The line, from 1.
    pub(crate) line: usize,
    pub(crate) group: String,
    pub(crate) key: String,
    /// The value, escapes unread.
    value: Vec<u8>,
}

/// A fault of a key file or of one of its values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {reason}")]
pub(crate) struct KeyFileError {
    pub(crate) line: usize,
    pub(crate) reason: KeyFileErrorReason,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum KeyFileErrorReason {
    #[error("'{0}' is no key with a value, no group and no comment")]
    NotALine(String),
    #[error("a key before the first group")]
    NoGroup,
    #[error("invalid group name '{0}'")]
    GroupName(String),
    #[error("invalid key name '{0}'")]
    KeyName(String),
    #[error("the value of '{0}' is not valid UTF-8")]
    NotUtf8(String),
    #[error("the value of '{0}' cannot be interpreted: a backslash stands before s, n, t, r or \\")]
    Escape(String),
    #[error("the value of '{0}' cannot be interpreted: it is true or false")]
    Boolean(String),
}

impl KeyFile {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, KeyFileError> {
        let mut group = None;
        let mut entries = Vec::new();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            let fault = |reason| KeyFileError {
                line: number,
                reason,
            };
            match Line::read(line).map_err(fault)? {
                Line::Nothing => {}
                Line::Group(name) => group = Some(name),
                Line::Pair { key, value } => {
                    let group = group
                        .clone()
                        .ok_or_else(|| fault(KeyFileErrorReason::NoGroup))?;
                    entries.push(Entry {
                        line: number,
                        group,
                        key,
                        value,
                    });
                }
            }
        }
        Ok(Self { entries })
    }

    /// The value that counts.
    pub(crate) fn entry(&self, group: &str, key: &str) -> Option<&Entry> {
        let is_it = |entry: &&Entry| entry.group == group && entry.key == key;
        self.entries.iter().rev().find(is_it)
    }
}

enum Line {
    Nothing,
    Group(String),
    Pair { key: String, value: Vec<u8> },
}

impl Line {
    fn read(written: &[u8]) -> Result<Self, KeyFileErrorReason> {
        let written = written.strip_suffix(b"\r").unwrap_or(written);
        let line = written.trim_ascii_start();
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(Self::Nothing);
        }
        if let Some(name) = group_name(line) {
            return match is_group_name(name) {
                true => Ok(Self::Group(text(name))),
                false => Err(KeyFileErrorReason::GroupName(text(name))),
            };
        }
        let Some(equals) = line
            .iter()
            .position(|byte| *byte == b'=')
            .filter(|at| *at > 0)
        else {
            return Err(KeyFileErrorReason::NotALine(text(written)));
        };
        let key = line[..equals].trim_ascii_end();
        if !is_key_name(key) {
            return Err(KeyFileErrorReason::KeyName(text(key)));
        }
        Ok(Self::Pair {
            key: text(key),
            value: line[equals + 1..].trim_ascii_start().to_vec(),
        })
    }
}

/// What stands between the brackets, when the line holds nothing else.
fn group_name(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_prefix(b"[")?;
    let end = line.iter().position(|byte| *byte == b']')?;
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    line[end + 1..].iter().all(is_blank).then_some(&line[..end])
}

fn is_group_name(name: &[u8]) -> bool {
    let is_bad = |byte: &u8| matches!(byte, b'[' | b']') || byte.is_ascii_control();
    !name.is_empty() && !name.iter().any(is_bad)
}

/// A name without brackets, but for a language behind it (`name[de]`).
fn is_key_name(key: &[u8]) -> bool {
    let end = key.iter().position(|byte| matches!(byte, b'[' | b']'));
    let (name, rest) = key.split_at(end.unwrap_or(key.len()));
    !name.is_empty() && !name.ends_with(b" ") && (rest.is_empty() || is_language(rest))
}

fn is_language(brackets: &[u8]) -> bool {
    let is_part =
        |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"-_.@".contains(byte);
    let inside = brackets.strip_prefix(b"[");
    let inside = inside.and_then(|rest| rest.strip_suffix(b"]"));
    inside.is_some_and(|inside| inside.iter().all(is_part))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Entry {
    /// The value as text.
    pub(crate) fn text(&self) -> Result<String, KeyFileError> {
        let value = str::from_utf8(&self.value);
        let value = value.map_err(|_| self.fault(KeyFileErrorReason::NotUtf8))?;
        unescaped(value).ok_or_else(|| self.fault(KeyFileErrorReason::Escape))
    }

    /// The value as a boolean.
    pub(crate) fn boolean(&self) -> Result<bool, KeyFileError> {
        match self.value.trim_ascii_end() {
            b"true" | b"1" => Ok(true),
            b"false" | b"0" => Ok(false),
            _ => Err(self.fault(KeyFileErrorReason::Boolean)),
        }
    }

    fn fault(&self, reason: fn(String) -> KeyFileErrorReason) -> KeyFileError {
        KeyFileError {
            line: self.line,
            reason: reason(self.key.clone()),
        }
    }
}

fn unescaped(value: &str) -> Option<String> {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next()? {
                's' => ' ',
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            // No path and no name holds it.
            '\0' => return None,
            other => other,
        });
    }
    Some(text)
}

/// A value as a key file writes it.
pub(super) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut leads = true;
    for character in value.chars() {
        match character {
            ' ' if leads => text.push_str("\\s"),
            '\t' if leads => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\\' => text.push_str("\\\\"),
            other => text.push(other),
        }
        leads = leads && matches!(character, ' ' | '\t' | '\n' | '\r');
    }
    text
}
