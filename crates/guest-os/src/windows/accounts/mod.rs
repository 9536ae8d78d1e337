//! The guest's accounts: passwords and the keys that let people in.

mod account;
mod folder;
mod keys;
mod net_error;
mod password;

pub use keys::{add_keys, remove_keys, ssh_keys};
pub use password::set_password;
