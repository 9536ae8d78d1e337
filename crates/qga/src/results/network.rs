//! Results about network.
