//! Checks and repair plans for people.

use anyhow::Result;
use conditions::{Check, FixPlan, Identity, RunState, State, Verdict};

use super::{line, table};

/// The six conditions of one guest: a table, then the evidence of what is wrong (of everything,
/// with `all`) and what to do. One text, so that what was read need not be kept for it.
pub(crate) fn check_report(check: &Check, all: bool) -> String {
    let mut lines = vec![headline(check)];
    let rows = check.verdicts().iter().map(|verdict| {
        let number = verdict.condition.number().to_string();
        let title = verdict.condition.title().to_owned();
        [
            format!("  {number}"),
            title,
            word(verdict.state).to_owned(),
            verdict.summary.clone(),
        ]
    });
    lines.push(table(["  #", "CONDITION", "STATE", "BECAUSE"], rows));
    for verdict in check.verdicts() {
        if all || verdict.state != State::Healthy {
            lines.extend(evidence(verdict));
        }
    }
    lines.join("\n")
}

fn headline(check: &Check) -> String {
    let mut words = vec![check.run_state().as_str().to_owned()];
    words.push(format!("on {}", check.node()));
    words.extend(check.boot_id().map(|boot| format!("boot {}", boot.short())));
    words.extend(check.system_state().map(|state| format!("systemd {state}")));
    words.extend(check.lock().map(|lock| format!("locked ({lock})")));
    let runs = *check.run_state() != RunState::Stopped;
    let trouble = check.ssh().trouble().filter(|_| runs);
    words.extend(trouble.map(|why| format!("SSH: {}", why.reason)));
    words.push(match check.identity() {
        Identity::Same { .. } if check.is_healthy() => "the hypervisor may act".to_owned(),
        Identity::Same { .. } => "the hypervisor must not act".to_owned(),
        Identity::Different { evidence } => format!("NOT THE SAME MACHINE: {evidence}"),
        Identity::Unproven { .. } if !runs => "nothing inside can be read".to_owned(),
        Identity::Unproven { why } => {
            format!("the hypervisor must not act (identity unproven: {why})")
        }
    });
    format!("{}: {}", check.guest(), words.join(", "))
}

fn evidence(verdict: &Verdict) -> Vec<String> {
    let mut lines = Vec::new();
    for (i, seen) in verdict.evidence.iter().enumerate() {
        let number = if i == 0 {
            verdict.condition.number().to_string()
        } else {
            String::new()
        };
        let mut answered = seen.answered.lines();
        lines.push(format!(
            "  {number:1} {}: {}",
            seen.asked,
            answered.next().unwrap_or("(nothing)")
        ));
        lines.extend(answered.map(|more| format!("      {more}")));
    }
    let remedy = verdict.remedy.iter();
    lines.extend(remedy.map(|remedy| format!("    -> {remedy}")));
    lines
}

const fn word(state: State) -> &'static str {
    match state {
        State::Healthy => "healthy",
        State::Failed => "FAILED",
        State::Unknown => "unknown",
    }
}

/// What `fix` would do: each remedy, with its diff.
pub(crate) fn fix_plan(check: &Check, plan: &FixPlan) -> Result<()> {
    let guest = check.guest();
    if plan.remedies.is_empty() && plan.manual.is_empty() {
        return line(&format!("{guest}: nothing to mend"));
    }
    line(&format!("{guest}: fix would, in this order:"))?;
    for (i, remedy) in plan.remedies.iter().enumerate() {
        line(&format!("  {}. {}", i + 1, remedy.describe()))?;
        for text in remedy.diff().iter().flat_map(|diff| diff.lines()) {
            line(&format!("       {text}"))?;
        }
    }
    plan.manual
        .iter()
        .try_for_each(|what| line(&format!("  for you: {what}")))
}
