//! Results about exec.
