//! An account by its name, from wherever the guest keeps them (nsswitch.conf(5)).
#![allow(unsafe_code, reason = "getpwnam_r has no safe interface")]

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::mem;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr;

use rustix::fs::{Gid, Uid};

use crate::{Error, Result};

/// Bytes that an account's texts may have; the first try has a thousandth of it.
const LIMIT: usize = 1 << 20;

/// What of an account matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(super) name: String,
    pub(super) user: Uid,
    pub(super) group: Gid,
    pub(super) home: PathBuf,
}

impl Account {
    pub(crate) fn of(name: &str) -> Result<Self> {
        let what = || format!("failed to lookup user '{name}'");
        match look_up(name) {
            Ok(Some(account)) => Ok(account),
            Ok(None) => Err(Error::Invalid(format!("{}: no such user", what()))),
            Err(error) => Err(Error::os(what(), error)),
        }
    }
}

fn look_up(name: &str) -> io::Result<Option<Account>> {
    let Ok(c_name) = CString::new(name) else {
        return Ok(None);
    };
    let mut buffer = vec![0_u8; LIMIT / 1024];
    loop {
        // SAFETY: a passwd of zeros and null pointers is a valid one to be filled.
        let mut entry: libc::passwd = unsafe { mem::zeroed() };
        let mut found = ptr::null_mut();
        // SAFETY: all pointers are valid for the call, the buffer for its length.
        let error = unsafe {
            libc::getpwnam_r(
                c_name.as_ptr(),
                &raw mut entry,
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                &raw mut found,
            )
        };
        match error {
            0 if found.is_null() => return Ok(None),
            0 => {}
            libc::ERANGE if buffer.len() < LIMIT => {
                buffer.resize(buffer.len() * 4, 0);
                continue;
            }
            // How some sources say that they do not know the name (getpwnam_r(3)).
            libc::ENOENT | libc::ESRCH => return Ok(None),
            error => return Err(io::Error::from_raw_os_error(error)),
        }
        // SAFETY: the entry was filled: its texts end with a zero and lie in the buffer.
        let home = unsafe { CStr::from_ptr(entry.pw_dir) };
        return Ok(Some(Account {
            name: name.to_owned(),
            user: Uid::from_raw(entry.pw_uid),
            group: Gid::from_raw(entry.pw_gid),
            home: OsStr::from_bytes(home.to_bytes()).into(),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_and_others_are_as_in_the_file() {
        let root = Account::of("root").expect("every system has it");
        assert!(root.user.is_root());
        let text = std::fs::read_to_string("/etc/passwd").expect("a file");
        // A line that begins otherwise speaks of other sources (nis).
        let named = |line: &&str| line.starts_with(|first: char| first.is_ascii_alphabetic());
        for line in text.lines().filter(named) {
            let fields: Vec<_> = line.split(':').collect();
            let account = Account::of(fields[0]).expect("an account");
            assert_eq!(account.user.as_raw().to_string(), fields[2], "{line}");
            assert_eq!(account.group.as_raw().to_string(), fields[3], "{line}");
            assert_eq!(account.home.to_str(), Some(fields[5]), "{line}");
        }
    }

    #[test]
    fn names_of_nobody_are_told() {
        for name in ["", "no such user", "a\0b", &"x".repeat(5000)] {
            let error = Account::of(name).expect_err("nobody");
            let text = error.to_string();
            assert!(text.starts_with("failed to lookup user '"), "{text}");
        }
    }
}
