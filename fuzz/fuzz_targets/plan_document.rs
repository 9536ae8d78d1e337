//! Bytes as a plan document, as they are and with the seal that they should have; what is read is
//! carried out.
#![no_main]

use std::fmt::Write as _;
use std::time::Duration;

use conditions::Timestamp;
use libfuzzer_sys::fuzz_target;
use plan::Document;
use plan::campaign::{Campaign, Effect, Event, Outcome};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const NOW: Timestamp = Timestamp::from_millis(1_774_612_800_000);

/// More steps than a small campaign has.
const STEPS: usize = 2_000;

fuzz_target!(|bytes: &[u8]| {
    let _ = read(bytes);
    if let Some(sealed) = sealed(bytes) {
        let document = read(&sealed).expect("it is sealed");
        let _ = plan::moved(&document, &plan::Fleet::default());
        carry_out(document);
    }
});

/// A document says the same again; an error is one line.
fn read(bytes: &[u8]) -> Option<Document> {
    match Document::read(bytes) {
        Ok(document) => {
            let json = serde_json::to_vec(&document).expect("a document is JSON");
            assert_eq!(Document::read(&json).expect("its own seal"), document);
            Some(document)
        }
        Err(error) => {
            let words = error.to_string();
            assert!(!words.contains(|it: char| it.is_control()), "{words:?}");
            assert!(words.len() < 2_000, "{}", words.len());
            None
        }
    }
}

/// The same document with the right seal, if it is one but for that.
fn sealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(bytes).ok()?;
    *value.get_mut("seal")? = json!("");
    let document: Document = serde_json::from_value(value).ok()?;
    let text = serde_json::to_string(&document).ok()?;
    let mut seal = String::from("sha256:");
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(seal, "{byte:02x}");
    }
    let text = text.replacen("\"seal\":\"\"", &format!("\"seal\":\"{seal}\""), 1);
    Some(text.into_bytes())
}

/// Every campaign ends at its deadline, whatever its document says.
fn carry_out(document: Document) {
    let mut now = NOW;
    let (mut campaign, effects) = Campaign::begin(document, now);
    let mut open: Vec<Effect> = effects;
    for _ in 0..STEPS {
        let Some(effect) = open.pop() else {
            return;
        };
        let event = match effect {
            Effect::Begin { member, turn } | Effect::Follow { member, turn } => {
                let outcome = match turn % 2 {
                    0 => Outcome::Done,
                    _ => Outcome::Retry("busy".to_owned()),
                };
                Event::Ended {
                    member,
                    turn,
                    outcome,
                }
            }
            Effect::BeginHook { id, .. } | Effect::FollowHook(id) => Event::HookEnded(id, Ok(())),
            Effect::AskApproval { word, .. } => Event::Approved(word),
            Effect::Wait(until) => {
                now = now.max(until);
                Event::Tick
            }
            Effect::Report(_) => continue,
            Effect::Finish(_) => return,
        };
        now = now + Duration::from_millis(1);
        open.extend(campaign.step(event, now));
    }
}
