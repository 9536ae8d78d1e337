//! The backend against real QEMU: machines without a disk, by software emulation.

// So that the lints see the modules below as tests, too.
#![cfg(test)]

mod channel;
mod observe;
mod snapshots;
mod start;
mod support;
