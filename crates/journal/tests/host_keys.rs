//! Pinned host keys and their history.

mod store;

use journal::{Journal, JournalError, KeySource};
use store::{at, guest};
use tempfile::tempdir;

const OLD: &str = "ssh-ed25519 AAAAold";
const NEW: &str = "ssh-ed25519 AAAAnew root@web1";
const RSA: &str = "ssh-rsa AAAArsa";

#[test]
fn replaced_keys_stay_as_history() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let web1 = guest("web1");
    journal.pin(&web1, OLD, KeySource::Channel, at(1)).unwrap();
    journal.pin(&web1, RSA, KeySource::Channel, at(1)).unwrap();
    journal
        .pin(guest("web2"), OLD, KeySource::Config, at(1))
        .unwrap();
    journal
        .replace_pins(&web1, &[NEW, RSA], KeySource::Operator, at(2))
        .unwrap();
    drop(journal);

    let journal = Journal::open(dir.path()).unwrap();
    let keys: Vec<_> = journal
        .pinned(&web1)
        .unwrap()
        .into_iter()
        .map(|pin| pin.key)
        .collect();
    assert_eq!(keys, ["ssh-rsa AAAArsa", "ssh-ed25519 AAAAnew"]);
    insta::assert_json_snapshot!(journal.key_history(&web1).unwrap(), @r#"
    [
      {
        "key": "ssh-ed25519 AAAAold",
        "source": "channel",
        "pinned": 1,
        "replaced": 2
      },
      {
        "key": "ssh-rsa AAAArsa",
        "source": "channel",
        "pinned": 1,
        "replaced": null
      },
      {
        "key": "ssh-ed25519 AAAAnew",
        "source": "operator",
        "pinned": 2,
        "replaced": null
      }
    ]
    "#);
    assert_eq!(journal.pinned(guest("web2")).unwrap().len(), 1);
}

#[test]
fn a_key_that_comes_back_is_trusted_again() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let web1 = guest("web1");
    for (ms, key) in [(1, OLD), (2, NEW), (3, OLD), (4, OLD)] {
        journal
            .replace_pins(&web1, &[key], KeySource::Channel, at(ms))
            .unwrap();
    }
    let [pin] = &journal.pinned(&web1).unwrap()[..] else {
        panic!("one key")
    };
    assert_eq!((pin.key.as_str(), pin.pinned), (OLD, at(3)));
    assert_eq!(journal.key_history(&web1).unwrap().len(), 3);
}

#[test]
fn a_bad_replacement_changes_nothing() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let web1 = guest("web1");
    journal.pin(&web1, OLD, KeySource::Channel, at(1)).unwrap();
    let none: [&str; 0] = [];
    assert!(matches!(
        journal.replace_pins(&web1, &none, KeySource::Operator, at(2)),
        Err(JournalError::NoKeys(_))
    ));
    assert!(matches!(
        journal.replace_pins(&web1, &[NEW, "nonsense"], KeySource::Operator, at(2)),
        Err(JournalError::InvalidKey(_))
    ));
    assert_eq!(journal.pinned(&web1).unwrap()[0].key, OLD);
    assert_eq!(journal.key_history(&web1).unwrap().len(), 1);
}
