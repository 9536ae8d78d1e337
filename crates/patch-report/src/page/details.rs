//! Tries at length.

use patch::result::Change;

use super::{Block, Section};
use crate::clock::Clock;
use crate::report::{Attempt, Found, Member, Phase, Report, Standing, happened};
use crate::timeline::{Chart, ROWS_LIMIT};
use crate::words::{some, span};

/// So many packages of a kind are told; the rest is in the JSON form.
const PACKAGES: usize = 100;

/// One try.
#[derive(Debug)]
pub(crate) struct Detail {
    pub(crate) member: String,
    pub(crate) heading: String,
    /// It is not as it should be, or was not.
    pub(crate) is_notable: bool,
    pub(crate) facts: Vec<(&'static str, String)>,
    /// What commands of the user printed that did not end well: their names, and the words.
    pub(crate) outputs: Vec<(String, String)>,
}

/// All tries, or of many members those that are notable.
pub(super) fn section(report: &Report, chart: &Chart<'_>) -> Section {
    let members = report.members.iter();
    let members = members.filter(|member| chart.is_detailed() || is_notable(member));
    let details: Vec<Detail> = members
        .flat_map(|member| member.tries.iter().map(move |tried| (member, tried)))
        .take(2 * ROWS_LIMIT)
        .map(|(member, tried)| detail(member, tried, chart.clock))
        .collect();
    let blocks = if details.is_empty() {
        vec![]
    } else {
        vec![Block::Details(details)]
    };
    Section {
        heading: "Tries",
        blocks,
    }
}

fn is_notable(member: &Member) -> bool {
    let is_bad = matches!(member.standing, Standing::Failed(_) | Standing::Down(_));
    is_bad || member.tries.len() > 1
}

fn detail(member: &Member, tried: &Attempt, clock: &Clock<'_>) -> Detail {
    let ending = tried.found.as_ref().map(|found| found.ending);
    let mut facts = vec![
        ("When", when(tried, clock)),
        ("Phases", phases(&tried.phases)),
        ("Agent", tried.agent.clone().unwrap_or_default()),
    ];
    let mut outputs = Vec::new();
    if let Some(found) = &tried.found {
        facts.extend(told(found));
        let bad = found.commands.iter().filter(|command| !command.is_ok());
        outputs.extend(bad.map(|command| (command.name.clone(), command.output.clone())));
    }
    facts.retain(|(_, text)| !text.is_empty());
    let ending = ending.unwrap_or(if tried.ended.is_some() {
        "no end is known"
    } else {
        "goes on"
    });
    Detail {
        member: member.id.to_string(),
        heading: format!("try {}, run {}: {ending}", tried.turn, tried.run),
        is_notable: is_notable(member),
        facts,
        outputs,
    }
}

fn when(tried: &Attempt, clock: &Clock<'_>) -> String {
    let began = clock.day_and_second(tried.began);
    match tried.ended {
        Some(ended) => format!(
            "{began} to {}, {}",
            clock.time(ended),
            span(ended.since(tried.began))
        ),
        None => format!("since {began}"),
    }
}

fn phases(phases: &[Phase]) -> String {
    let told = phases.iter().map(|phase| match phase.until {
        Some(until) => format!("{} {}", phase.name, span(until.since(phase.from))),
        None => phase.name.clone(),
    });
    told.collect::<Vec<_>>().join(", ")
}

fn told(found: &Found) -> Vec<(&'static str, String)> {
    let named = |name: &str, text: &str| format!("`{name}`: {text}");
    let failures = found.failures.iter().map(|failure| {
        let state = failure.package.state.to_string();
        named(
            &failure.package.package,
            failure.why.as_deref().unwrap_or(&state),
        )
    });
    let withheld = found
        .withheld
        .iter()
        .map(|one| named(&one.package, &one.why.to_string()));
    let conffiles = found.conffiles.iter().map(|file| {
        format!(
            "`{}`, the new version lies at `{}`",
            file.path, file.offered
        )
    });
    let commands = found.commands.iter().map(|command| {
        let status = command.status;
        let text = if command.is_ok() {
            "ended well".to_owned()
        } else {
            format!("status {status}")
        };
        named(&command.name, &text)
    });
    let complaints = found
        .complaints
        .iter()
        .map(|complaint| complaint.what.clone());
    vec![
        (
            "Not as it should be",
            complaints.collect::<Vec<_>>().join("; "),
        ),
        ("Reboot", reboot(found)),
        ("Snapshot", found.snapshot.clone().unwrap_or_default()),
        ("Packages", packages(&found.packages)),
        ("Broken packages", failures.collect::<Vec<_>>().join("; ")),
        (
            "Withheld",
            withheld.take(PACKAGES).collect::<Vec<_>>().join("; "),
        ),
        ("Still to upgrade", some(&found.left, PACKAGES)),
        (
            "Kept configuration",
            conffiles.collect::<Vec<_>>().join("; "),
        ),
        ("Units failed since", found.failed_units.join(", ")),
        ("Commands", commands.collect::<Vec<_>>().join("; ")),
        ("Could not be read", found.gaps.join("; ")),
    ]
}

fn reboot(found: &Found) -> String {
    if let Some(proof) = &found.reboot {
        return format!(
            "proved: boot `{}` ended, boot `{}` answered after {}",
            proof.old,
            proof.new,
            span(proof.took)
        );
    }
    let owed = found.reboot_owed.as_ref();
    owed.map_or_else(String::new, |owed| {
        format!("owed: {}", owed.reasons.join("; "))
    })
}

fn packages(changes: &[Change]) -> String {
    let told = changes.iter().take(PACKAGES).map(|change| {
        let versions = [&change.from, &change.to].into_iter().flatten();
        let versions: Vec<String> = versions.map(|version| format!("`{version}`")).collect();
        let security = if change.security { ", security" } else { "" };
        format!(
            "`{}` {} ({}{security})",
            change.package,
            happened(change.kind),
            versions.join(" to ")
        )
    });
    let mut told: Vec<String> = told.collect();
    let others = changes.len().saturating_sub(PACKAGES);
    if others > 0 {
        told.push(format!("{others} others"));
    }
    told.join("; ")
}
