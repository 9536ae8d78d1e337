//! The summary: one sentence, then numbers.

use super::{Block, Section};
use crate::clock::Clock;
use crate::report::{Progress, Report, Span, Summary};
use crate::words::{count, span};

pub(super) fn summary(report: &Report, clock: &Clock<'_>) -> Section {
    let (campaign, summary) = (&report.campaign, &report.summary);
    let mut facts = vec![
        ("Members", members(summary)),
        ("Packages", packages(summary)),
        ("Withheld", withheld(summary)),
        ("Reboots", reboots(summary)),
        ("Time", time(report, clock)),
        ("Operator", campaign.operator.clone()),
        (
            "Plan",
            format!("`{}`, seal `{}`", campaign.name, campaign.seal),
        ),
    ];
    let without = &campaign.interruptions;
    if !without.is_empty() {
        let times = count(without.len(), "time", "times");
        let text = format!(
            "taken up again {times}, {} without one",
            together(without, report)
        );
        facts.push(("Controller", text));
    }
    if !campaign.pauses.is_empty() {
        let times = count(campaign.pauses.len(), "time", "times");
        let text = format!("{times}, {}", together(&campaign.pauses, report));
        facts.push(("Paused", text));
    }
    if !campaign.differences.is_empty() {
        facts.push(("Refused to apply", campaign.differences.join("; ")));
    }
    facts.retain(|(_, text)| !text.is_empty());
    Section {
        heading: "Summary",
        blocks: vec![Block::Words(headline(report)), Block::Facts(facts)],
    }
}

fn headline(report: &Report) -> String {
    let members = &report.summary.members;
    let so_far = format!("{} of {} are patched", members.done, members.members);
    match (report.campaign.progress, &report.campaign.halt) {
        (Progress::Running, None) => format!("The campaign goes on: {so_far}."),
        (Progress::Running, Some(halt)) => {
            format!("The campaign finishes what is under way ({halt}): {so_far}.")
        }
        (Progress::Paused, _) => format!("The campaign is paused: {so_far}."),
        (Progress::Ended, Some(halt)) => format!("The campaign ended early ({halt}): {so_far}."),
        (Progress::Ended, None) if members.done == members.members => {
            "The campaign has ended, and everybody of the plan is patched.".to_owned()
        }
        (Progress::Ended, None) => format!("The campaign has ended: {so_far}."),
    }
}

fn members(summary: &Summary) -> String {
    let parts = summary.members.parts().into_iter();
    let parts = parts.filter(|(_, number)| *number > 0);
    let parts: Vec<String> = parts
        .map(|(word, number)| format!("{number} {word}"))
        .collect();
    let mut text = format!("{}: {}", summary.members.members, parts.join(", "));
    if summary.retried > 0 {
        text.push_str(&format!("; {} tried more than once", summary.retried));
    }
    if summary.left_out > 0 {
        text.push_str(&format!("; {} left out", summary.left_out));
    }
    text
}

fn packages(summary: &Summary) -> String {
    let packages = &summary.packages;
    let mut text = format!(
        "{} changed on {} ({} by name), {} for security",
        packages.changed,
        count(packages.members, "member", "members"),
        packages.names,
        packages.security
    );
    if packages.broken > 0 {
        text.push_str(&format!("; {} broken", packages.broken));
    }
    if summary.conffiles > 0 {
        let files = count(
            summary.conffiles,
            "configuration file",
            "configuration files",
        );
        text.push_str(&format!("; {files} kept as the owner has it"));
    }
    text
}

fn withheld(summary: &Summary) -> String {
    let withheld = &summary.withheld;
    let parts = [
        (withheld.held, "held"),
        (withheld.pinned, "pinned"),
        (withheld.kept_back, "kept back"),
        (withheld.phased, "phased"),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    parts.join(", ")
}

fn reboots(summary: &Summary) -> String {
    let mut text = format!("{} proved by a new boot id", summary.reboots.proved);
    if summary.reboots.owed > 0 {
        text.push_str(&format!("; {} owed", summary.reboots.owed));
    }
    text
}

fn time(report: &Report, clock: &Clock<'_>) -> String {
    let campaign = &report.campaign;
    let end = match campaign.ended {
        Some(ended) => format!("to {}", clock.day_and_time(ended)),
        None => format!("and goes on, as of {}", clock.day_and_time(campaign.as_of)),
    };
    format!(
        "{}: from {} {end}, {}",
        span(report.summary.took),
        clock.day_and_time(campaign.began),
        clock.name()
    )
}

fn together(spans: &[Span], report: &Report) -> String {
    let until = |one: &Span| one.until.unwrap_or(report.campaign.until());
    span(spans.iter().map(|one| until(one).since(one.from)).sum())
}
