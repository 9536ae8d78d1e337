//! Results about identity.
