//! Keys that let a user in through SSH (`guest-ssh-*-authorized-keys`). Where they are, and how a
//! file is changed that somebody else owns, is the system's.

use std::io;
use std::sync::{Mutex, PoisonError};

use qga::results::accounts::AuthorizedKeys;

use super::key_lines as lines;
use crate::system::accounts::{Account, KeyFolder};
use crate::{Error, Result};

/// Two changes at once would lose one.
static CHANGE: Mutex<()> = Mutex::new(());

/// ENOENT on Linux, ERROR_FILE_NOT_FOUND on Windows.
const NO_SUCH_FILE: i32 = 2;

/// The keys of a user's `authorized_keys`, in the file's order. Administrators of a Windows share
/// one file.
///
/// # Errors
/// An unknown user, or no such file.
pub fn ssh_keys(username: &str) -> Result<AuthorizedKeys> {
    keys_of(&Account::of(username)?)
}

/// Adds keys that the user does not have yet; `reset` drops all that was in the file before.
/// Makes folder and file where they are missing, as sshd wants them.
///
/// # Errors
/// A line that is no key, an unknown user, files that are not the user's or cannot be changed.
pub fn add_keys(username: &str, keys: &[String], reset: bool) -> Result<()> {
    lines::check(keys)?;
    add_to(&Account::of(username)?, keys, reset)
}

/// Removes keys from a user's file. Keys that are not there, or no file, are no error.
///
/// # Errors
/// A line that is no key, an unknown user, files that are not the user's or cannot be changed.
pub fn remove_keys(username: &str, keys: &[String]) -> Result<()> {
    lines::check(keys)?;
    remove_from(&Account::of(username)?, keys)
}

pub(crate) fn keys_of(account: &Account) -> Result<AuthorizedKeys> {
    let file = match KeyFolder::open(account)? {
        Some(folder) => folder.read()?,
        None => None,
    };
    let missing = || {
        let what = format!("failed to read '{}'", account.key_file().display());
        Error::os(what, io::Error::from_raw_os_error(NO_SUCH_FILE))
    };
    let file = file.ok_or_else(missing)?;
    Ok(AuthorizedKeys {
        keys: lines::keys(&file),
    })
}

pub(crate) fn add_to(account: &Account, keys: &[String], reset: bool) -> Result<()> {
    let _alone = CHANGE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = KeyFolder::open_or_create(account)?;
    let before = if reset { None } else { folder.read()? };
    let after = lines::with(before.as_deref().unwrap_or_default(), keys);
    if before.as_ref() == Some(&after) {
        return Ok(());
    }
    folder.replace(&after)
}

pub(crate) fn remove_from(account: &Account, keys: &[String]) -> Result<()> {
    let _alone = CHANGE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(folder) = KeyFolder::open(account)? else {
        return Ok(());
    };
    let Some(before) = folder.read()? else {
        return Ok(());
    };
    let after = lines::without(&before, keys);
    if after == before {
        return Ok(());
    }
    folder.replace(&after)
}
