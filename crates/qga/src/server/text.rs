//! The text of one request while it comes in. The inside of a large string is kept apart from the
//! text between whose quotes it belongs: so reading the text neither looks through it nor moves it.

use std::mem::MaybeUninit;

use serde_json::Value;

use super::json::{self, Problem};

/// A string whose inside is longer is kept apart. One in a request is: the first.
const LARGE: usize = 256 << 10;
/// Memory beyond this is given back after a request.
pub(super) const KEPT_CAPACITY: usize = 8 << 10;

#[derive(Debug, PartialEq)]
pub(super) struct Text {
    bytes: Vec<u8>,
    /// Where the string begins that is being read, behind its quote.
    string: Option<usize>,
    lifted: Option<Lifted>,
}

/// The inside of a large string.
#[derive(Debug, PartialEq)]
pub(super) struct Lifted {
    /// Where in the text its closing quote is, and it would begin.
    pub(super) at: usize,
    pub(super) inside: Vec<u8>,
    pub(super) has_escapes: bool,
}

impl Text {
    pub(super) const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            string: None,
            lifted: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        let lifted = self.lifted.as_ref();
        self.bytes.len() + lifted.map_or(0, |lifted| lifted.inside.len())
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.extend(&[byte]);
    }

    pub(super) fn extend(&mut self, run: &[u8]) {
        if let Some(lifted) = self.lifted.as_mut().filter(|it| Some(it.at) == self.string) {
            lifted.inside.extend_from_slice(run);
            // Runs of more than one byte have none.
            lifted.has_escapes |= run == [b'\\'];
            return;
        }
        self.bytes.extend_from_slice(run);
        if let (Some(at), None) = (self.string, &self.lifted)
            && self.bytes.len() > at + LARGE
        {
            self.lift(at);
        }
    }

    fn lift(&mut self, at: usize) {
        let inside = self.bytes.split_off(at);
        self.bytes.shrink_to(KEPT_CAPACITY);
        let has_escapes = inside.contains(&b'\\');
        self.lifted = Some(Lifted {
            at,
            inside,
            has_escapes,
        });
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        let lifted = self.lifted.as_ref();
        self.bytes.capacity() + lifted.map_or(0, |lifted| lifted.inside.capacity())
    }

    /// What comes next is the opening quote of a string.
    pub(super) fn begin_string(&mut self) {
        self.string = Some(self.bytes.len() + 1);
    }

    /// What comes next is the closing quote.
    pub(super) fn end_string(&mut self) {
        self.string = None;
    }

    /// Memory that has just been set aside for the rest of a large string; a text of more than
    /// `limit` bytes is refused.
    pub(super) fn large_room(&mut self, limit: usize) -> Option<&mut [MaybeUninit<u8>]> {
        let left = limit.saturating_sub(self.len());
        let inside = &mut self.lifted.as_mut()?.inside;
        if inside.capacity() - inside.len() >= left {
            return None;
        }
        inside.try_reserve_exact(left).ok()?;
        Some(inside.spare_capacity_mut())
    }

    /// What the text says; of the text nothing is left to rely on.
    pub(super) fn read(&mut self, nesting: usize) -> Result<Value, Problem> {
        json::parse(&self.bytes, self.lifted.take(), nesting)
    }

    pub(super) fn clear(&mut self) {
        (self.string, self.lifted) = (None, None);
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_CAPACITY);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `{"a":"...","b":"..."}`, each string in runs of `step` bytes, a backslash alone.
    fn text(insides: [&str; 2], step: usize) -> Text {
        let mut text = Text::new();
        for (before, inside) in [r#"{"a":"#, r#","b":"#].iter().zip(insides) {
            text.extend(before.as_bytes());
            text.begin_string();
            text.push(b'"');
            for run in inside
                .split_inclusive('\\')
                .flat_map(|part| part.as_bytes().chunks(step))
            {
                let (run, last) = match run.split_last() {
                    Some((b'\\', before)) => (before, Some(b'\\')),
                    _ => (run, None),
                };
                text.extend(run);
                last.into_iter().for_each(|byte| text.push(byte));
            }
            text.end_string();
            text.push(b'"');
        }
        text.push(b'}');
        text
    }

    #[test]
    fn strings_of_all_sizes_come_out_as_they_went_in() {
        let sizes = [0, 1, LARGE - 1, LARGE, LARGE + 1, 3 * LARGE];
        for (step, escape) in [(1000, ""), (100_000, r"\n"), (LARGE, r"\u00e9"), (7, r"\/")] {
            for first in sizes {
                for second in [0, LARGE + 5] {
                    let inside = |size: usize| {
                        let half = "é".repeat(size / 4);
                        format!("{half}{escape}{half}")
                    };
                    let insides = [inside(first), inside(second)];
                    let mut text = text([&insides[0], &insides[1]], step);
                    let plain = format!("{{\"a\":\"{}\",\"b\":\"{}\"}}", insides[0], insides[1]);
                    assert_eq!(text.len(), plain.len());
                    let expected: Value = serde_json::from_str(&plain).unwrap();
                    assert!(
                        text.read(8) == Ok(expected),
                        "{first} {second} {step} {escape}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_large_string_is_neither_copied_nor_kept() {
        let inside = "x".repeat(2 * LARGE);
        let mut text = text([&inside, ""], LARGE + 1);
        let place = text.lifted.as_ref().map(|lifted| lifted.inside.as_ptr());
        let value = text.read(8).unwrap();
        assert_eq!(value["a"].as_str().map(str::as_ptr), place);
        text.clear();
        assert_eq!(text.len(), 0);
        assert!(text.bytes.capacity() <= KEPT_CAPACITY);
        text.extend(b"[1]");
        assert_eq!(text.read(8), Ok(json!([1])));
    }

    #[test]
    fn room_is_set_aside_once_and_only_for_a_large_string() {
        let mut text = Text::new();
        text.extend(br#"{"a":"#);
        text.begin_string();
        text.push(b'"');
        text.extend(&[b'x'; LARGE]);
        assert!(text.large_room(1 << 20).is_none());
        text.push(b'x');
        let room = text.large_room(1 << 20).map(|room| room.len());
        assert!(room >= Some((1 << 20) - LARGE - 7), "{room:?}");
        assert!(text.large_room(1 << 20).is_none());
    }
}
