//! Results about accounts.
