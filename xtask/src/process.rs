//! Child processes, which hear of every signal that asks this program to stop.
//!
//! Ctrl-C reaches the children by itself; this program must not die before they have cleaned up. A SIGTERM
//! to this program alone is passed on.

use std::process::Command;
use std::sync::atomic::{AtomicI32, Ordering};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

static CHILD: AtomicI32 = AtomicI32::new(0);
static RECEIVED: AtomicI32 = AtomicI32::new(0);

/// A signal asked this program to stop.
#[derive(Debug)]
pub(crate) struct Interrupted {
    pub(crate) signal: i32,
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "interrupted by signal {}", self.signal)
    }
}

impl std::error::Error for Interrupted {}

/// From now on signals do not end this program, but its children and then [`run`].
pub(crate) fn watch_signals() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot watch signals")?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            RECEIVED.store(signal, Ordering::SeqCst);
            match (
                Pid::from_raw(CHILD.load(Ordering::SeqCst)),
                Signal::from_named_raw(signal),
            ) {
                (Some(child), Some(signal)) => drop(kill_process(child, signal)),
                _ => std::process::exit(128 + signal),
            }
        }
    });
    Ok(())
}

/// Runs `command` to its end, with this program's terminal.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = shown(command);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start `{program}`"))?;
    CHILD.store(i32::try_from(child.id())?, Ordering::SeqCst);
    let status = child.wait();
    CHILD.store(0, Ordering::SeqCst);
    let signal = RECEIVED.load(Ordering::SeqCst);
    if signal != 0 {
        return Err(Interrupted { signal }.into());
    }
    let status = status.with_context(|| format!("waiting for `{program}`"))?;
    if !status.success() {
        bail!("`{program}` failed ({status})");
    }
    Ok(())
}

/// What `command` prints, when it succeeds; what it says about errors is told when it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let program = shown(command);
    let output = command
        .output()
        .with_context(|| format!("cannot start `{program}`"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{program}` failed ({}): {}",
            output.status,
            said.trim_end()
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{program}` printed no UTF-8"))
}

/// Whether `command` succeeds; what it prints is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed (exit status: 3)");
    }

    #[test]
    fn a_missing_program_is_told() {
        let error = run(&mut Command::new("no-such-program")).unwrap_err();
        assert!(
            error.to_string().contains("cannot start `no-such-program`"),
            "{error}"
        );
    }
}
