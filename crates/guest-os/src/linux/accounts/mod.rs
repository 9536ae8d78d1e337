//! The guest's accounts: passwords and the keys that let people in.

mod account;
mod key_folder;
mod password;

pub(crate) use account::Account;
pub(crate) use key_folder::KeyFolder;

pub use crate::both::keys::{add_keys, remove_keys, ssh_keys};
pub use password::set_password;

#[cfg(test)]
mod keys_tests;
