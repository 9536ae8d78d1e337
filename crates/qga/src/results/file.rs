//! Results about file.
