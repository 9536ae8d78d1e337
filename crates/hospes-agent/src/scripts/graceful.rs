//! The stop that graceful scripts run for: its deadline, and the report to the host.
//!
//! ```text
//! begin ─► deadline, in a thread ─┬─ over first: `timeout` is reported; nothing is killed, for
//!                                 │              the OS's own shutdown will do that
//! the scripts run                 │
//! end ────────────────────────────┴─ in time:    `done` or `failed` is reported
//! ```

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use guest_os::clock::since_boot;
use metadata::scripts::Event;
use metadata::stop::{PendingStop, Report, ReportOutcome};
use metadata_client::Client;

use super::log::Log;
use crate::watcher::{Hold, RunDir, report};

/// How long the deadline's thread sleeps at most: its own clock stands still while the system is
/// suspended, that of the deadline does not.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// A stop, from the first script to the report.
pub(super) struct Stop {
    told: Told,
    deadline: Option<Deadline>,
    /// Let go of after the report.
    _hold: Option<Hold>,
}

/// What the host said, and the way to tell it how its stop went.
#[derive(Clone)]
struct Told {
    pending: PendingStop,
    run: RunDir,
    client: Client,
}

/// A thread that reports when the time is over.
struct Deadline {
    ended: Sender<()>,
    /// Answers whether it has reported.
    thread: JoinHandle<bool>,
}

impl Stop {
    /// From here on its time is watched; its turn comes when the scripts of earlier stops have ended.
    pub(super) fn begin(
        pending: PendingStop,
        hold: Option<Hold>,
        run: RunDir,
        client: Client,
        name: &str,
    ) -> Self {
        let told = Told {
            pending,
            run,
            client,
        };
        let deadline = told.clone().watch_deadline(name.to_owned());
        if let Some(hold) = &hold {
            // Without locks they run beside each other.
            let _ = hold.wait_for_turn();
        }
        Self {
            told,
            deadline,
            _hold: hold,
        }
    }

    /// What scripts see of it in their environment.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let PendingStop {
            request,
            max_seconds,
            deadline_unix,
            ..
        } = &self.told.pending;
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let variables = [
            // No variable can hold a zero byte.
            (
                "HOSPES_STOP_REQUEST",
                Some(request.clone()).filter(|request| !request.contains('\0')),
            ),
            ("HOSPES_STOP_DEADLINE", number(*deadline_unix)),
            ("HOSPES_STOP_MAX_SECONDS", number(*max_seconds)),
        ];
        let known = variables.into_iter();
        known
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// Tells the host how they ended, unless the deadline has. `exit` is the status of the first
    /// script that failed.
    pub(super) fn end(mut self, outcome: ReportOutcome, exit: Option<i64>, log: &mut Log) {
        let is_reported = self.deadline.take().is_some_and(|deadline| {
            drop(deadline.ended);
            deadline.thread.join().unwrap_or_default()
        });
        if !is_reported && let Err(problem) = self.told.report(outcome, exit) {
            log.warn(None, &problem);
        }
    }
}

impl Told {
    fn report(&self, outcome: ReportOutcome, exit: Option<i64>) -> Result<(), String> {
        let request = self.pending.request.clone();
        let made = Report {
            request,
            outcome,
            exit,
        };
        report(&self.client, &self.run, &made)
    }

    fn watch_deadline(self, name: String) -> Option<Deadline> {
        let deadline = Duration::from_millis(self.pending.deadline_boot_ms?);
        let (ended, end) = channel::<()>();
        let watch = move || {
            loop {
                let left = deadline.saturating_sub(since_boot());
                if left.is_zero() {
                    self.is_late(&name);
                    return true;
                }
                match end.recv_timeout(left.min(LONGEST_SLEEP)) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return false,
                }
            }
        };
        let builder = thread::Builder::new().name("deadline".to_owned());
        // Without it the end is reported late, and the host's own deadline holds.
        let thread = builder.spawn(watch).ok()?;
        Some(Deadline { ended, thread })
    }

    fn is_late(&self, name: &str) {
        let mut log = Log::open(Event::GracefulShutdown, name);
        let line = "the time that the host gives is over; the scripts go on until the system's own \
                    shutdown ends them";
        log.warn(None, line);
        if let Err(problem) = self.report(ReportOutcome::Timeout, None) {
            log.warn(None, &problem);
        }
    }
}
