//! From `PENDING_STOP` to the start job of the graceful scripts.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::home::Home;
use super::systemctl::{self, now};
use super::watcher::Watcher;
use crate::bench::guest_agent::memory_backed_dir;
use crate::bench::report::{Figure, Judged, Table};
use crate::console::Activity;

const WATCHERS: usize = 20;
/// After the first, of each watcher.
const LATER: usize = 2;
const STAND_INS: usize = 20;
/// Until the watcher's GET hangs and it rests. After many answers that come sooner than in a second it
/// would ask less often, which no stop of a guest makes it do.
const SETTLING: Duration = Duration::from_millis(1500);

const GOAL_IN_MILLISECONDS: f64 = 5.0;

/// How long one stop took to be acted on.
#[derive(Debug, Clone, Copy)]
struct Acted {
    since_sent: Duration,
    since_replied: Duration,
}

/// Stops guests whose watchers are fresh, and again.
pub(super) async fn measure(
    agent: &Path,
    home: &Home,
    table: &mut Table,
    activity: &Activity,
) -> Result<()> {
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for number in 1..=WATCHERS {
        activity.step(format!("stops, watcher {number} of {WATCHERS}"));
        let watcher = Watcher::start(agent, home)?;
        for count in 1..=1 + LATER {
            tokio::time::sleep(SETTLING).await;
            let acted = stop(home, &watcher, number, count).await?;
            let of = if count == 1 { &mut first } else { &mut later };
            of.push(acted);
        }
    }
    tell("first stop of a watcher", &first, table);
    tell("later stops", &later, table);
    let stand_ins = Figure::milliseconds(stand_ins()?);
    table.tell("- of which the stand-in's own start", &stand_ins);
    Ok(())
}

fn tell(which: &str, acted: &[Acted], table: &mut Table) {
    let figure = Figure::milliseconds(acted.iter().map(|acted| acted.since_replied));
    let what = format!("PENDING_STOP to the start job, {which}");
    table.judge(&what, GOAL_IN_MILLISECONDS, &figure, Judged::Median);
    let figure = Figure::milliseconds(acted.iter().map(|acted| acted.since_sent));
    table.tell("- since the change was sent", &figure);
}

/// One stop, which is then cancelled.
async fn stop(home: &Home, watcher: &Watcher, number: usize, count: usize) -> Result<Acted> {
    let request = format!("2026-01-01T00:00:{number:02}.{count}Z");
    let announced = [
        ("stop-state", Some("PENDING_STOP")),
        ("max-duration", Some("600")),
        ("request-timestamp", Some(&*request)),
        ("target-state", Some("TERMINATED")),
    ];
    let sent = now();
    home.change_stop(&announced).await?;
    let replied = now();
    let started = watcher.start_job(count).await?;
    home.change_stop(&announced.map(|(name, _)| (name, None)))
        .await?;
    watcher.withdrawn().await?;
    Ok(Acted {
        since_sent: started.saturating_sub(sent),
        since_replied: started.saturating_sub(replied),
    })
}

/// From the start of the stand-in for systemctl until it notes the time.
fn stand_ins() -> Result<Vec<Duration>> {
    let dir = memory_backed_dir()?;
    let program = systemctl::stand_in(dir.path())?;
    let mut took = Vec::with_capacity(STAND_INS);
    for count in 0..STAND_INS {
        let begun = now();
        let status = Command::new(&program).status();
        let status = status.context("cannot start the stand-in for systemctl")?;
        let noted = systemctl::calls(&program).get(count).copied();
        ensure!(status.success(), "the stand-in for systemctl failed");
        let noted = noted.context("the stand-in for systemctl noted nothing")?;
        took.push(noted.saturating_sub(begun));
    }
    Ok(took)
}
