//! What is stored of an operation.

use std::collections::BTreeMap;

use conditions::{RunState, Timestamp};
use lifecycle::gate::Accepted;
use lifecycle::operation::{AskReport, Effect, Limits, Notice, Operation, Saved};
use metadata::stop::ReportOutcome;
use serde_json::Value;

use crate::drive::{Drive, describe, graceful_restart, ready, reboot, restart, start};

/// At least one operation in every phase, by the phase's stored name.
fn phases() -> BTreeMap<String, Saved> {
    let asked = || restart().healthy(1).taken();
    let started = || asked().stopped().started(Ok("running"));
    let settling = || restart().healthy(1).resumed(5);
    let reboot_asked = || reboot().up(1, 5_000);
    let drives: Vec<Drive> = vec![
        restart(),
        restart().healthy(1),
        asked(),
        asked().after(300).running(),
        asked().stopped(),
        started(),
        started().up(2, 1),
        started().locked_out(),
        started().up(2, 1).healthy(2),
        graceful_restart().watched().healthy(1).idle(),
        graceful_restart().waiting(),
        graceful_restart().waiting().reported(ReportOutcome::Done),
        restart().managed(1).taken().running(),
        restart().managed(1).taken().stopped(),
        settling(),
        settling().after(30).running(),
        start(),
        reboot(),
        reboot_asked(),
        reboot_asked().resumed(5),
        reboot_asked().taken(),
        reboot_asked().asked(AskReport::Refused(String::new())),
        ready(),
        crate::drive::fix(),
    ];
    drives
        .iter()
        .map(|drive| (name(&drive.saved()), drive.saved()))
        .collect()
}

fn json(saved: &Saved) -> Value {
    serde_json::to_value(saved).expect("plain data")
}

/// `power/asking`, `reboot/ended`, `fix`.
fn name(saved: &Saved) -> String {
    let variant = |value: &Value| match value {
        Value::String(word) => word.clone(),
        Value::Object(map) => map.keys().next().expect("its variant").clone(),
        other => panic!("not a variant: {other}"),
    };
    let whole = json(saved);
    let machine = variant(&whole);
    match &whole[&machine] {
        Value::Null => machine,
        inner => {
            let phase = inner.get("phase").unwrap_or(inner);
            format!("{machine}/{}", variant(phase))
        }
    }
}

#[test]
fn every_phase_is_stored_and_read_back_the_same() {
    let phases = phases();
    let names: Vec<_> = phases.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "fix",
            "power/announcing",
            "power/asking",
            "power/checking",
            "power/concluding",
            "power/ended",
            "power/lingering",
            "power/looking",
            "power/readying",
            "power/reasking",
            "power/rechecking",
            "power/resting",
            "power/settling",
            "power/starting",
            "power/stopping",
            "power/verifying",
            "power/waiting",
            "ready",
            "reboot/asking",
            "reboot/awaiting",
            "reboot/ended",
            "reboot/reading",
            "reboot/settling",
        ]
    );
    for (name, saved) in phases {
        let text = serde_json::to_string(&saved).unwrap();
        assert_eq!(
            serde_json::from_str::<Saved>(&text).unwrap(),
            saved,
            "{name}"
        );
    }
}

#[test]
fn every_phase_resumes_with_a_look_or_its_end_and_never_with_an_action() {
    for (name, saved) in phases() {
        for away in [0, 10, 100_000] {
            let now = Timestamp::from_millis(1_700_000_000_000 + away * 1_000);
            let (_, effect) =
                Operation::resume(saved.clone(), Accepted::none(), Limits::default(), now);
            let looks = match effect {
                Effect::Check | Effect::Observe | Effect::Probe | Effect::Listen(_) => {
                    !name.ends_with("/ended")
                }
                Effect::Notify(Notice::Withdrawn(_)) => name.ends_with("/ended"),
                Effect::Finish(_) => name.ends_with("/ended"),
                _ => false,
            };
            assert!(looks, "{name} resumes with {}", describe(&effect));
        }
    }
}

#[test]
fn a_run_that_ended_and_was_not_told_so_ends_the_same_way_again() {
    let restarted = restart()
        .healthy(1)
        .taken()
        .stopped()
        .started(Ok("running"))
        .up(2, 1)
        .healthy(2);
    let rebooted = reboot().up(1, 5_000).taken().up(2, 1);
    let refused = restart().check(1, "off", |seen| {
        seen.observation.run_state = RunState::Stopped;
    });
    for drive in [restarted, rebooted, refused] {
        let ended = describe(drive.wants());
        assert!(ended.starts_with('='), "{ended}");
        let again = drive.resumed(3_600);
        assert_eq!(describe(again.wants()), ended);
    }
}

#[test]
fn no_permit_is_stored() {
    fn keys(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    found.push(key.clone());
                    keys(value, found);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
            _ => {}
        }
    }
    for (name, saved) in phases() {
        let mut found = Vec::new();
        keys(&json(&saved), &mut found);
        let forbidden = |key: &&String| {
            ["permit", "expires", "order", "checked", "accepted"]
                .iter()
                .any(|w| key.contains(w))
        };
        assert_eq!(found.iter().find(forbidden), None, "{name}");
    }
}

#[test]
fn what_is_owed_is_told_by_the_phase() {
    let owed: Vec<_> = phases()
        .into_iter()
        .filter(|(_, saved)| saved.is_owed())
        .collect();
    let names: Vec<_> = owed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "power/announcing",
            "power/asking",
            "power/lingering",
            "power/reasking",
            "power/rechecking",
            "power/resting",
            "power/settling",
            "power/starting",
            "power/stopping",
            "power/waiting",
            "reboot/asking",
            "reboot/awaiting",
            "reboot/settling",
        ]
    );
    for (name, saved) in owed {
        assert_eq!(saved.owes_start(), name.starts_with("power/"), "{name}");
    }
    let shutdown = crate::drive::shutdown()
        .healthy(1)
        .taken()
        .seen(RunState::Running);
    assert!(shutdown.saved().is_owed() && !shutdown.saved().owes_start());
}

#[test]
fn what_an_older_version_stored_is_read() {
    let boot = "00000001-0000-4000-8000-000000000000";
    for (state, first) in [
        (r#"{"power":{"goal":"restart","phase":"checking"}}"#.to_owned(), "check"),
        (
            format!(
                r#"{{"power":{{"goal":"shutdown","phase":{{"asking":{{"boot":"{boot}","at":1700000000000,"again":false}}}}}}}}"#
            ),
            "observe",
        ),
        (
            format!(
                r#"{{"power":{{"goal":"restart","phase":{{"starting":{{"old":"{boot}","since":1700000000000}}}}}}}}"#
            ),
            "observe",
        ),
        (
            r#"{"power":{"goal":"restart","phase":{"ended":{"outcome":"refused","refusal":{"guest":"web1","reasons":[]}}}}}"#
                .to_owned(),
            "= refused: web1 is left alone: ",
        ),
    ] {
        let saved: Saved = serde_json::from_str(&state).expect(&state);
        assert!(!saved.is_cancellable() && saved.announced().is_none());
        let text = serde_json::to_string(&saved).expect("plain data");
        assert_eq!(text, state, "what is plain is stored as before");
        let now = Timestamp::from_millis(1_700_000_100_000);
        let (_, effect) = Operation::resume(saved, Accepted::none(), Limits::default(), now);
        assert_eq!(describe(&effect), first);
    }
}
