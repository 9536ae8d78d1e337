//! Text as Windows takes it: UTF-16 with a zero at its end.
#![allow(unsafe_code, reason = "some calls answer with the address of a text")]

use std::ffi::{OsStr, OsString};
use std::os::windows::ffi::{OsStrExt, OsStringExt};

/// `text` with a zero behind it. What comes after a zero in `text` is lost to most calls.
pub(super) fn wide(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// The text up to the first zero, or all of it.
pub(super) fn narrow(wide: &[u16]) -> OsString {
    let end = wide.iter().position(|unit| *unit == 0);
    OsString::from_wide(&wide[..end.unwrap_or(wide.len())])
}

/// The texts of a list in which each ends with a zero, and an empty one ends all.
pub(super) fn list(wide: &[u16]) -> impl Iterator<Item = OsString> {
    wide.split(|unit| *unit == 0)
        .take_while(|text| !text.is_empty())
        .map(OsString::from_wide)
}

/// The text at an address, up to its zero; empty for none.
///
/// # Safety
/// The address is null, or that of a text with a zero at its end.
pub(super) unsafe fn text_at(address: *const u16) -> OsString {
    let mut units = Vec::new();
    while !address.is_null() {
        // SAFETY: not beyond the zero, which would have ended the loop.
        match unsafe { address.add(units.len()).read_unaligned() } {
            0 => break,
            unit => units.push(unit),
        }
    }
    OsString::from_wide(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_as_it_was() {
        for text in ["", "a", "ä€𝄞"] {
            let there = wide(text);
            assert_eq!(there.last(), Some(&0));
            assert_eq!(narrow(&there), text);
        }
        assert_eq!(narrow(&[97, 98]), "ab");
    }

    #[test]
    fn a_list_ends_with_an_empty_text() {
        let texts = |wide: &[u16]| list(wide).collect::<Vec<_>>();
        assert_eq!(texts(&[97, 0, 98, 99, 0, 0, 100, 0]), ["a", "bc"]);
        assert_eq!(texts(&[97]), ["a"]);
        assert!(texts(&[0, 97, 0]).is_empty());
        assert!(texts(&[]).is_empty());
    }

    #[test]
    fn a_text_is_read_at_its_address() {
        let there = wide("ab");
        // SAFETY: the text ends with a zero.
        assert_eq!(unsafe { text_at(there.as_ptr()) }, "ab");
        // SAFETY: null is no text.
        assert_eq!(unsafe { text_at(std::ptr::null()) }, "");
    }
}
