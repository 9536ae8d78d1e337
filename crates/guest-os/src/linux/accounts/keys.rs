//! Keys that let a user in through SSH (`guest-ssh-*-authorized-keys`).

use std::sync::{Mutex, PoisonError};

use qga::results::accounts::AuthorizedKeys;
use rustix::io::Errno;

use super::account::Account;
use super::directory::{SshDirectory, path_of};
use crate::authorized_keys as lines;
use crate::{Error, Result};

/// Two changes at once would lose one.
static CHANGE: Mutex<()> = Mutex::new(());

/// The keys of a user's `.ssh/authorized_keys`, in the file's order.
///
/// # Errors
/// An unknown user, or no such file.
pub fn ssh_keys(username: &str) -> Result<AuthorizedKeys> {
    keys_of(&Account::of(username)?)
}

/// Adds keys that the user does not have yet; `reset` drops all that was in the file before.
/// Makes directory and file where they are missing, as the user's own.
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

fn keys_of(account: &Account) -> Result<AuthorizedKeys> {
    let file = match SshDirectory::open(account)? {
        Some(directory) => directory.read()?,
        None => None,
    };
    match file {
        Some(file) => Ok(AuthorizedKeys {
            keys: lines::keys(&file),
        }),
        None => {
            let path = path_of(account);
            let what = format!("failed to read '{}'", path.display());
            Err(Error::os(what, Errno::NOENT))
        }
    }
}

fn add_to(account: &Account, keys: &[String], reset: bool) -> Result<()> {
    let _alone = CHANGE.lock().unwrap_or_else(PoisonError::into_inner);
    let directory = SshDirectory::open_or_create(account)?;
    let before = if reset { None } else { directory.read()? };
    let after = lines::with(before.as_deref().unwrap_or_default(), keys);
    if before.as_ref() == Some(&after) {
        return Ok(());
    }
    directory.replace(&after)
}

fn remove_from(account: &Account, keys: &[String]) -> Result<()> {
    let _alone = CHANGE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(directory) = SshDirectory::open(account)? else {
        return Ok(());
    };
    let Some(before) = directory.read()? else {
        return Ok(());
    };
    let after = lines::without(&before, keys);
    if after == before {
        return Ok(());
    }
    directory.replace(&after)
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
