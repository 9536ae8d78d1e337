//! Our agent beside QEMU's: the same requests to both, and every answer compared.
//!
//! An answer agrees exactly (the same JSON), in shape (the same members and types, where a value
//! changes from one moment to the next), or it differs as the table in `differences.rs` and
//! `docs/differences.md` say. Anything else fails.
//!
//! `HOSPES_SEED=4711 cargo test -p hospes-agent --test compare` makes other random requests;
//! `HOSPES_AGENT=/usr/sbin/qemu-ga` compares another program, for example QEMU's agent with itself.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails panics, and its findings must show"
)]

mod agreement;
mod broken;
mod command_line;
mod commands;
mod differences;
#[path = "../documented/mod.rs"]
mod documented;
mod files;
mod line;
mod mutation;
mod programs;
mod random;
mod report;
mod schema;
mod side;
mod story;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with the tests of our agent alone")]
mod support;

use random::Random;
use report::Report;
use side::Pair;
use support::Program;

/// The program that is compared with QEMU's agent.
fn subject() -> Program {
    std::env::var_os("HOSPES_AGENT").map_or_else(Program::ours, Program::named)
}

/// QEMU's agent, or a loud word about why nothing is compared.
fn reference() -> Option<Program> {
    let reference = Program::reference();
    reference
        .map_err(|why| report::tell(&format!("SKIPPED, no answer is compared: {why}")))
        .ok()
}

#[test]
fn requests_are_answered_as_qemu_ga_answers_them() {
    let Some(reference) = reference() else {
        return;
    };
    let (mut random, seed) = Random::seeded();
    let mut stories = commands::stories(&mut random);
    stories.extend(broken::stories());
    stories.extend(mutation::stories(&mut random));
    stories.extend(files::stories());
    stories.extend(programs::stories());
    let mut pair = Pair::start(&reference, &subject());
    let mut report = Report::new(seed);
    for story in &stories {
        pair.play(story, &mut report);
    }
    report.conclude(pair.peer_commands());
}

#[test]
fn command_lines_are_understood_as_qemu_ga_understands_them() {
    if let Some(reference) = reference() {
        command_line::compare(&reference, &subject());
    }
}
