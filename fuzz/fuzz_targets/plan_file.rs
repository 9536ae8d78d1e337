//! Bytes as a plan file; what can be understood is planned for a small fleet.
#![no_main]

use conditions::Timestamp;
use libfuzzer_sys::fuzz_target;
use plan::{Document, Facts, Fleet, MemberId, PlanFile, Standing};

const NOW: Timestamp = Timestamp::from_millis(1_774_612_800_000);

/// Twenty mistakes at the most, each with a line, an excerpt and a note.
const LONGEST_ERROR: usize = 20_000;

fuzz_target!(|bytes: &[u8]| {
    let file = match PlanFile::read(bytes) {
        Ok(file) => file,
        Err(mistaken) => {
            assert!(!mistaken.mistakes.is_empty());
            return told(&mistaken.to_string());
        }
    };
    let fleet = fleet(&file);
    match plan::plan(&file, &fleet, NOW) {
        Ok(document) => {
            let json = serde_json::to_vec(&document).expect("a document is JSON");
            assert_eq!(Document::read(&json).expect("its own seal"), document);
            assert!(plan::moved(&document, &fleet).is_empty());
        }
        Err(error) => told(&error.to_string()),
    }
});

/// Nothing that the file says steers a terminal.
fn told(words: &str) {
    let is_steering = |it: char| it.is_control() && it != '\n';
    assert!(!words.contains(is_steering), "{words:?}");
    assert!(words.len() < LONGEST_ERROR, "{}", words.len());
}

/// Two members for each group: one that is ready, one that is not.
fn fleet(file: &PlanFile) -> Fleet {
    let mut fleet = Fleet::default();
    for (at, name) in file.groups.keys().enumerate() {
        let standings = [Standing::Ready, Standing::Unready("off".to_owned())];
        let members = standings.into_iter().enumerate().map(|(which, standing)| {
            let id: MemberId = format!("m{at}-{which}").parse().expect("a name");
            fleet.add(
                id.clone(),
                Facts {
                    host: None,
                    standing,
                },
            );
            id
        });
        let members = members.collect();
        fleet.choose(name.clone(), members);
    }
    fleet
}
