//! Reads evidence: what the product's documents say, and what the lab itself sees of a guest.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::proof::{boot_id, qemu, untouched};
use crate::scenario::Context;
use crate::vm::Vm;

const NAMES: [&str; 6] = [
    "package", "service", "no-hooks", "systemd", "port", "answers",
];

/// What `hospes check web --json` says.
pub(super) struct Checked(Value);

/// Checks the guest `web`. The exit code must agree with the document.
pub(super) async fn check(context: &Context) -> Result<Checked> {
    let run = context.hospes(&["check", "web", "--json"]).await?;
    let guest = run.json()?["guests"][0].clone();
    let expected = if guest["healthy"] == true { 0 } else { 1 };
    run.expect_exit(expected)?;
    Ok(Checked(guest))
}

/// Checks the guest `web` and expects all six conditions to hold.
pub(super) async fn healthy(context: &Context) -> Result<Checked> {
    let checked = check(context).await?;
    checked.expect(&[])?;
    Ok(checked)
}

impl Checked {
    /// One field of the guest's part.
    pub(super) fn field(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// Fails unless exactly these conditions do not hold, each in its state.
    pub(super) fn expect(&self, unhealthy: &[(usize, &str)]) -> Result<()> {
        for (number, verdict) in (1..).zip(self.verdicts()?) {
            let named = unhealthy.iter().find(|(of, _)| *of == number);
            let state = named.map_or("healthy", |(_, state)| *state);
            ensure!(
                verdict["state"] == state,
                "condition {number} is not {state}: {verdict}"
            );
        }
        Ok(())
    }

    /// Fails unless the verdict on a condition says `text`: in its summary, evidence or remedy.
    pub(super) fn expect_said(&self, number: usize, text: &str) -> Result<()> {
        let verdict = self.verdicts()?.get(number - 1).context("six verdicts")?;
        said(verdict, text)
    }

    fn verdicts(&self) -> Result<&Vec<Value>> {
        let verdicts = self.0["verdicts"].as_array().context("verdicts")?;
        ensure!(verdicts.len() == NAMES.len(), "{} verdicts", verdicts.len());
        Ok(verdicts)
    }
}

fn said(verdict: &Value, text: &str) -> Result<()> {
    let evidence = verdict["evidence"].as_array().context("evidence")?;
    let parts = evidence
        .iter()
        .flat_map(|seen| [&seen["asked"], &seen["answered"]]);
    let parts = parts.chain([&verdict["summary"], &verdict["remedy"]]);
    let is_said = parts
        .filter_map(Value::as_str)
        .any(|part| part.contains(text));
    ensure!(is_said, "not said: `{text}` in {verdict}");
    Ok(())
}

/// A restart that was refused.
pub(super) struct Refused {
    took: Duration,
    verdicts: Vec<Value>,
    document: String,
}

/// Asks for a restart of `web` and expects it to be refused.
pub(super) async fn refused_restart(context: &Context) -> Result<Refused> {
    let run = context
        .hospes(&["restart", "web", "--json"])
        .await?
        .expect_exit(3)?;
    let outcome = run.outcome()?;
    ensure!(outcome["outcome"] == "refused", "{outcome}");
    let reasons = outcome["refusal"]["reasons"]
        .as_array()
        .context("reasons")?;
    let of_conditions = reasons
        .iter()
        .filter(|reason| reason["reason"] == "condition");
    let verdicts = of_conditions
        .map(|reason| reason["verdict"].clone())
        .collect();
    Ok(Refused {
        took: run.took,
        verdicts,
        document: outcome.to_string(),
    })
}

impl Refused {
    /// Fails unless exactly these conditions are named.
    pub(super) fn expect(&self, numbers: &[usize]) -> Result<()> {
        let named: Vec<_> = self
            .verdicts
            .iter()
            .map(|verdict| &verdict["condition"])
            .collect();
        let expected: Vec<_> = numbers.iter().map(|number| NAMES[number - 1]).collect();
        ensure!(
            named == expected,
            "expected {expected:?}: {}",
            self.document
        );
        Ok(())
    }

    /// Fails unless this condition is named as failed and says `text`.
    pub(super) fn expect_failed(&self, number: usize, text: &str) -> Result<()> {
        let of = |verdict: &&Value| verdict["condition"] == NAMES[number - 1];
        let verdict = self.verdicts.iter().find(of);
        let verdict =
            verdict.with_context(|| format!("{number} is not named: {}", self.document))?;
        ensure!(verdict["state"] == "failed", "not failed: {verdict}");
        said(verdict, text)
    }

    /// Fails unless it took less than `deadline`.
    pub(super) fn expect_within(&self, deadline: Duration) -> Result<()> {
        ensure!(self.took < deadline, "refused after {:?}", self.took);
        Ok(())
    }
}

/// Repairs `web` and expects that all six conditions hold afterwards.
pub(super) async fn fixed(context: &Context) -> Result<()> {
    let run = context
        .hospes(&["fix", "web", "--json"])
        .await?
        .expect_exit(0)?;
    let outcome = run.outcome()?;
    ensure!(outcome["outcome"] == "fixed", "{outcome}");
    ensure!(
        outcome["applied"].as_u64() > Some(0),
        "nothing was applied: {outcome}"
    );
    Ok(())
}

/// One boot of a guest in one process of QEMU.
pub(super) struct Boot {
    process: i32,
    id: String,
}

impl Boot {
    /// The boot that runs now, as the lab sees it.
    pub(super) async fn of(vm: &Vm) -> Result<Self> {
        let (process, id) = (qemu(vm)?, boot_id(vm).await?);
        Ok(Self { process, id })
    }

    /// The guest's boot id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Fails unless the guest has run ever since.
    pub(super) async fn goes_on(&self, vm: &Vm) -> Result<()> {
        untouched(vm, self.process, &self.id).await
    }
}
