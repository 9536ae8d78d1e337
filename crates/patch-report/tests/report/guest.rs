//! What comes of guests.

use std::collections::BTreeSet;
use std::time::Duration;

use conditions::{BootId, Timestamp};
use lifecycle::operation::BootProof;
use patch::postcheck::CommandResult;
use patch::preview::{Withheld, WithheldReason};
use patch::result::{Change, ChangeKind, Conffile};
use patch::run::{Ending, Outcome, Report};
use patch::{Postcheck, Preflight, Upgraded, Version};
use patch_report::input::Step;

use crate::world::Turn;

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn boot(number: u64) -> BootId {
    format!("{number:08x}-0000-4000-8000-{number:012x}")
        .parse()
        .expect("a UUID")
}

pub(crate) fn upgraded(package: &str, from: &str, to: &str, security: bool) -> Change {
    Change {
        package: package.to_owned(),
        kind: ChangeKind::Upgraded,
        from: Some(Version::new(from)),
        to: Some(Version::new(to)),
        security,
    }
}

pub(crate) fn withheld(package: &str, from: &str, to: &str, why: WithheldReason) -> Withheld {
    Withheld {
        package: package.to_owned(),
        from: Some(Version::new(from)),
        to: Some(Version::new(to)),
        why,
    }
}

pub(crate) fn conffile(path: &str) -> Conffile {
    Conffile {
        path: path.to_owned(),
        offered: format!("{path}.dpkg-dist"),
        package: None,
    }
}

pub(crate) fn proof(number: u64, took: u64) -> BootProof {
    BootProof {
        old: boot(number),
        new: boot(number + 0xa000_0000),
        uptime: seconds(20),
        took: seconds(took),
    }
}

/// The usual end of an upgrade that changed these.
pub(crate) fn patched(run: &str, turn: &Turn, changes: Vec<Change>) -> Outcome {
    let command = CommandResult {
        name: "smoke".to_owned(),
        status: 0,
        output: "ok".to_owned(),
    };
    let report = Report {
        id: run.parse().expect("a run"),
        began: turn.began,
        preflight: Some(Preflight {
            failed_units: Some(BTreeSet::new()),
            ..Preflight::default()
        }),
        refresh: None,
        preview: None,
        snapshot: None,
        mended: false,
        ran: true,
        lost: None,
        upgraded: Some(Upgraded {
            status: Some(0),
            changes,
            ..Upgraded::default()
        }),
        decision: None,
        reboot: None,
        not_rebooted: None,
        postcheck: Some(Postcheck {
            failed_units: Some(BTreeSet::new()),
            commands: vec![command],
            ..Postcheck::default()
        }),
    };
    Outcome {
        ending: Ending::Patched,
        report,
        at: turn.ended,
    }
}

/// The steps of a turn: refresh, upgrade, a reboot perhaps, and the look after.
pub(crate) fn steps(turn: &Turn, reboots: bool) -> Vec<Step> {
    let whole = turn.ended.since(turn.began).as_secs();
    let at = |part: u64| turn.began + seconds(whole * part / 100);
    let step = |name: &str, from: u64, until: u64| Step {
        name: name.to_owned(),
        intended: at(from),
        result: Some(("ok".to_owned(), at(until))),
    };
    let mut steps = vec![step("refresh", 4, 12), step("upgrade", 18, 19)];
    steps.extend(reboots.then(|| step("reboot", 60, 90)));
    steps.push(step("post-check", 92, 100));
    steps
}

/// A moment of the fixtures: Saturday, 2026-03-28, 22:00 in Berlin, and so many minutes.
pub(crate) fn minutes(minutes: u64) -> Timestamp {
    Timestamp::from_millis(1_774_731_600_000 + minutes * 60_000)
}
