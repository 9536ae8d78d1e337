//! Reads how runs over nodes ended: the documents of `patch::node::Outcome`.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::super::super::proof::{record, text};
use crate::scenario::Context;

/// How a run over a node ended.
#[derive(Debug)]
pub(super) struct Outcome(Value);

/// How all runs ended, the oldest first.
pub(super) async fn outcomes(context: &Context) -> Result<Vec<Outcome>> {
    let list = context.hospes(&["runs", "list", "--json"]).await?;
    let list = list.expect_exit(0)?.json()?;
    let runs = list["runs"].as_array().context("no runs")?;
    let mut outcomes = Vec::new();
    for run in runs.iter().rev() {
        let record = record(context, &text(&run["run"]["id"])).await?;
        let outcome = serde_json::from_str(&text(&record["outcome"]));
        outcomes.push(Outcome(
            outcome.with_context(|| format!("no outcome: {record}"))?,
        ));
    }
    Ok(outcomes)
}

/// How the only run ended.
pub(super) async fn only_outcome(context: &Context) -> Result<Outcome> {
    let mut outcomes = outcomes(context).await?;
    ensure!(outcomes.len() == 1, "{} runs: {outcomes:?}", outcomes.len());
    outcomes.pop().context("no run")
}

impl Outcome {
    /// One part of what the run has seen.
    pub(super) fn seen(&self, name: &str) -> &Value {
        &self.0["report"][name]
    }

    /// Fails unless the run ended so.
    pub(super) fn expect_ending(&self, ending: &str) -> Result<&Self> {
        let seen = &self.0["ending"];
        ensure!(seen["ending"] == ending, "not {ending}: {seen}");
        Ok(self)
    }

    /// Fails unless the end says `words` somewhere.
    pub(super) fn expect_end_says(&self, words: &str) -> Result<&Self> {
        let end = self.0["ending"].to_string();
        ensure!(end.contains(words), "`{words}` is not said: {end}");
        Ok(self)
    }
}
