//! The environment of a program, as `CreateProcessW` takes it: `NAME=value` after `NAME=value`,
//! sorted, each with a zero behind it, and one more zero.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::os::windows::ffi::OsStrExt;

/// Our own environment, in which `others` come or take the place of those of their names.
///
/// # Errors
/// When a name or a value has a zero in it.
pub(in crate::windows) fn with_ours<'a>(
    others: impl Iterator<Item = (&'a str, &'a str)>,
) -> io::Result<Vec<u16>> {
    let others = others.map(|(name, value)| (name.into(), value.into()));
    block(env::vars_os().chain(others))
}

/// These variables; of one name, which upper and lower case do not tell apart, the last counts.
///
/// # Errors
/// When a name or a value has a zero in it.
pub(in crate::windows) fn block(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> io::Result<Vec<u16>> {
    let sorted: BTreeMap<_, _> = variables
        .map(|(name, value)| (upper(&name), (name, value)))
        .collect();
    let mut block = Vec::new();
    for (name, value) in sorted.values() {
        let start = block.len();
        block.extend(name.encode_wide());
        block.push(u16::from(b'='));
        block.extend(value.encode_wide());
        if block[start..].contains(&0) {
            let why = "a variable of the environment has a zero in it";
            return Err(io::Error::new(ErrorKind::InvalidInput, why));
        }
        block.push(0);
    }
    if block.is_empty() {
        // Also nothing is ended by two.
        block.push(0);
    }
    block.push(0);
    Ok(block)
}

/// What names are compared by: each unit for itself, as the system does.
fn upper(name: &OsStr) -> Vec<u16> {
    let unit_of = |unit: u16| {
        let mut upper = char::from_u32(unit.into())?.to_uppercase();
        let (first, None) = (upper.next()?, upper.next()) else {
            return None;
        };
        u16::try_from(u32::from(first)).ok()
    };
    let units = name.encode_wide();
    units.map(|unit| unit_of(unit).unwrap_or(unit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_sorted_and_the_last_of_a_name_counts() {
        for (variables, expected) in [
            (&[][..], "\0\0"),
            (&[("B", "2"), ("a", "1")], "a=1\0B=2\0\0"),
            (
                &[("Path", "old"), ("X", ""), ("PATH", "new")],
                "PATH=new\0X=\0\0",
            ),
            (&[("ä", "1"), ("Ä", "2"), ("ß", "3")], "Ä=2\0ß=3\0\0"),
            (&[("=C:", r"C:\a"), ("A", "b=c")], "=C:=C:\\a\0A=b=c\0\0"),
        ] {
            let given = variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()));
            let block = block(given).unwrap();
            assert_eq!(String::from_utf16(&block).unwrap(), expected);
        }
        let refused = block([("A".into(), "b\0C=d".into())].into_iter()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    }
}
