//! The client over real sockets, against servers that say what each test wants.

#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]
#![allow(clippy::print_stderr, reason = "what is skipped is said")]

mod download;
mod requests;
mod server;
mod tls;
mod watching;
