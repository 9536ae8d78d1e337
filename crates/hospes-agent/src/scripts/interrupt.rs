//! Signals that shall end the runner.
//!
//! ```text
//! signal ─► a script runs: told to who follows it
//!           else (a download): the folder is removed, and the program ends
//! ```

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use guest_os::process::Termination;
use guest_os::script::{Bell, Ringer, bell};

use super::folder;

/// Signals, caught from the first script on.
pub(super) struct Interrupt {
    /// Rung when a signal has come while a script ran.
    bell: Bell,
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
        let start = || -> io::Result<Bell> {
            let (bell, ringer) = bell()?;
            thread::Builder::new()
                .name("signals".to_owned())
                .stack_size(64 << 10)
                .spawn(move || watch(&termination, &shared, ringer))?;
            Ok(bell)
        };
        let bell = start().map_err(|error| format!("signals cannot be watched: {error}"))?;
        Ok(Self { bell, state })
    }

    /// A folder that must not outlive the program.
    pub(super) fn set_folder(&self, folder: Option<PathBuf>) {
        lock(&self.state).folder = folder;
    }

    /// Whether a script runs.
    pub(super) fn set_running(&self, script_runs: bool) {
        lock(&self.state).script_runs = script_runs;
    }

    /// What is rung at a signal.
    pub(super) const fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Takes note of the signal.
    pub(super) fn take(&mut self) {
        self.bell.take();
    }
}

fn watch(termination: &Termination, state: &Mutex<State>, mut ringer: Ringer) {
    while termination.wait().is_ok() {
        let state = lock(state);
        if state.script_runs {
            ringer.ring();
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
