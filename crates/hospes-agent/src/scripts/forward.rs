//! What a script leaves in the background goes on printing after the runner has ended.
//!
//! Without a reader it would be killed by its next line. So a process of its own goes on reading,
//! until nobody holds the pipe any more.

use std::io::Read;
use std::process::ExitCode;

use guest_os::script::HeldOutput;
use metadata::scripts::{Event, Lines};

use super::command_line::FORWARD;
use super::log::Log;

/// Lets a process of its own read the pipe.
///
/// # Errors
/// When it cannot be started.
pub(super) fn hand_over(
    output: HeldOutput,
    event: Event,
    key: &str,
    name: &str,
) -> std::io::Result<()> {
    let arguments = ["scripts", FORWARD, event.name(), key, name];
    output.hand_over("hospes-agent", &arguments)
}

/// Logs what comes on standard input, until its end.
pub(super) fn main(event: Event, key: &str, name: &str) -> ExitCode {
    let mut log = Log::open(event, name);
    let mut lines = Lines::default();
    let mut buffer = vec![0; 16 << 10];
    let mut input = std::io::stdin().lock();
    while let Ok(count @ 1..) = input.read(&mut buffer) {
        lines.push(&buffer[..count], |line| log.output(key, line));
    }
    lines.finish(|line| log.output(key, line));
    ExitCode::SUCCESS
}
