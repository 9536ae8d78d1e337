//! `hospes ready all --json` against the fleet.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::endpoints::boot_id;
use super::fleet::{Fleet, Trust, name};
use super::program::{self, Run};
use super::report::{Figure, Judged, Table};

/// A number of guests, with what is promised for it.
pub(super) struct Size {
    pub(super) guests: usize,
    goal: Duration,
    rounds: usize,
}

pub(super) const SIZES: [Size; 2] = [
    Size {
        guests: 100,
        goal: Duration::from_millis(500),
        rounds: 15,
    },
    Size {
        guests: 1000,
        goal: Duration::from_secs(4),
        rounds: 7,
    },
];

/// Peak memory of the controller: 30 MB, and 20 KB a guest.
fn memory_goal_in_mb(guests: usize) -> f64 {
    30.0 + 0.02 * guests as f64
}

/// Measures each way to trust host keys; the figures go into `table`.
pub(super) async fn measure(
    hospes: &Path,
    fleet: &Fleet,
    size: &Size,
    table: &mut Table,
) -> Result<()> {
    for trust in Trust::ALL {
        let config = fleet.configure(size.guests, trust)?;
        let mut runs = Vec::with_capacity(size.rounds);
        for _ in 0..size.rounds {
            runs.push(ask(hospes, &config, size.guests).await?);
        }
        let what = format!("ready, {} guests, {}", size.guests, trust.place());
        let took = Figure::seconds(runs.iter().map(|run| run.took));
        table.judge(&what, size.goal.as_secs_f64(), &took, Judged::Median);
        let cpu = Figure::seconds(runs.iter().map(|run| run.cost.cpu));
        table.tell("- its processor time", &cpu);
        let memory = Figure::memory(runs.iter().map(|run| run.cost.peak_kib));
        let goal = memory_goal_in_mb(size.guests);
        table.judge("- its peak memory", goal, &memory, Judged::Worst);
    }
    Ok(())
}

async fn ask(hospes: &Path, config: &Path, guests: usize) -> Result<Run> {
    let mut command = Command::new(hospes);
    command
        .args(["ready", "all", "--json", "--config"])
        .arg(config)
        .env_clear();
    let run = program::run(&mut command).await?;
    let document: Value =
        serde_json::from_slice(&run.printed).context("hospes printed no document")?;
    check(&document, guests)?;
    ensure!(run.success, "hospes failed, although all guests are ready");
    Ok(run)
}

/// Each guest must be ready with its own boot id, or what was measured is something else.
fn check(document: &Value, guests: usize) -> Result<()> {
    let rows = document["guests"]
        .as_array()
        .context("the document has no guests")?;
    ensure!(
        rows.len() == guests,
        "{} of {guests} guests in the answer",
        rows.len()
    );
    for (index, row) in rows.iter().enumerate() {
        let is_right = row["guest"] == name(index).as_str()
            && row["outcome"] == "ready"
            && row["readiness"]["boot_id"] == boot_id(index).as_str();
        ensure!(is_right, "hospes says of {}: {row}", name(index));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_guest_that_is_not_ready_spoils_the_measurement() {
        let ready = |index: usize| {
            json!({
                "guest": name(index),
                "outcome": "ready",
                "readiness": {"boot_id": boot_id(index)},
            })
        };
        let other = json!({"guest": name(1), "outcome": "not-ready", "reason": "refused"});
        let document = |rows: [Value; 2]| json!({ "guests": rows });
        assert!(check(&document([ready(0), ready(1)]), 2).is_ok());
        assert!(check(&document([ready(0), ready(1)]), 3).is_err());
        assert!(check(&document([ready(0), ready(2)]), 2).is_err());
        assert!(check(&document([ready(0), other]), 2).is_err());
    }
}
