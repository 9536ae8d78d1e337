//! An operation's end in words: what is so, and what to do next.

use std::fmt::Display;

use journal::RunId;
use lifecycle::gate::Refusal;
use lifecycle::operation::{BootProof, Outcome};
use lifecycle::{Health, Readiness};

/// The end of an operation on `guest`, the first line the plainest.
pub(crate) fn outcome_lines(
    guest: &impl Display,
    outcome: &Outcome,
    run: Option<RunId>,
) -> Vec<String> {
    let resume = run.map_or_else(String::new, |run| format!("hospes runs resume {run}"));
    match outcome {
        Outcome::Restarted { proof } => vec![format!("{guest}: restarted: {}", proved(proof))],
        Outcome::Rebooted { proof } => vec![format!("{guest}: rebooted: {}", proved(proof))],
        Outcome::Stopped { already: true } => vec![format!("{guest}: was stopped already")],
        Outcome::Stopped { already: false } => vec![format!("{guest}: stopped")],
        Outcome::Started { already: true, .. } => vec![format!("{guest}: runs already")],
        Outcome::Started {
            readiness: None, ..
        } => vec![format!("{guest}: started")],
        Outcome::Started {
            readiness: Some(ready),
            ..
        } => {
            vec![format!("{guest}: started and ready: {}", readiness(ready))]
        }
        Outcome::Ready { readiness: ready } => {
            vec![format!("{guest}: ready: {}", readiness(ready))]
        }
        Outcome::Fixed { applied: 0 } => vec![format!("{guest}: nothing to mend")],
        Outcome::Fixed { applied } => {
            vec![format!(
                "{guest}: mended ({applied} remedies); the six conditions hold"
            )]
        }
        Outcome::PartlyFixed {
            applied,
            health,
            manual,
        } => {
            let mut lines = vec![format!("{guest}: {applied} remedies applied, and still:")];
            lines.extend(unhealthy(health));
            lines.extend(manual.iter().map(|what| format!("  for you: {what}")));
            lines
        }
        Outcome::Refused { refusal, announced } => refused(refusal, *announced),
        Outcome::Aborted { announced: true } => vec![
            format!("{guest}: the stop is cancelled; the guest was told, and not stopped"),
            "  its graceful scripts may have run".to_owned(),
        ],
        Outcome::Aborted { announced: false } => vec![format!(
            "{guest}: the stop is cancelled; the guest was told nothing"
        )],
        Outcome::StillRunning { after } => vec![
            format!("{guest}: still running after {after:.0?}; nothing was forced"),
            format!("  it may yet go down; to go on: {resume}"),
        ],
        Outcome::RebootedInstead { old, new } => vec![format!(
            "{guest}: rebooted by itself instead of powering off (boot {} is now {})",
            old.short(),
            new.short()
        )],
        Outcome::NotStarted { reason } => vec![
            format!("{guest}: is stopped and was not powered on: {reason}"),
            format!("  when that is mended: {resume}"),
        ],
        Outcome::NotReady {
            reason,
            waited,
            health,
        } => {
            let mut lines = vec![format!("{guest}: not ready after {waited:.0?}: {reason}")];
            lines.extend(health.iter().map(|health| match health.is_healthy() {
                true => "  the hypervisor's side is healthy (this is no readiness)".to_owned(),
                false => format!("  {} conditions do not hold", health.unhealthy.len()),
            }));
            lines
        }
        Outcome::BackUnhealthy { proof, health } => {
            let proof = proof.as_ref().map_or_else(String::new, proved);
            let mut lines = vec![format!("{guest}: is back ({proof}), but not healthy:")];
            lines.extend(unhealthy(health));
            lines
        }
        Outcome::Failed { reason } => vec![format!("{guest}: failed: {reason}")],
    }
}

/// The end of an operation in one line.
pub(crate) fn outcome_line(guest: &impl Display, outcome: &Outcome, run: RunId) -> String {
    match outcome {
        Outcome::Refused { refusal, .. } => refusal.to_string(),
        Outcome::PartlyFixed {
            applied, health, ..
        } => format!(
            "{guest}: {applied} remedies applied, {} conditions do not hold",
            health.unhealthy.len()
        ),
        _ => outcome_lines(guest, outcome, Some(run))
            .into_iter()
            .next()
            .unwrap_or_default(),
    }
}

fn proved(proof: &BootProof) -> String {
    format!(
        "boot {} is now {}, up for {:.0?}, {:.0?} after the request",
        proof.old.short(),
        proof.new.short(),
        proof.uptime,
        proof.took
    )
}

fn readiness(ready: &Readiness) -> String {
    let state = ready.system_state.as_deref().unwrap_or("unknown");
    format!(
        "boot {}, up for {:.0?}, systemd {state}",
        ready.boot_id.short(),
        ready.uptime
    )
}

fn unhealthy(health: &Health) -> impl Iterator<Item = String> {
    health.unhealthy.iter().map(|verdict| {
        let remedy = verdict
            .remedy
            .as_deref()
            .map_or_else(String::new, |r| format!(" -> {r}"));
        let state = verdict.state.as_str();
        format!(
            "  {} {state}: {}{remedy}",
            verdict.condition.number(),
            verdict.summary
        )
    })
}

fn refused(refusal: &Refusal, announced: bool) -> Vec<String> {
    let guest = &refusal.guest;
    let touched = match announced {
        false => "the guest was not touched",
        true => {
            "the announced stop was withdrawn (graceful scripts may have run), nothing else done"
        }
    };
    let mut lines = vec![format!("{guest}: refused; {touched}:")];
    for reason in &refusal.reasons {
        lines.push(format!("  {reason}"));
        if let lifecycle::gate::RefusalReason::Condition { verdict } = reason {
            let seen = verdict.evidence.iter();
            lines.extend(seen.map(|e| format!("      {}: {}", e.asked, e.answered)));
        }
        lines.extend(
            reason
                .remedy(guest)
                .map(|remedy| format!("      -> {remedy}")),
        );
    }
    lines
}
