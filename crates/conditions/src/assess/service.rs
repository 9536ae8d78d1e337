//! Conditions 1 to 4: what is read inside the guest.

use super::boot::{Boot, starts_at_boot};
use super::judgement::{Advice, Judgement};
use super::sightings::Unreadable;
use crate::facts::{AGENT_PACKAGES, AGENT_UNITS};
use crate::hooks::Findings;
use crate::{Evidence, GuestFacts, State};

/// How many pieces of evidence a verdict carries.
const MAX_EVIDENCE: usize = 20;

/// Any condition of a guest that could not be read.
pub(super) fn unread(why: &Unreadable) -> Judgement {
    let summary = format!("the inside of the guest could not be read: {}", why.reason);
    let evidence = vec![Evidence::new("read the guest", why.evidence.as_str())];
    Judgement::new(State::Unknown, summary, evidence, why.advice())
}

/// Condition 1: a package that provides the agent is installed.
pub(super) fn package(facts: &GuestFacts) -> Judgement {
    let Some(packages) = &facts.packages else {
        let evidence = vec![Evidence::new("dpkg-query and rpm", "neither could tell")];
        let summary = "the installed packages could not be read";
        let advice = Advice::ByHand("see why neither dpkg-query nor rpm works in the guest");
        return Judgement::new(State::Unknown, summary, evidence, advice);
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
        Some((name, p)) => Judgement::healthy(format!("{name} {}", p.version), evidence),
        None => Judgement::new(
            State::Failed,
            "no agent package is installed",
            evidence,
            Advice::Fix,
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

/// When there is no unit of the agent to look at.
fn without_unit(facts: &GuestFacts, state: State) -> Judgement {
    let asked = format!("systemctl show {}", AGENT_UNITS.join(" "));
    if AGENT_UNITS
        .iter()
        .all(|unit| facts.property(unit, "LoadState").is_none())
    {
        let evidence = vec![Evidence::new(asked, "no answer")];
        let advice = Advice::ByHand("see why `systemctl show` does not work in the guest");
        return Judgement::new(
            State::Unknown,
            "systemd could not be asked",
            evidence,
            advice,
        );
    }
    let evidence = vec![Evidence::new(asked, "LoadState=not-found")];
    let summary = "systemd knows no unit of the agent";
    Judgement::new(state, summary, evidence, Advice::Fix)
}

/// Condition 2: the agent's service starts at boot and runs.
pub(super) fn service(facts: &GuestFacts) -> Judgement {
    let Some(unit) = facts.agent_unit.as_deref() else {
        return without_unit(facts, State::Failed);
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
    Judgement::new(state, summary, evidence, Advice::Fix)
}

/// Condition 3: no shutdown hook is tied to the agent.
pub(super) fn hooks(facts: &GuestFacts, findings: &Findings) -> Judgement {
    let is_read = AGENT_UNITS
        .iter()
        .any(|unit| facts.property(unit, "LoadState").is_some());
    if !is_read && findings.hooks.is_empty() {
        return without_unit(facts, State::Unknown);
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
        return Judgement::new(State::Failed, summary, evidence, Advice::Fix);
    }
    if gaps > 0 {
        let summary = "not everything that the agent reaches could be read";
        return Judgement::new(State::Unknown, summary, evidence, Advice::LookOrFix);
    }
    let said = format!(
        "{} units and {} files read",
        facts.units.len(),
        facts.files.len()
    );
    let asked = "systemctl show of the agent's unit and what it reaches";
    let evidence = vec![Evidence::new(asked, said)];
    Judgement::healthy("no shutdown hook is tied to the agent", evidence)
}

/// Condition 4: systemd's state of the agent's units is consistent.
pub(super) fn systemd(facts: &GuestFacts) -> Judgement {
    let Some(unit) = facts.agent_unit.as_deref() else {
        return without_unit(facts, State::Unknown);
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
        (false, _) => Judgement::new(State::Failed, faults.join("; "), evidence, Advice::Fix),
        (true, false) => {
            let summary = format!("systemd did not tell {} of {unit}", unread.join(", "));
            Judgement::new(
                State::Unknown,
                summary,
                evidence,
                Advice::ByHand("ask systemd in the guest"),
            )
        }
        (true, true) => Judgement::healthy(format!("{unit} is consistent"), evidence),
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
