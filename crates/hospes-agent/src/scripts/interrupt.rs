//! Signals that shall end the runner.
//!
//! ```text
//! signal ─► a script runs: told to who follows it
//!           else (a download): the folder is removed, and the program ends
//! ```

use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use guest_os::process::Termination;

use super::folder;

/// Signals, caught from the first script on.
pub(super) struct Interrupt {
    /// Readable when a signal has come while a script ran.
    told: PipeReader,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    folder: Option<PathBuf>,
    script_runs: bool,
}

impl Interrupt {
    /// # Errors
    /// When the system has no pipe or thread for it.
    pub(super) fn catch() -> Result<Self, String> {
        let state = Arc::<Mutex<State>>::default();
        let termination = Termination::catch().map_err(|error| error.to_string())?;
        let shared = Arc::clone(&state);
        let start = || -> io::Result<PipeReader> {
            let (told, tell) = pipe()?;
            thread::Builder::new()
                .name("signals".to_owned())
                .stack_size(64 << 10)
                .spawn(move || watch(&termination, &shared, tell))?;
            Ok(told)
        };
        let told = start().map_err(|error| format!("signals cannot be watched: {error}"))?;
        Ok(Self { told, state })
    }

    /// A folder that must not outlive the program.
    pub(super) fn set_folder(&self, folder: Option<PathBuf>) {
        lock(&self.state).folder = folder;
    }

    /// Whether a script runs.
    pub(super) fn set_running(&self, script_runs: bool) {
        lock(&self.state).script_runs = script_runs;
    }

    /// Takes note of the signal that made it readable.
    pub(super) fn take(&mut self) {
        // It is readable: this does not wait.
        let _ = self.told.read(&mut [0]);
    }
}

impl AsFd for Interrupt {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.told.as_fd()
    }
}

fn watch(termination: &Termination, state: &Mutex<State>, mut tell: PipeWriter) {
    while termination.wait().is_ok() {
        let state = lock(state);
        if state.script_runs {
            // A full pipe has told enough.
            let _ = tell.write(b"x");
            continue;
        }
        if let Some(path) = &state.folder {
            folder::remove(path);
        }
        std::process::exit(1);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
