//! Conditions 1 to 4: what is read inside the guest.

use super::boot::{Boot, starts_at_boot};
use super::sightings::Unreadable;
use crate::facts::{AGENT_PACKAGES, AGENT_UNITS};
use crate::hooks::Findings;
use crate::{Condition, Evidence, GuestFacts, State, Verdict};

const FIX: &str = "`hospes fix GUEST`";

/// How many pieces of evidence a verdict carries.
const MAX_EVIDENCE: usize = 20;

fn verdict(
    condition: Condition,
    state: State,
    summary: impl Into<String>,
    evidence: Vec<Evidence>,
    remedy: &str,
) -> Verdict {
    let remedy = (state != State::Healthy).then(|| remedy.to_owned());
    Verdict {
        condition,
        state,
        summary: summary.into(),
        evidence,
        remedy,
    }
}

/// The verdict on a condition of a guest that could not be read.
pub(super) fn unread(condition: Condition, why: &Unreadable) -> Verdict {
    let summary = format!("the inside of the guest could not be read: {}", why.reason);
    let evidence = vec![Evidence::new("read the guest", why.evidence.as_str())];
    verdict(condition, State::Unknown, summary, evidence, why.advice())
}

/// Condition 1: a package that provides the agent is installed.
pub(super) fn package(facts: &GuestFacts) -> Verdict {
    let condition = Condition::Package;
    let Some(packages) = &facts.packages else {
        let evidence = vec![Evidence::new("dpkg-query and rpm", "neither could tell")];
        let summary = "the installed packages could not be read";
        let remedy = "see why neither dpkg-query nor rpm works in the guest";
        return verdict(condition, State::Unknown, summary, evidence, remedy);
    };
    let asked = format!("dpkg-query -W {0} or rpm -q {0}", AGENT_PACKAGES.join(" "));
    let said: Vec<String> = packages
        .iter()
        .map(|(name, p)| format!("{name}: {} {}", p.status, p.version))
        .collect();
    let said = if said.is_empty() {
        "none is installed".to_owned()
    } else {
        said.join("\n")
    };
    let evidence = vec![Evidence::new(asked, said)];
    let installed = packages
        .iter()
        .find(|(_, p)| p.status.ends_with(" ok installed"));
    match installed {
        Some((name, p)) => verdict(
            condition,
            State::Healthy,
            format!("{name} {}", p.version),
            evidence,
            "",
        ),
        None => verdict(
            condition,
            State::Failed,
            "no agent package is installed",
            evidence,
            FIX,
        ),
    }
}

/// `systemctl show -p ...` of a unit as evidence.
fn shown(facts: &GuestFacts, unit: &str, keys: &[&str]) -> Evidence {
    let said: Vec<String> = keys
        .iter()
        .map(|key| match facts.property(unit, key) {
            Some(value) => format!("{key}={value}"),
            None => format!("{key} was not printed"),
        })
        .collect();
    Evidence::new(
        format!("systemctl show -p {} {unit}", keys.join(",")),
        said.join(" "),
    )
}

/// The verdict when there is no unit of the agent to look at.
fn without_unit(condition: Condition, facts: &GuestFacts, state: State) -> Verdict {
    let asked = format!("systemctl show {}", AGENT_UNITS.join(" "));
    if AGENT_UNITS
        .iter()
        .all(|unit| facts.property(unit, "LoadState").is_none())
    {
        let evidence = vec![Evidence::new(asked, "no answer")];
        let remedy = "see why `systemctl show` does not work in the guest";
        return verdict(
            condition,
            State::Unknown,
            "systemd could not be asked",
            evidence,
            remedy,
        );
    }
    let evidence = vec![Evidence::new(asked, "LoadState=not-found")];
    verdict(
        condition,
        state,
        "systemd knows no unit of the agent",
        evidence,
        FIX,
    )
}

/// Condition 2: the agent's service starts at boot and runs.
pub(super) fn service(facts: &GuestFacts) -> Verdict {
    let condition = Condition::Service;
    let Some(unit) = facts.agent_unit.as_deref() else {
        return without_unit(condition, facts, State::Failed);
    };
    let keys = ["LoadState", "UnitFileState", "ActiveState", "SubState"];
    let mut evidence = vec![shown(facts, unit, &keys)];
    let property = |key| facts.property(unit, key);
    let runs = match (property("ActiveState"), property("SubState")) {
        (Some(active), Some(sub)) => Some(active == "active" && sub == "running"),
        _ => None,
    };
    let boot = starts_at_boot(facts, unit, &mut evidence);
    let (state, summary) = match (boot, runs) {
        (Boot::No(why), _) => (
            State::Failed,
            format!("{unit} does not start at boot: {why}"),
        ),
        (_, Some(false)) => (State::Failed, format!("{unit} does not run")),
        (Boot::Unknown(why), _) => (State::Unknown, format!("{unit}: {why}")),
        (_, None) => (
            State::Unknown,
            format!("whether {unit} runs could not be told"),
        ),
        (Boot::Yes(how), Some(true)) => (State::Healthy, format!("{unit} runs; {how}")),
    };
    verdict(condition, state, summary, evidence, FIX)
}

