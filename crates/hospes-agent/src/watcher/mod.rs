//! The watcher of a requested stop, and the end of the unit that it starts.
//!
//! ```text
//! source (hanging GETs) ─► inbox ─► program ─► metadata::watch::Watch
//!                                      ├─► run_dir: state, pending-stop.json
//!                                      ├─► guest_os::graceful: the runner is started
//!                                      └─► report: only when it cannot be
//! scripts' runner ─► run_dir: hold, marker; report    unit_end ─► report
//! ```
//!
//! Nothing here powers the guest off.

mod hold;
mod program;
mod report;
mod run_dir;
mod source;
pub(crate) mod unit_end;

use std::time::Duration;

use metadata_client::{Client, Limits};

pub(crate) use hold::Hold;
pub(crate) use program::main;
pub(crate) use report::report;
pub(crate) use run_dir::RunDir;

/// Values here are words; no answer is worth a longer wait, for there is another try.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(2),
    whole: Duration::from_secs(5),
    hang: Duration::from_secs(60),
    reply: 64 << 10,
};

fn client() -> Result<Client, String> {
    let client = Client::from_environment().map_err(|error| error.to_string())?;
    Ok(client.with_limits(LIMITS))
}
