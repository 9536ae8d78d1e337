//! The programs that clients have started: `guest-exec` to `guest-exec-status`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use agent::executions::{Executions, Limits, Status};
use guest_os::{SYSTEM, exec};
use qga::results::exec::{ExecStarted, ExecStatus};
use qga::{AgentError, ExecCall};
use serde_json::Value;

/// Programs by their process ids, each with its answer once it has ended.
pub(crate) struct Programs {
    table: Arc<Mutex<Table>>,
    since: Instant,
}

type Table = Executions<Value>;

impl Programs {
    /// No programs; results are kept for `kept` after they were first read.
    pub(crate) fn new(kept: Duration) -> Self {
        let table = Executions::new(Limits::new(kept), weight);
        Self {
            table: Arc::new(Mutex::new(table)),
            since: Instant::now(),
        }
    }

    /// Starts a program.
    pub(crate) fn start(&self, call: &ExecCall) -> Result<ExecStarted, AgentError> {
        call.admit_on(SYSTEM)?;
        let admitted = lock(&self.table).admit();
        admitted.map_err(|error| AgentError::generic(error.to_string()))?;
        let (table, since) = (Arc::clone(&self.table), self.since);
        let (told, execution) = std::sync::mpsc::sync_channel(1);
        let on_end = move |ended| {
            let status = ExecStatus::from(ended);
            let answer = serde_json::to_value(status).unwrap_or_default();
            if let Ok(execution) = execution.recv() {
                lock(&table).ended(execution, answer, since.elapsed());
            }
        };
        let pid =
            exec::spawn(call, on_end).map_err(|error| AgentError::generic(error.to_string()))?;
        let execution = lock(&self.table).started(pid, self.since.elapsed());
        // Only now may its end be noted: a program may end before it is noted that it began.
        let _ = told.send(execution);
        Ok(ExecStarted { pid })
    }

    /// Where a program stands.
    pub(crate) fn status(&self, pid: i64) -> Result<Value, AgentError> {
        match lock(&self.table).status(pid, self.since.elapsed()) {
            Status::Running => Ok(serde_json::to_value(ExecStatus::running()).unwrap_or_default()),
            Status::Exited(answer) => Ok(answer.clone()),
            Status::Unknown => Err(AgentError::generic(
                agent::executions::UnknownPid(pid).to_string(),
            )),
        }
    }
}

/// Bytes of an answer: its output is all that can be large.
fn weight(answer: &Value) -> usize {
    ["out-data", "err-data"]
        .iter()
        .filter_map(|name| answer[name].as_str())
        .map(str::len)
        .sum()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
