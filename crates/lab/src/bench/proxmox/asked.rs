//! What hospes is asked, and whether it answers right: else something else was measured.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::cluster::{DEAD_AGENTS, GUESTS, name, vmid};
use crate::bench::endpoints::boot_id;
use crate::bench::program::{self, Run};

/// Discovery, and a look at a single guest.
pub(super) async fn guests(hospes: &Path, config: &Path) -> Result<Run> {
    let last = name(GUESTS - 1);
    let (run, document) = ask(hospes, config, &["guests", &last]).await?;
    let rows = rows(&document, 1)?;
    let is_right = rows[0]["guest"] == last.as_str() && rows[0]["state"] == "running";
    ensure!(is_right, "hospes says: {}", rows[0]);
    Ok(run)
}

/// The six conditions of all guests.
pub(super) async fn check(hospes: &Path, config: &Path) -> Result<Run> {
    let (run, document) = ask(hospes, config, &["check", "all"]).await?;
    checked(&document)?;
    Ok(run)
}

/// Readiness of some guests.
pub(super) async fn ready(hospes: &Path, config: &Path, guests: &Range<usize>) -> Result<Run> {
    let ids = format!("id:{}-{}", vmid(guests.start), vmid(guests.end - 1));
    let (run, document) = ask(hospes, config, &["ready", &ids]).await?;
    let rows = rows(&document, guests.len())?;
    for (index, row) in guests.clone().zip(rows) {
        let is_right = row["guest"] == name(index).as_str()
            && row["readiness"]["boot_id"] == boot_id(index).as_str();
        ensure!(is_right, "hospes says of {}: {row}", name(index));
    }
    Ok(run)
}

async fn ask(hospes: &Path, config: &Path, words: &[&str]) -> Result<(Run, Value)> {
    let mut command = Command::new(hospes);
    command
        .args(words)
        .arg("--json")
        .arg("--config")
        .arg(config)
        .env_clear();
    let run = program::run(&mut command).await?;
    let document = serde_json::from_slice(&run.printed).context("hospes printed no document")?;
    Ok((run, document))
}

fn rows(document: &Value, count: usize) -> Result<&[Value]> {
    let rows = document["guests"].as_array();
    let rows = rows.context("the document has no guests")?;
    let told = rows.len();
    ensure!(told == count, "{told} of {count} guests in the answer");
    Ok(rows)
}

/// Those with a dead agent are not healthy, all others are.
fn checked(document: &Value) -> Result<()> {
    for (index, row) in rows(document, GUESTS)?.iter().enumerate() {
        let guest = name(index);
        let is_right = row["guest"] == guest.as_str()
            && match index < DEAD_AGENTS {
                true => row["healthy"] == false,
                false => row["healthy"] == true && row["boot_id"] == boot_id(index).as_str(),
            };
        ensure!(is_right, "hospes says of {guest}: {row}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_guest_that_is_judged_wrong_spoils_the_measurement() {
        let row = |index: usize, healthy: bool| json!({"guest": name(index), "healthy": healthy, "boot_id": boot_id(index)});
        let rows: Vec<Value> = (0..GUESTS)
            .map(|index| row(index, index >= DEAD_AGENTS))
            .collect();
        assert!(checked(&json!({ "guests": rows })).is_ok());
        for (index, healthy) in [(DEAD_AGENTS - 1, true), (DEAD_AGENTS, false)] {
            let mut rows = rows.clone();
            rows[index] = row(index, healthy);
            assert!(checked(&json!({ "guests": rows })).is_err());
        }
        assert!(checked(&json!({ "guests": rows[1..] })).is_err());
    }
}
