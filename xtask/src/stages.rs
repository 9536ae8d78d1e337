//! Stages of a command: each is announced and timed, the first failure ends them, a table closes.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::say;

/// What ran so far.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    done: Vec<(&'static str, Duration, &'static str)>,
    notes: Vec<String>,
}

/// How a stage without a failure ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It did what its name says.
    Done,
    /// It could not be done here; this is said again at the end.
    NotDone(String),
    /// It was done, but not all of it; this is said again at the end.
    DoneBut(String),
}

impl Stages {
    /// Runs one stage. `advice` says what to do when it fails.
    pub(crate) fn run(
        &mut self,
        name: &'static str,
        advice: &str,
        stage: impl FnOnce() -> Result<Outcome>,
    ) -> Result<()> {
        say::heading(name);
        let started = Instant::now();
        let result = stage();
        let verdict = match &result {
            Ok(Outcome::NotDone(_)) => "NOT DONE",
            Ok(_) => "ok",
            Err(_) => "FAILED",
        };
        let took = started.elapsed();
        say::line(&format!(
            "    {name}: {verdict} ({:.1} s)",
            took.as_secs_f32()
        ));
        self.done.push((name, took, verdict));
        if let Ok(Outcome::NotDone(note) | Outcome::DoneBut(note)) = &result {
            say::line(&format!("    NOTE: {note}"));
            self.notes.push(note.clone());
        }
        result
            .map(drop)
            .with_context(|| format!("stage `{name}` failed; {advice}"))
    }

    /// Prints the table of stages and the notes.
    pub(crate) fn summarize(&self) {
        say::heading("summary");
        for line in self.table() {
            say::line(&line);
        }
        for note in &self.notes {
            say::line(&format!("NOTE: {note}"));
        }
    }

    fn table(&self) -> Vec<String> {
        let row = |name: &str, took: Duration, verdict: &str| {
            format!("{name:16} {:>8.1} s  {verdict}", took.as_secs_f32())
        };
        let total = self.done.iter().map(|(_, took, _)| *took).sum();
        let rows = self
            .done
            .iter()
            .map(|(name, took, verdict)| row(name, *took, verdict));
        rows.chain([row("total", total, "")])
            .map(|line| line.trim_end().to_owned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_in_the_table_and_tells_what_to_do() {
        let mut stages = Stages::default();
        stages.run("one", "", || Ok(Outcome::Done)).unwrap();
        stages
            .run("two", "", || Ok(Outcome::NotDone("no tool".to_owned())))
            .unwrap();
        let error = stages
            .run("three", "mend it", || anyhow::bail!("broken"))
            .unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "stage `three` failed; mend it: broken"
        );
        let table = stages.table().join("\n");
        assert!(
            table.contains("one") && table.contains("NOT DONE") && table.contains("FAILED"),
            "{table}"
        );
        assert_eq!(stages.notes, ["no tool"]);
    }
}
