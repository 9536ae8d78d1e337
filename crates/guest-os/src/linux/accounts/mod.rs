//! The guest's accounts: passwords and the keys that let people in.

mod account;
mod directory;
mod keys;
mod password;

pub use keys::{add_keys, remove_keys, ssh_keys};
pub use password::set_password;
