//! What a guest prints to the scripts of patching. The first byte tells which of them, and whether
//! the rest is the answer itself or its values: `KIND STATUS`, a newline and the value, with a
//! record separator (0x1e) between them, so that changes do not break the framing.
#![no_main]

use std::fmt::Debug;
use std::time::Duration;

use conditions::Timestamp;
use libfuzzer_sys::fuzz_target;
use patch::run::{Effect, Event, RebootReport, Run};
use patch::upgrade::{Follow, Started};
use patch::{
    PostCommand, Postcheck, Preflight, Preview, Refresh, Scope, Settings, Upgraded, preflight,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Set in the first byte: the rest is the answer itself.
const RAW: u8 = 0x80;

/// More than any text for people needs.
const LONGEST_TEXT: usize = 8_000;

/// More effects than a run has whose guest says the same again and again.
const STEPS: usize = 20_000;

fuzz_target!(|bytes: &[u8]| {
    let [which, rest @ ..] = bytes else {
        return;
    };
    let answer = match which & RAW {
        0 => composed(rest),
        _ => rest.to_vec(),
    };
    match which & !RAW {
        b'p' => preflight_of(&answer),
        b'u' => refresh_of(&answer),
        b's' => started_of(&answer),
        b'v' => preview_of(&answer, Scope::DistUpgrade),
        b'w' => preview_of(&answer, Scope::Upgrade),
        b'f' => follow_of(&answer),
        b'r' => result_of(&answer),
        b'c' => check_of(&answer),
        b'm' => machine(&answer),
        _ => {}
    }
});

/// The answer with these values.
fn composed(values: &[u8]) -> Vec<u8> {
    let mut answer = b"@hospes-patch 1 0\n\n".to_vec();
    for value in values.split(|byte| *byte == 0x1e) {
        let line = value.iter().position(|byte| *byte == b'\n');
        let (head, body) = value.split_at(line.unwrap_or(value.len()));
        let body = body.get(1..).unwrap_or_default();
        answer.push(b'@');
        answer.extend(head);
        answer.extend(format!(" {}\n", body.len()).into_bytes());
        answer.extend(body);
        answer.push(b'\n');
    }
    answer.extend(b"@end 0 0\n\n");
    answer
}

/// An error is one line of bounded length.
fn texts<T, E: ToString>(result: Result<T, E>) -> Option<T> {
    result.map_err(|error| line(&error.to_string())).ok()
}

fn line(words: &str) {
    assert!(!words.contains(|it: char| it.is_control()), "{words:?}");
    assert!(words.len() < LONGEST_TEXT, "{}", words.len());
}

/// What is read is bounded by what was printed, and reads the same again from a journal.
fn kept<T, E>(answer: &[u8], result: Result<T, E>) -> Option<T>
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
    E: ToString,
{
    let found = texts(result)?;
    let json = serde_json::to_string(&found).expect("it is kept as JSON");
    assert!(json.len() < 50 * answer.len() + 20_000, "{}", json.len());
    assert_eq!(
        serde_json::from_str::<T>(&json).expect("its own JSON"),
        found
    );
    Some(found)
}

fn settings() -> Settings {
    let mut settings = Settings::new("r1".parse().expect("a name"));
    settings.commands = commands();
    settings
}

fn commands() -> Vec<PostCommand> {
    vec![PostCommand {
        name: "site".to_owned(),
        command: "curl localhost".to_owned(),
        deadline: Duration::from_secs(1),
    }]
}

fn preflight_of(answer: &[u8]) {
    let Some(facts) = kept(answer, Preflight::parse(answer)) else {
        return;
    };
    let settings = settings();
    for obstacle in facts.obstacles(&settings) {
        line(&obstacle.to_string());
    }
    let preview = Preview::parse(answer, Scope::DistUpgrade).unwrap_or_default();
    for obstacle in facts.obstacles_to(&preview, &settings) {
        line(&obstacle.to_string());
    }
    let _: preflight::Verdict = facts.verdict(&settings);
}

fn refresh_of(answer: &[u8]) {
    match texts(Refresh::parse(answer)) {
        Some(Refresh::Fresh { warnings: said } | Refresh::Failed { complaints: said }) => {
            said.iter().for_each(|one| line(one));
        }
        Some(Refresh::Locked { words }) => line(&words),
        None => {}
    }
}

fn started_of(answer: &[u8]) {
    if let Some(Started::Refused(words)) = texts(Started::parse(answer)) {
        line(&words);
    }
}

fn preview_of(answer: &[u8], scope: Scope) {
    if let Some(preview) = kept(answer, Preview::parse(answer, scope)) {
        preview
            .withheld
            .iter()
            .for_each(|one| line(&one.why.to_string()));
        preview.gaps.iter().for_each(|gap| line(gap));
    }
}

fn follow_of(answer: &[u8]) {
    if let Some(follow) = texts(Follow::parse(answer)) {
        assert!(follow.log.len() <= answer.len());
    }
}

fn result_of(answer: &[u8]) {
    let preview = Preview::default();
    let found = kept(
        answer,
        Upgraded::parse(answer, &preview, Scope::DistUpgrade),
    );
    for one in found.iter().flat_map(|found| &found.withheld) {
        line(&one.why.to_string());
    }
}

fn check_of(answer: &[u8]) {
    if let Some(found) = kept(answer, Postcheck::parse(answer, &commands())) {
        found
            .reboot
            .reasons()
            .iter()
            .for_each(|reason| line(&reason.to_string()));
    }
}

/// A whole run with a guest that says the same to every script.
fn machine(answer: &[u8]) {
    let mut now = Timestamp::from_millis(1_774_612_800_000);
    let (mut run, mut effect) = Run::begin(settings(), now);
    for _ in 0..STEPS {
        let event = match effect {
            Effect::Shell(_, script) => {
                assert!(script.text.ends_with("</dev/null\n"));
                Event::Printed(Ok(answer.to_vec()))
            }
            Effect::Snapshot(_) => Event::Snapshotted(Ok(())),
            Effect::Reboot { .. } => {
                Event::Rebooted(RebootReport::NotAsked("another boot answers".to_owned()))
            }
            Effect::Sleep(pause) => {
                now = now + pause;
                Event::Woke
            }
            Effect::Finish(outcome) => {
                kept(answer, Ok::<_, String>(*outcome));
                return;
            }
        };
        effect = run.step(event, now);
    }
    panic!("the run makes no end: {:?}", run.saved().phase);
}
