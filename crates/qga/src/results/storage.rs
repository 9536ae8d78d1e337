//! Results about storage.
