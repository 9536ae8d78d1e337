//! Effects of a run and what came of them in words, for progress and the timeline.

use conditions::{ChannelReport, GuestId};
use patch::preflight::LockHolder;
use patch::refresh::Refresh;
use patch::run::{Effect, Event, Look, Phase, Report, Saved};

use crate::show::{patch_changes, patch_headline};

/// How an event looks when the run has taken it in.
pub(super) enum Seen {
    /// There is an answer.
    Answer,
    /// There is none; why.
    Nothing(String),
}

impl Seen {
    pub(super) fn of(event: &Event) -> Self {
        match event {
            Event::Printed(Err(why)) | Event::Snapshotted(Err(why)) => Self::Nothing(why.clone()),
            Event::Printed(Ok(_)) | Event::Snapshotted(Ok(())) => Self::Answer,
            Event::Rebooted(_) | Event::Woke => Self::Answer,
        }
    }

    /// An answer that left everything as it was could not be read, but for apt's lists: those may
    /// be in use as before.
    pub(super) fn unread_if_unmoved(self, before: &Saved, after: &Saved) -> Self {
        let is_locked = matches!(after.report.refresh, Some(Refresh::Locked { .. }));
        match self {
            Self::Answer if before == after && !is_locked => {
                Self::Nothing("the answer cannot be read".to_owned())
            }
            seen => seen,
        }
    }

    pub(super) fn failure(&self) -> Option<&str> {
        match self {
            Self::Answer => None,
            Self::Nothing(why) => Some(why),
        }
    }
}

/// What is about to be done.
pub(super) fn intent(effect: &Effect, saved: &Saved) -> String {
    let settings = &saved.settings;
    match effect {
        Effect::Shell(Look::Refresh, _) => "refreshing apt's lists".to_owned(),
        Effect::Shell(Look::Start, _) => {
            let preview = saved.report.preview.clone().unwrap_or_default();
            format!(
                "starting apt-get {} in {}: {} to upgrade, {} to install, {} to remove",
                settings.scope.verb(),
                settings.id.unit(),
                preview.upgrades.len(),
                preview.installs.len(),
                preview.removals.len(),
            )
        }
        Effect::Shell(Look::Check, _) if settings.commands.is_empty() => {
            "looking at the guest after it".to_owned()
        }
        Effect::Shell(Look::Check, _) => {
            let names = settings.commands.iter().map(|one| one.name.as_str());
            let names: Vec<_> = names.collect();
            format!(
                "looking at the guest after it, and running {}",
                names.join(", ")
            )
        }
        Effect::Snapshot(name) => format!("taking the snapshot {name}"),
        effect => effect.name().to_owned(),
    }
}

/// What came of the effect `name`, with the run as it stands now: a word, and what was seen.
pub(super) fn result(name: &str, seen: &Seen, saved: &Saved) -> (String, String) {
    let (word, detail) = match (seen, &saved.phase) {
        (Seen::Nothing(why), _) => ("no answer", why.clone()),
        (Seen::Answer, Phase::Ended(outcome)) if name != Look::Check.name() => {
            ("ended", patch_headline(outcome))
        }
        (Seen::Answer, phase) => came(name, phase, &saved.report),
    };
    (word.to_owned(), detail)
}

fn came(name: &str, phase: &Phase, report: &Report) -> (&'static str, String) {
    match name {
        "preflight" => ("looked", before(report)),
        "refresh" => refreshed(report.refresh.as_ref()),
        "preview" => ("would change", planned(report)),
        "snapshot" => ("taken", report.snapshot.clone().unwrap_or_default()),
        "upgrade" => match phase {
            Phase::Following {
                refusal: Some(words),
                ..
            } => ("not taken", words.clone()),
            _ => ("started", "it goes on by itself from here".to_owned()),
        },
        "follow" => followed(phase, report),
        "collect" => ("upgraded", collected(report)),
        "post-check" => ("looked", after(report)),
        _ => ("done", String::new()),
    }
}

fn before(report: &Report) -> String {
    let Some(facts) = &report.preflight else {
        return String::new();
    };
    let mut words = vec![facts.os.pretty.clone()];
    words.extend(
        facts
            .boot_id
            .iter()
            .map(|boot| format!("boot {}", boot.short())),
    );
    if !facts.held.is_empty() {
        words.push(format!("{} on hold", facts.held.len()));
    }
    if facts.needs_mending() {
        words.push("dpkg was interrupted and is mended".to_owned());
    }
    words.extend(facts.reboot.reasons().iter().map(ToString::to_string));
    words.retain(|word| !word.is_empty());
    words.join(", ")
}

