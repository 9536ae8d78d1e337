//! A journal in a directory of its own, and short words for its calls.
#![allow(dead_code, reason = "each test program uses its own part of this")]

use conditions::{GuestId, Timestamp};
use journal::{Holder, IntendedStep, Journal, MachineLock, NewRun};
use serde_json::{Value, json};

pub(crate) fn guest(name: &str) -> GuestId {
    name.parse().expect("a guest name")
}

pub(crate) fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

pub(crate) fn holder(command: &str) -> Holder {
    Holder {
        pid: std::process::id(),
        command: command.to_owned(),
        since: at(1_772_366_400_000),
    }
}

pub(crate) fn lock(journal: &Journal, name: &str) -> MachineLock {
    MachineLock::acquire(journal, guest(name), &holder("hospes restart")).expect("a free lock")
}

pub(crate) fn new_run(name: &str, ms: u64) -> NewRun {
    NewRun {
        operation: "restart".to_owned(),
        machine: guest(name).into(),
        operator: "eva".to_owned(),
        options: json!({"deadline": "5m"}),
        state: json!({"phase": "checking"}),
        at: at(ms),
    }
}

pub(crate) fn step(effect: &str, state: Value) -> IntendedStep {
    IntendedStep {
        effect: effect.to_owned(),
        detail: format!("{effect} in detail"),
        state,
    }
}
