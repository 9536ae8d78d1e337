//! Telling the host how graceful scripts ended.

use std::time::Duration;

use metadata::Key;
use metadata::backoff::Policy;
use metadata::stop::{REPORT, Report};
use metadata_client::{Client, retry};

use super::run_dir::RunDir;

/// The host may be starting its service again at this moment.
const TRIES: Policy = Policy {
    first: Duration::from_millis(200),
    most: Duration::from_secs(4),
    factor: 2,
    total: Duration::from_secs(20),
};

/// Puts the report as a guest attribute, with tries for a bounded time, and notes that nothing
/// more is to be reported about this request, whatever came of it.
///
/// # Errors
/// One line that says why the host does not know, for the caller's log.
pub(crate) fn report(client: &Client, run: &RunDir, report: &Report) -> Result<(), String> {
    let put = put(client, report);
    let noted = run.note_reported(&report.request);
    put?;
    noted.map_err(|error| format!("it cannot be noted that the host was told: {error}"))
}

fn put(client: &Client, report: &Report) -> Result<(), String> {
    let text = serde_json::to_string(report).map_err(|error| error.to_string())?;
    retry(TRIES, || client.put(&Key::report(), &text)).map_err(|failure| {
        format!(
            "the host does not learn of it, the guest attribute {REPORT} is not kept: {failure}"
        )
    })
}
