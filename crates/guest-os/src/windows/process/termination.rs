//! What ends the agent: events of its console, and the stop of its service.
//!
//! ```text
//! Ctrl-C, Ctrl-Break, window closed, shutdown ─► handler ─┐
//! the service is stopped ───────────────────────► request ─┴─► kept ─► Termination::wait
//! ```
#![allow(unsafe_code, reason = "console handlers have no safe interface")]

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use windows_sys::Win32::Foundation::TRUE;
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, SetConsoleCtrlHandler,
};
use windows_sys::core::BOOL;

use crate::windows::outcome::succeeded;
use crate::{Error, Result};

/// More than these that nobody has asked for say nothing new.
const MOST: usize = 16;

static KEPT: Mutex<VecDeque<TerminationSignal>> = Mutex::new(VecDeque::new());
static CAME: Condvar = Condvar::new();

/// What ends the agent, kept until someone asks for it.
#[derive(Debug)]
pub struct Termination(());

/// Something that ends the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminationSignal {
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Break.
    Break,
    /// The console's window was closed.
    Close,
    /// The system shuts down.
    Shutdown,
    /// The service is stopped.
    ServiceStop,
}

impl Termination {
    /// Catches the console's events from now on. What was [`request`]ed before is told as well.
    ///
    /// # Errors
    /// When Windows takes no handler.
    pub fn catch() -> Result<Self> {
        // SAFETY: the handler may run at any time, on a thread of its own, and is there for good.
        succeeded(unsafe { SetConsoleCtrlHandler(Some(note), TRUE) })
            .map_err(|error| Error::os("failed to catch console events", error))?;
        Ok(Self(()))
    }

    /// Waits for the next of them.
    ///
    /// # Errors
    /// None on Windows.
    pub fn wait(&self) -> Result<TerminationSignal> {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(signal) = kept.pop_front() {
                return Ok(signal);
            }
            kept = CAME.wait(kept).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Ends the agent as a signal does: for whoever hears that its service is stopped.
pub(in crate::windows) fn request(signal: TerminationSignal) {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() < MOST {
        kept.push_back(signal);
    }
    CAME.notify_one();
}

impl fmt::Display for TerminationSignal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Interrupt => "Ctrl-C",
            Self::Break => "Ctrl-Break",
            Self::Close => "the end of its console",
            Self::Shutdown => "the shutdown of the system",
            Self::ServiceStop => "the stop of its service",
        })
    }
}

/// The handler.
extern "system" fn note(event: u32) -> BOOL {
    let signal = match event {
        CTRL_C_EVENT => TerminationSignal::Interrupt,
        CTRL_BREAK_EVENT => TerminationSignal::Break,
        // Somebody logs off, and only services hear of it.
        CTRL_LOGOFF_EVENT => return TRUE,
        CTRL_CLOSE_EVENT => TerminationSignal::Close,
        _ => TerminationSignal::Shutdown,
    };
    request(signal);
    match signal {
        TerminationSignal::Interrupt | TerminationSignal::Break => TRUE,
        // Windows ends the program when this returns: the program does that itself, in time.
        _ => loop {
            thread::park();
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test: what ends a process belongs to it, and tests run beside each other.
    #[test]
    fn what_ends_the_agent_is_told_in_turn() {
        request(TerminationSignal::ServiceStop);
        let termination = Termination::catch().unwrap();
        assert_eq!(termination.wait().unwrap(), TerminationSignal::ServiceStop);
        for (event, expected) in [
            (CTRL_C_EVENT, TerminationSignal::Interrupt),
            (CTRL_LOGOFF_EVENT, TerminationSignal::Break),
            (CTRL_BREAK_EVENT, TerminationSignal::Break),
        ] {
            assert_eq!(note(event), TRUE);
            if event != CTRL_LOGOFF_EVENT {
                assert_eq!(termination.wait().unwrap(), expected);
            }
        }
        let waiting = thread::spawn(move || termination.wait());
        // It does not return.
        thread::spawn(|| note(CTRL_CLOSE_EVENT));
        let told = waiting.join().unwrap().unwrap();
        assert_eq!(told.to_string(), "the end of its console");
        for _ in 0..2 * MOST {
            request(TerminationSignal::Shutdown);
        }
        assert_eq!(KEPT.lock().unwrap().len(), MOST);
    }
}