fn refreshed(refresh: Option<&Refresh>) -> (&'static str, String) {
    match refresh {
        Some(Refresh::Fresh { warnings }) => ("fresh", warnings.join("; ")),
        Some(Refresh::Locked { words }) => ("in use", words.clone()),
        Some(Refresh::Failed { complaints }) => ("failed", complaints.join("; ")),
        None => ("not known", String::new()),
    }
}

fn planned(report: &Report) -> String {
    let Some(preview) = &report.preview else {
        return String::new();
    };
    format!(
        "{} to upgrade ({} for security), {} to install, {} to remove, {} stay",
        preview.upgrades.len(),
        preview.security().count(),
        preview.installs.len(),
        preview.removals.len(),
        preview.withheld.len()
    )
}

fn followed(phase: &Phase, report: &Report) -> (&'static str, String) {
    match phase {
        Phase::Preflight { .. } => ("not begun", "the guest is looked at anew".to_owned()),
        Phase::Following { .. } => ("runs", "it is followed again".to_owned()),
        Phase::Rebooting { .. } => ("not rebooted", "the same boot answers".to_owned()),
        Phase::Checking { .. } => match &report.reboot {
            Some(proof) => ("rebooted", format!("boot {} answers", proof.new.short())),
            None => ("answers", String::new()),
        },
        _ => match &report.lost {
            Some(how) => ("lost", how.clone()),
            None => ("ended", String::new()),
        },
    }
}

fn collected(report: &Report) -> String {
    let mut words = vec![patch_changes(report)];
    if let Some(upgraded) = &report.upgraded {
        words.extend(upgraded.reboot.reasons().iter().map(ToString::to_string));
    }
    words.join("; ")
}

fn after(report: &Report) -> String {
    let Some(seen) = &report.postcheck else {
        return String::new();
    };
    let before = report.preflight.as_ref();
    let before = before.and_then(|facts| facts.failed_units.as_ref());
    let failed: Vec<_> = seen.newly_failed(before).collect();
    let mut words = match failed.is_empty() {
        true => vec!["no unit has failed since".to_owned()],
        false => vec![format!("failed since: {}", failed.join(", "))],
    };
    let commands = seen.commands.iter();
    words.extend(commands.map(|one| format!("{} ended with {}", one.name, one.status)));
    words.join("; ")
}

/// Who uses apt, while the run waits for that.
pub(super) fn busy(saved: &Saved) -> Option<String> {
    let facts = saved.report.preflight.as_ref()?;
    let is_waiting = matches!(saved.phase, Phase::Preflight { .. });
    let LockHolder {
        command, pid, unit, ..
    } = facts.locks.first().filter(|_| is_waiting)?;
    let unit = unit
        .as_ref()
        .map_or_else(String::new, |unit| format!(" of {unit}"));
    Some(format!(
        "waiting for {command} (process {pid}{unit}), which uses apt"
    ))
}

/// How the agent is, in short.
pub(super) fn agent(report: Option<&ChannelReport>) -> String {
    match report {
        Some(ChannelReport::Answered(answers)) => format!("answers ({})", answers.version),
        Some(ChannelReport::Silent { .. }) | None => "does not answer".to_owned(),
    }
}

/// The same as a line of the timeline, with what it means there.
pub(super) fn agent_line(guest: &GuestId, report: Option<&ChannelReport>) -> String {
    let how = agent(report);
    match report {
        Some(ChannelReport::Answered(_)) => format!("its agent {how}"),
        Some(ChannelReport::Silent { .. }) | None => {
            format!("its agent {how}, which changes nothing here (hospes check {guest} tells more)")
        }
    }
}

/// What was seen, and how often it was tried.
pub(super) fn counted(detail: String, times: u32) -> String {
    match (times, detail.is_empty()) {
        (..=1, _) => detail,
        (_, true) => format!("after {times} tries"),
        (_, false) => format!("{detail}; after {times} tries"),
    }
}

/// A word and what was seen, as one line.
pub(super) fn line(outcome: &str, detail: &str) -> String {
    match detail.is_empty() {
        true => outcome.to_owned(),
        false => format!("{outcome}: {detail}"),
    }
}

/// Words of a guest on one line, bounded.
pub(super) fn clipped(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ");
    let printable = text.chars().filter(|c| !c.is_control());
    printable.take(300).collect()
}
