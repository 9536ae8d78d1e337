//! Reads evidence: what the product's documents say, and what the lab itself sees of a guest.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::scenario::Context;
use crate::vm::Vm;

const NAMES: [&str; 6] = ["package", "service", "no-hooks", "systemd", "port", "answers"];

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
            ensure!(verdict["state"] == state, "condition {number} is not {state}: {verdict}");
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

/// Fails unless a verdict of the product says `text`.
pub(super) fn said(verdict: &Value, text: &str) -> Result<()> {
    let evidence = verdict["evidence"].as_array().context("evidence")?;
    let parts = evidence.iter().flat_map(|seen| [&seen["asked"], &seen["answered"]]);
    let parts = parts.chain([&verdict["summary"], &verdict["remedy"]]);
    let is_said = parts.filter_map(Value::as_str).any(|part| part.contains(text));
    ensure!(is_said, "not said: `{text}` in {verdict}");
    Ok(())
}

/// Asks for a restart of `web`, expects it to be refused because of exactly these conditions, and
/// returns the verdicts that the refusal carries.
pub(super) async fn refused_restart(context: &Context, numbers: &[usize]) -> Result<Vec<Value>> {
    let run = context.hospes(&["restart", "web", "--json"]).await?.expect_exit(3)?;
    let outcome = run.json()?["guests"][0]["outcome"].clone();
    ensure!(outcome["outcome"] == "refused", "{outcome}");
    let reasons = outcome["refusal"]["reasons"].as_array().context("reasons")?;
    let of_conditions = reasons.iter().filter(|reason| reason["reason"] == "condition");
    let verdicts: Vec<Value> = of_conditions.map(|reason| reason["verdict"].clone()).collect();
    let named: Vec<&str> = verdicts.iter().filter_map(|v| v["condition"].as_str()).collect();
    let expected: Vec<&str> = numbers.iter().map(|number| NAMES[number - 1]).collect();
    ensure!(named == expected, "named {named:?}, expected {expected:?}: {outcome}");
    Ok(verdicts)
}

/// Repairs `web` and expects that all six conditions hold afterwards.
pub(super) async fn fixed(context: &Context) -> Result<()> {
    let run = context.hospes(&["fix", "web", "--json"]).await?.expect_exit(0)?;
    let outcome = run.json()?["guests"][0]["outcome"].clone();
    ensure!(outcome["outcome"] == "fixed", "{outcome}");
    ensure!(outcome["applied"].as_u64() > Some(0), "nothing was applied: {outcome}");
    Ok(())
}

/// One boot of a guest in one process of QEMU.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Boot {
    id: String,
    process: Option<i32>,
}

impl Boot {
    /// The boot that runs now, as the lab sees it.
    pub(super) async fn of(vm: &Vm) -> Result<Self> {
        let id = vm.ssh("cat /proc/sys/kernel/random/boot_id").await?.success()?;
        Ok(Self { id, process: vm.pid() })
    }

    /// Fails unless the guest has run ever since.
    pub(super) async fn goes_on(&self, vm: &Vm) -> Result<()> {
        let state = vm.run_state().await?;
        ensure!(state == "running", "the machine is {state}");
        let now = Self::of(vm).await?;
        ensure!(now == *self, "the guest went down: it was {self:?} and is {now:?}");
        Ok(())
    }
}
