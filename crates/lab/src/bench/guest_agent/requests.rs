//! Round trips of small requests.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::client::{Client, returned};

pub(super) const PING: &str = r#"{"execute":"guest-ping"}"#;
pub(super) const FILE_SYSTEMS: &str = r#"{"execute":"guest-get-fsinfo"}"#;
pub(super) const INTERFACES: &str = r#"{"execute":"guest-network-get-interfaces"}"#;

const EXEC: &str =
    r#"{"execute":"guest-exec","arguments":{"path":"/bin/true","capture-output":true}}"#;
/// `/bin/true` does not take as long.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// The times of `count` round trips of one request.
pub(super) fn round_trips(
    client: &mut Client,
    request: &str,
    count: usize,
) -> Result<Vec<Duration>> {
    let line = format!("{request}\n");
    (0..count)
        .map(|_| {
            let begun = Instant::now();
            client.call(line.as_bytes())?;
            Ok(begun.elapsed())
        })
        .collect()
}

/// The times from `guest-exec` to the `guest-exec-status` that knows the end. The status is asked
/// again at once, between two of them the processor is offered to whoever wants it.
pub(super) fn executions(client: &mut Client, count: usize) -> Result<Vec<Duration>> {
    (0..count).map(|_| execution(client)).collect()
}

fn execution(client: &mut Client) -> Result<Duration> {
    let begun = Instant::now();
    let started = client.value(EXEC.as_bytes())?;
    let pid = started["pid"]
        .as_i64()
        .context("guest-exec without a pid")?;
    let status = format!("{{\"execute\":\"guest-exec-status\",\"arguments\":{{\"pid\":{pid}}}}}\n");
    loop {
        let status = returned(client.call(status.as_bytes())?)?;
        if status["exited"] == true {
            ensure!(status["exitcode"] == 0, "/bin/true failed: {status}");
            return Ok(begun.elapsed());
        }
        ensure!(begun.elapsed() < ENDS_WITHIN, "/bin/true does not end");
        std::thread::yield_now();
    }
}
