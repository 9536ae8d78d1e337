//! The files that clients have opened: `guest-file-open` to `guest-file-close`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent::handles::{Counter, MOST_OPEN};
use guest_os::file::File;
use qga::AgentError;

/// A file that is open: used by one command at a time, and closed when the last has let go of it.
pub(crate) type OpenFile = Arc<Mutex<File>>;

/// Open files by their handles.
pub(crate) struct Files {
    /// Where the next handle is kept: it outlives the agent, so that no client's old handle ever
    /// means another file.
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    open: HashMap<i64, OpenFile>,
    counter: Counter,
}

impl Files {
    /// No open files; handles carry on where those of the last agent ended.
    pub(crate) fn new(state_dir: &Path) -> Self {
        let path = state_dir.join("qga.state");
        let kept = std::fs::read(&path).unwrap_or_default();
        let state = State {
            open: HashMap::new(),
            counter: Counter::decode(&kept),
        };
        Self {
            path,
            state: Mutex::new(state),
        }
    }

    /// A handle for a file.
    pub(crate) fn insert(&self, file: File) -> Result<i64, AgentError> {
        let mut state = self.lock();
        if state.open.len() >= MOST_OPEN {
            let text = format!("{MOST_OPEN} files are open; close one first");
            return Err(AgentError::generic(text));
        }
        let handle = state.counter.next();
        // Written before it is given out. A state directory that cannot be written costs only the
        // promise across restarts, which is worth less than the command.
        drop(std::fs::write(&self.path, state.counter.encode()));
        state.open.insert(handle, Arc::new(Mutex::new(file)));
        Ok(handle)
    }

    /// The file behind a handle.
    pub(crate) fn find(&self, handle: i64) -> Result<OpenFile, AgentError> {
        let found = self.lock().open.get(&handle).cloned();
        found.ok_or_else(|| unknown(handle))
    }

    /// Takes a file out.
    pub(crate) fn remove(&self, handle: i64) -> Result<OpenFile, AgentError> {
        let removed = self.lock().open.remove(&handle);
        removed.ok_or_else(|| unknown(handle))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(handle: i64) -> AgentError {
    AgentError::generic(format!("handle '{handle}' has not been found"))
}
