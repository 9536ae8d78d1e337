//! Results about machine.
