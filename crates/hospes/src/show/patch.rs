//! The end of a patch run in words: what is so, what stays and why, and what to do next.

use std::collections::BTreeMap;
use std::fmt::Display;

use journal::RunId;
use patch::preview::Withheld;
use patch::reboot::{Decision, NotRebootedReason};
use patch::result::{Change, ChangeKind};
use patch::run::{Ending, Outcome, Report};

/// So many names of a kind are told; the document has them all.
const NAMED: usize = 12;

/// The end of a patch run of `guest`, the first line the plainest.
pub(crate) fn patch_lines(guest: &impl Display, outcome: &Outcome, run: RunId) -> Vec<String> {
    let mut lines = vec![format!("{guest}: {}", patch_headline(outcome))];
    let details = ending(&outcome.ending, run);
    lines.extend(details.into_iter().chain(seen(&outcome.report)));
    lines
}

/// The end of a patch run in a few words, without the guest's name.
pub(crate) fn patch_headline(outcome: &Outcome) -> String {
    let report = &outcome.report;
    match &outcome.ending {
        Ending::Patched => {
            let rebooted = report.reboot.as_ref().map_or_else(String::new, |proof| {
                let (old, new) = (proof.old.short(), proof.new.short());
                format!(
                    "; rebooted: boot {old} is now {new}, {:.0?} after the request",
                    proof.took
                )
            });
            format!("patched: {}{rebooted}", patch_changes(report))
        }
        Ending::NothingToDo => "nothing to upgrade".to_owned(),
        Ending::Refused { .. } => "refused; the guest was not touched".to_owned(),
        Ending::NotBegun { reason } => format!("not begun; no package was touched: {reason}"),
        Ending::Incomplete { .. } => {
            format!("{}, and not all is as it should be", patch_changes(report))
        }
        Ending::Interrupted { reason } => format!("the upgrade was cut off: {reason}"),
        Ending::Unreachable { during, reason } => {
            format!("does not answer (during {during}): {reason}")
        }
        Ending::StillRunning => format!(
            "the upgrade still runs in {}, and was left alone",
            report.id.unit()
        ),
        Ending::NotBack { reason } => {
            format!("was asked to reboot and is not proved to be back: {reason}")
        }
    }
}

/// How many packages changed.
pub(crate) fn patch_changes(report: &Report) -> String {
    let changes = report
        .upgraded
        .iter()
        .flat_map(|upgraded| &upgraded.changes);
    let security = changes.clone().filter(|change| change.security).count();
    let security = match security {
        0 => String::new(),
        security => format!(" ({security} for security)"),
    };
    match changes.count() {
        1 => format!("1 package changed{security}"),
        count => format!("{count} packages changed{security}"),
    }
}

fn ending(ending: &Ending, run: RunId) -> Vec<String> {
    let resume = format!("to go on: hospes runs resume {run}");
    match ending {
        Ending::Refused { obstacles } => {
            let each = obstacles.iter();
            each.flat_map(|one| [format!("  {one}"), format!("      -> {}", one.remedy())])
                .collect()
        }
        Ending::Incomplete { shortcomings } => {
            shortcomings.iter().map(|one| format!("  {one}")).collect()
        }
        Ending::Unreachable { .. } => {
            vec![format!("  what was begun goes on in the guest; {resume}")]
        }
        Ending::StillRunning | Ending::NotBack { .. } => vec![format!("  {resume}")],
        Ending::Patched
        | Ending::NothingToDo
        | Ending::NotBegun { .. }
        | Ending::Interrupted { .. } => Vec::new(),
    }
}

/// Packages by kind, what stays by reason, configuration files, and a reboot that is owed.
fn seen(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(upgraded) = &report.upgraded {
        lines.extend(by_kind(&upgraded.changes));
        lines.extend(withheld_lines(&upgraded.withheld));
        let kept = upgraded.conffiles.iter();
        lines.extend(kept.map(|file| {
            format!(
                "  {} is kept as it was; the package's is {}",
                file.path, file.offered
            )
        }));
    }
    if let Some(Decision::Owed { reasons, why }) = &report.decision {
        let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
        let why = match why {
            NotRebootedReason::Policy => "not wanted",
            NotRebootedReason::Unsettled => "packages are half-installed",
        };
        lines.push(format!(
            "  a reboot is owed ({why}): {}",
            reasons.join("; ")
        ));
    }
    let snapshot = report.snapshot.iter();
    lines.extend(snapshot.map(|name| format!("  snapshot {name} was taken before")));
    lines
}

fn by_kind(changes: &[Change]) -> Vec<String> {
    let mut kinds: BTreeMap<ChangeKind, Vec<&str>> = BTreeMap::new();
    for change in changes {
        kinds.entry(change.kind).or_default().push(&change.package);
    }
    let lines = kinds.into_iter();
    lines
        .map(|(kind, names)| format!("  {}: {}", word(kind), listed(&names)))
        .collect()
}

const fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Upgraded => "upgraded",
        ChangeKind::Downgraded => "downgraded",
        ChangeKind::Installed => "installed",
        ChangeKind::Removed => "removed",
        ChangeKind::Mended => "mended",
        ChangeKind::Broken => "broken",
    }
}

/// What stays as it is, by reason: those with the same one on a line.
pub(crate) fn withheld_lines(withheld: &[Withheld]) -> Vec<String> {
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for one in withheld {
        let why = one.why.to_string();
        reasons.entry(why).or_default().push(&one.package);
    }
    let lines = reasons.into_iter();
    lines
        .map(|(why, names)| format!("  stays: {} ({why})", listed(&names)))
        .collect()
}

fn listed(names: &[&str]) -> String {
    let named = names.iter().take(NAMED).copied().collect::<Vec<_>>();
    match names.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
