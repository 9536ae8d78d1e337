//! Who asks, and what they may do.

use super::{Call, Method};
use crate::Secret;

/// Which version answers.
#[must_use]
pub fn version() -> Call {
    Call::new(Method::Get, &["version"])
}

/// The privileges of who asks, by path.
#[must_use]
pub fn permissions() -> Call {
    Call::new(Method::Get, &["access", "permissions"])
}

/// A ticket for a user (`root@pam`), for two hours. A valid ticket in place of the password renews.
#[must_use]
pub fn ticket(user: &str, password: &Secret) -> Call {
    Call::new(Method::Post, &["access", "ticket"])
        .with("username", user)
        .with("password", password.reveal())
}
