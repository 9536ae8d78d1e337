//! The shell against a real OpenSSH server.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails is a test that fails"
)]
#![allow(
    clippy::print_stderr,
    reason = "a skipped test and a failed server must show"
)]

mod commands;
mod connection;
mod forwarder;
mod host_keys;
mod login;
mod reachability;
mod sshd;
mod sudo;
