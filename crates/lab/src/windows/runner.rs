//! Runs the selected scenarios, two at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

use super::Site;
use super::scenarios::{ALL, Scenario};
use crate::console::Console;

/// Each starts Windows in seconds, and a dozen processes.
const AT_ONCE: usize = 2;
/// Longer than any wait in a scenario.
const DEADLINE: Duration = Duration::from_secs(600);

/// What scenarios are run with.
#[derive(Debug, Clone)]
pub struct Given {
    /// Where `hospes-agent.exe`, `GCEMetadataScriptRunner.exe` and what they need are.
    pub programs: PathBuf,
    /// A prefix of Wine that nobody uses; it is copied, not changed.
    pub prefix: PathBuf,
}

/// Prints the scenarios' names and what they show.
pub fn list(console: &Console) {
    for scenario in ALL {
        console.result(format!("{:24} {}", scenario.name, scenario.about));
    }
}

/// Runs the scenarios with these names, or all.
///
/// # Errors
/// A name is none, or a scenario failed.
pub async fn run(given: &Given, names: &[String], console: &Console) -> Result<()> {
    ensure!(
        given.prefix.join("system.reg").is_file(),
        "{} is no prefix of Wine; `cargo xtask test-windows` makes one",
        given.prefix.display()
    );
    let given = Given {
        programs: std::path::absolute(&given.programs)?,
        prefix: std::path::absolute(&given.prefix)?,
    };
    let selected = selected(names)?;
    let started = Instant::now();
    let count = selected.len();
    let all = run_all(selected, &given, console);
    let failed = LocalSet::new().run_until(all).await;
    let seconds = started.elapsed().as_secs_f32();
    let passed = count - failed.len();
    console.result(format!(
        "{passed} passed, {} failed in {seconds:.0} s",
        failed.len()
    ));
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

fn selected(names: &[String]) -> Result<Vec<Scenario>> {
    for name in names {
        if !ALL.iter().any(|scenario| scenario.name == name) {
            bail!("no scenario is called {name}; `lab windows --list` names them all");
        }
    }
    let wanted =
        |scenario: &&Scenario| names.is_empty() || names.iter().any(|name| name == scenario.name);
    Ok(ALL.iter().filter(wanted).copied().collect())
}

/// Answers the names of those that failed. Nothing here needs another thread.
async fn run_all(selected: Vec<Scenario>, given: &Given, console: &Console) -> Vec<&'static str> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for scenario in selected {
        let (places, given, console) = (Arc::clone(&places), given.clone(), console.clone());
        running.spawn_local(async move {
            let _place = places.acquire().await;
            run_one(scenario, given, &console).await
        });
    }
    let ended = running.join_all().await;
    ended.into_iter().flatten().collect()
}

/// Answers its name if it failed.
async fn run_one(scenario: Scenario, given: Given, console: &Console) -> Option<&'static str> {
    let started = Instant::now();
    let activity = console.activity(scenario.name);
    let result = match Site::new(given, activity) {
        Ok(site) => timeout(DEADLINE, (scenario.run)(site)).await,
        Err(error) => Ok(Err(error)),
    };
    let result = result
        .context("it takes too long")
        .and_then(|result| result);
    let seconds = started.elapsed().as_secs_f32();
    match result {
        Ok(()) => {
            console.note(format!("ok      {} ({seconds:.1} s)", scenario.name));
            None
        }
        Err(error) => {
            console.note(format!(
                "FAILED  {} ({seconds:.1} s): {error:#}",
                scenario.name
            ));
            Some(scenario.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_selected_by_their_names() {
        assert_eq!(selected(&[]).unwrap().len(), ALL.len());
        let names = [ALL[1].name.to_owned()];
        let found = selected(&names).unwrap();
        assert_eq!((found.len(), found[0].name), (1, ALL[1].name));
        let error = selected(&["other".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("other"), "{error}");
    }
}
