//! The client against a real TLS server that answers what each test wants.

// So that the lints see the modules below as tests, too.
#![cfg(test)]

mod agents;
mod bounds;
mod certificates;
mod channel;
mod credentials;
mod failover;
mod server;
mod settings;
mod tasks;