/// Condition 3: no shutdown hook is tied to the agent.
pub(super) fn hooks(facts: &GuestFacts, findings: &Findings) -> Verdict {
    let condition = Condition::NoHooks;
    let is_read = AGENT_UNITS
        .iter()
        .any(|unit| facts.property(unit, "LoadState").is_some());
    if !is_read && findings.hooks.is_empty() {
        return without_unit(condition, facts, State::Unknown);
    }
    let mut evidence: Vec<Evidence> = findings
        .hooks
        .iter()
        .map(|hook| {
            let asked = format!("{} of {}", hook.property, hook.unit);
            Evidence::new(
                asked,
                format!("{} ({}; {})", hook.what, hook.action, hook.source),
            )
        })
        .chain(
            findings
                .gaps
                .iter()
                .map(|gap| Evidence::new("follow what the agent reaches", gap)),
        )
        .collect();
    let (hooks, gaps) = (findings.hooks.len(), findings.gaps.len());
    evidence.truncate(MAX_EVIDENCE);
    if hooks > 0 {
        let summary = match hooks {
            1 => "a shutdown hook is tied to the agent".to_owned(),
            n => format!("{n} shutdown hooks are tied to the agent"),
        };
        return verdict(condition, State::Failed, summary, evidence, FIX);
    }
    if gaps > 0 {
        let summary = "not everything that the agent reaches could be read";
        let remedy = "look at what the evidence names, or `hospes fix GUEST`";
        return verdict(condition, State::Unknown, summary, evidence, remedy);
    }
    let said = format!(
        "{} units and {} files read",
        facts.units.len(),
        facts.files.len()
    );
    let asked = "systemctl show of the agent's unit and what it reaches";
    let evidence = vec![Evidence::new(asked, said)];
    verdict(
        condition,
        State::Healthy,
        "no shutdown hook is tied to the agent",
        evidence,
        "",
    )
}

/// Condition 4: systemd's state of the agent's units is consistent.
pub(super) fn systemd(facts: &GuestFacts) -> Verdict {
    let condition = Condition::Systemd;
    let Some(unit) = facts.agent_unit.as_deref() else {
        return without_unit(condition, facts, State::Unknown);
    };
    let mut evidence = Vec::new();
    let (mut faults, mut unread) = (Vec::new(), Vec::new());
    let others = AGENT_UNITS
        .into_iter()
        .filter(|name| *name != unit && facts.property(name, "ActiveState") == Some("failed"));
    for name in std::iter::once(unit).chain(others) {
        let keys = [
            "LoadState",
            "ActiveState",
            "SubState",
            "Job",
            "NeedDaemonReload",
        ];
        evidence.push(shown(facts, name, &keys));
        judge_unit(facts, name, &mut faults, &mut unread);
    }
    if let Some(state) = &facts.system_state {
        evidence.push(Evidence::new("systemctl is-system-running", state.as_str()));
    }
    match (faults.is_empty(), unread.is_empty()) {
        (false, _) => verdict(condition, State::Failed, faults.join("; "), evidence, FIX),
        (true, false) => {
            let summary = format!("systemd did not tell {} of {unit}", unread.join(", "));
            verdict(
                condition,
                State::Unknown,
                summary,
                evidence,
                "ask systemd in the guest",
            )
        }
        (true, true) => verdict(
            condition,
            State::Healthy,
            format!("{unit} is consistent"),
            evidence,
            "",
        ),
    }
}

fn judge_unit(
    facts: &GuestFacts,
    unit: &str,
    faults: &mut Vec<String>,
    unread: &mut Vec<&'static str>,
) {
    match facts.property(unit, "LoadState") {
        Some("loaded") => {}
        Some("masked") => faults.push(format!("{unit} is masked")),
        Some("not-found") => faults.push(format!("the file of {unit} is gone")),
        Some(other) => faults.push(format!("{unit} could not be loaded ({other})")),
        None => unread.push("LoadState"),
    }
    match facts.property(unit, "ActiveState") {
        Some("active" | "inactive") => {}
        Some(other) => faults.push(format!("{unit} is {other}")),
        None => unread.push("ActiveState"),
    }
    match facts.property(unit, "NeedDaemonReload") {
        Some("no") => {}
        Some(_) => faults.push(format!("{unit} changed on disk: daemon-reload needed")),
        None => unread.push("NeedDaemonReload"),
    }
    let is_job = |job: &&String| job.split_whitespace().nth(1) == Some(unit);
    let job = facts.jobs.iter().flatten().find(is_job).map(String::as_str);
    let job = job.or_else(|| {
        facts
            .property(unit, "Job")
            .filter(|id| !matches!(*id, "" | "0"))
    });
    if let Some(job) = job {
        faults.push(format!("{unit} is stuck in a job ({job})"));
    } else if facts.jobs.is_none() {
        unread.push("its jobs");
    }
}
