//! The watcher of a requested stop, from outside: the real program, a metadata server, and a
//! systemctl that only writes down what it is asked for.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod ending;
mod guest;
mod host;
mod stops;
mod trouble;
