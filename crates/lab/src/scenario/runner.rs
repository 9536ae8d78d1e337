//! Runs the selected scenarios, a few at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::report::{self, Ending};
use super::{Context, Scenario};
use crate::command::file_tail;
use crate::console::Console;
use crate::guest_agent::GuestAgent;
use crate::session::{self, Session};
use crate::vm::{Launcher, logs_of};

/// Which scenarios to run, and how many at once.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Only those whose name contains this.
    pub filter: Option<String>,
    /// Also those that run in the full test only.
    pub full: bool,
    /// Which agent the guests run.
    pub agent: GuestAgent,
    /// How many run at the same time; at least one does.
    pub at_once: usize,
}

impl Selection {
    /// The scenarios of `all` that this selects. One named in full needs no `full`.
    #[must_use]
    pub fn of(&self, all: &[Scenario]) -> Vec<Scenario> {
        let named = |scenario: &Scenario| self.filter.as_deref() == Some(scenario.name);
        let found = |scenario: &Scenario| {
            self.filter
                .as_ref()
                .is_none_or(|part| scenario.name.contains(part))
        };
        let fits = |scenario: &Scenario| match self.agent {
            GuestAgent::Hospes(_) => true,
            GuestAgent::Stock => {
                !scenario.our_agent_only
                    && (scenario.stock_too || self.full || self.filter.is_some())
            }
        };
        let wanted = |scenario: &&Scenario| {
            fits(scenario)
                && (named(scenario) || (found(scenario) && (self.full || !scenario.full_only)))
        };
        all.iter().filter(wanted).copied().collect()
    }
}

/// Runs what `selection` selects of `all` and prints a table.
///
/// # Errors
/// Nothing is selected, the machines cannot be prepared, or a scenario failed.
pub async fn run(
    all: &[Scenario],
    selection: &Selection,
    session: &Session,
    console: &Console,
) -> Result<()> {
    let selected = selection.of(all);
    if selected.is_empty() {
        bail!("no scenario is called so; `lab scenarios --list` names them all");
    }
    let started = Instant::now();
    let launcher =
        Arc::new(Launcher::prepare(selection.agent.clone(), session.dir(), console).await?);
    console.note(format!(
        "accelerator: {}, agent: {}",
        launcher.accelerator().name(),
        selection.agent.name()
    ));
    let endings = run_all(
        &selected,
        selection.at_once.max(1),
        session,
        &launcher,
        console,
    )
    .await;
    report::print(console, &endings, started.elapsed());
    let failed: Vec<&str> = endings
        .iter()
        .filter(|end| end.failure.is_some())
        .map(|end| end.name)
        .collect();
    if !failed.is_empty() {
        bail!(
            "failed: {}; logs are in {}",
            failed.join(", "),
            session.dir().display()
        );
    }
    Ok(())
}

async fn run_all(
    selected: &[Scenario],
    at_once: usize,
    session: &Session,
    launcher: &Arc<Launcher>,
    console: &Console,
) -> Vec<Ending> {
    let places = Arc::new(Semaphore::new(at_once));
    let mut running = JoinSet::new();
    for (order, scenario) in selected.iter().copied().enumerate() {
        let (places, launcher, console) = (places.clone(), launcher.clone(), console.clone());
        let dir = session.dir().join(scenario.name);
        running.spawn(async move {
            let _place = places.acquire().await;
            (order, run_one(scenario, dir, launcher, &console).await)
        });
    }
    let mut endings = Vec::new();
    while let Some(ended) = running.join_next().await {
        let Ok((order, ending)) = ended else { continue };
        announce(&ending, session, console);
        endings.push((order, ending));
    }
    endings.sort_by_key(|(order, _)| *order);
    endings.into_iter().map(|(_, ending)| ending).collect()
}

async fn run_one(
    scenario: Scenario,
    dir: PathBuf,
    launcher: Arc<Launcher>,
    console: &Console,
) -> Ending {
    let started = Instant::now();
    let activity = console.activity(scenario.name);
    // A task of its own, so that a failed assertion is a failed scenario and not the end of the others.
    let result = match Context::new(dir.clone(), launcher, activity) {
        Ok(context) => tokio::spawn((scenario.run)(context)).await,
        Err(error) => Ok(Err(error)),
    };
    let failure = match result {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("{error:#}")),
        Err(panic) => Some(panic.to_string()),
    };
    let failure = failure.map(|why| format!("{why}\n{}", evidence(&dir)));
    session::end_machines(&dir);
    remove_if_passed(&dir, failure.is_none());
    Ending {
        name: scenario.name,
        took: started.elapsed(),
        failure,
    }
}

/// Scenarios that passed leave nothing: their disks would fill the cache.
fn remove_if_passed(dir: &Path, passed: bool) {
    if passed {
        let _ = std::fs::remove_dir_all(dir);
    }
}

fn evidence(dir: &Path) -> String {
    let machines = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()));
    let mut parts: Vec<String> = machines
        .filter(|path| path.join("serial.log").exists())
        .map(|vm| logs_of(&vm))
        .collect();
    parts.push(format!(
        "--- hospes\n{}",
        file_tail(&dir.join("hospes.log"), 40)
    ));
    parts.join("\n")
}

fn announce(ending: &Ending, session: &Session, console: &Console) {
    let seconds = ending.took.as_secs_f32();
    match &ending.failure {
        None => console.note(format!("ok      {} ({seconds:.1} s)", ending.name)),
        Some(why) => {
            let _ = session.keep_logs();
            console.note(format!("FAILED  {} ({seconds:.1} s): {why}", ending.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(_: Context) -> super::super::Running {
        Box::pin(async { Ok(()) })
    }

    #[test]
    fn a_selection_is_by_name_fullness_and_agent() {
        let all = [
            Scenario::new("restart_a", "", passes).stock_too(),
            Scenario::new("restart_b", "", passes).full_only(),
            Scenario::new("ours", "", passes).our_agent_only(),
        ];
        let (ours, stock) = (GuestAgent::Hospes(Vec::new()), GuestAgent::Stock);
        let table = [
            (None, false, &ours, vec!["restart_a", "ours"]),
            (None, true, &ours, vec!["restart_a", "restart_b", "ours"]),
            (Some("restart"), false, &ours, vec!["restart_a"]),
            (Some("restart_b"), false, &ours, vec!["restart_b"]),
            (Some("other"), true, &ours, vec![]),
            (None, false, &stock, vec!["restart_a"]),
            (None, true, &stock, vec!["restart_a", "restart_b"]),
            (Some("restart_b"), false, &stock, vec!["restart_b"]),
            (Some("ours"), true, &stock, vec![]),
        ];
        for (filter, full, agent, expected) in table {
            let selection = Selection {
                filter: filter.map(str::to_owned),
                full,
                agent: agent.clone(),
                at_once: 1,
            };
            let names: Vec<&str> = selection
                .of(&all)
                .iter()
                .map(|scenario| scenario.name)
                .collect();
            assert_eq!(names, expected, "{filter:?} {full} {}", agent.name());
        }
    }
}
