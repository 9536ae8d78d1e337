//! Versions of Debian packages and their order (Debian policy 5.6.12).

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A package's version: `[EPOCH:]UPSTREAM[-REVISION]`. Equal versions may be spelled differently
/// (`1.0`, `0:1.0`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(String);

impl Version {
    /// The version that is spelled `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it was spelled.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parts(&self) -> (u64, &str, &str) {
        let (epoch, rest) = match self.0.split_once(':') {
            Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
            None => (0, self.0.as_str()),
        };
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        (epoch, upstream, revision)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.parts(), other.parts());
        a.0.cmp(&b.0)
            .then_with(|| compare(a.1, b.1))
            .then_with(|| compare(a.2, b.2))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

/// Compares texts and numbers in turn; `~` sorts before the end, letters before everything else.
fn compare(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (text_a, text_b) = (take(&mut a, false), take(&mut b, false));
        let ranks = |text: &'_ str| text.bytes().map(rank).collect::<Vec<_>>();
        let (mut left, mut right) = (ranks(text_a), ranks(text_b));
        let longest = left.len().max(right.len());
        left.resize(longest, 0);
        right.resize(longest, 0);
        let (number_a, number_b) = (take(&mut a, true), take(&mut b, true));
        let order = left.cmp(&right).then_with(|| number(number_a, number_b));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// Takes the digits, or what is before them, off the front.
fn take<'a>(text: &mut &'a str, digits: bool) -> &'a str {
    let end = text
        .find(|c: char| c.is_ascii_digit() != digits)
        .unwrap_or(text.len());
    let (head, tail) = text.split_at(end);
    *text = tail;
    head
}

fn rank(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        _ if byte.is_ascii_alphabetic() => i32::from(byte),
        _ => i32::from(byte) + 256,
    }
}

fn number(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        use Ordering::{Equal, Greater, Less};
        for (a, b, order) in [
            ("1.0", "1.0", Equal),
            ("0:1.0", "1.0", Equal),
            ("1:0.1", "9", Greater),
            ("1.0~rc1", "1.0", Less),
            ("1.0~rc1-1", "1.0~rc1", Greater),
            ("1.0-1", "1.0-1+b1", Less),
            ("1.0-1", "1.0-1~bpo12+1", Greater),
            ("1.09", "1.9", Equal),
            ("1.10", "1.9", Greater),
            ("1.0a", "1.0+", Less),
            ("6.1.0-18-amd64", "6.1.0-9-amd64", Greater),
            ("3.0.22-1~deb12u2", "3.0.19-1~deb12u2", Greater),
            ("99999999999999999999999", "100000000000000000000000", Less),
            ("", "0", Equal),
            ("é", "a", Greater),
        ] {
            assert_eq!(Version::new(a).cmp(&Version::new(b)), order, "{a} {b}");
            let back = order.reverse();
            assert_eq!(Version::new(b).cmp(&Version::new(a)), back, "{b} {a}");
        }
    }
}
