//! The log, when standard output is the journal.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use serde_json::json;

use crate::bench::{Bench, skip};

type Entry = BTreeMap<String, String>;

/// An entry in the form that holds any bytes.
fn entry(mut bytes: &[u8]) -> Entry {
    let mut fields = Entry::new();
    while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
        let (name, rest) = bytes.split_at(end);
        let (length, rest) = rest[1..].split_at(8);
        let length = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        fields.insert(text(name), text(&rest[..length]));
        assert_eq!(rest[length], b'\n');
        bytes = &rest[length + 1..];
    }
    fields
}

#[test]
fn lines_are_entries_with_fields_and_go_to_the_console() {
    let bench = Bench::of(&json!({"startup-script": "echo hello; printf %060000d 0; exit 7"}));
    let (journal, console) = (bench.path("journal"), bench.path("console"));
    fs::create_dir(&journal).unwrap();
    fs::write(&console, "").unwrap();
    let journald = UnixDatagram::bind(journal.join("socket")).unwrap();
    journald
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let set_up = format!(
        "mount -t tmpfs none /run && mkdir -p /run/systemd/journal && \
         mount --bind {} /run/systemd/journal && mount --bind {} /dev/console && \
         export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/$$/fd/1)",
        journal.display(),
        console.display()
    );
    let command = bench.command_named("google_metadata_script_runner_adapt", &["startup"]);
    // The name that a program is called by does not pass through a shell.
    let mut by_link = std::process::Command::new(bench.path("google_metadata_script_runner_adapt"));
    std::os::unix::fs::symlink(command.get_program(), by_link.get_program()).unwrap();
    by_link.args(command.get_args());
    for (name, value) in command.get_envs() {
        by_link.env(name, value.unwrap());
    }
    let Some(running) = bench.start_apart(&by_link, &set_up) else {
        skip("no name space with a journal of its own");
        return;
    };
    let mut entries = Vec::new();
    let mut received = vec![0; 256 << 10];
    loop {
        let count = journald.recv(&mut received).unwrap();
        entries.push(entry(&received[..count]));
        if entries.last().unwrap()["MESSAGE"].starts_with("Finished") {
            break;
        }
    }
    let ran = running.end();
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.lines, [""; 0], "all of it is in the journal");
    let found = |begins: &str| {
        let found = entries
            .iter()
            .find(|entry| entry["MESSAGE"].starts_with(begins));
        found.unwrap_or_else(|| panic!("{begins}: {entries:#?}"))
    };
    let hello = found("startup-script: hello");
    for (field, value) in [
        ("PRIORITY", "6"),
        ("SYSLOG_IDENTIFIER", "google_metadata_script_runner_adapt"),
        ("HOSPES_SCRIPT_KEY", "startup-script"),
        ("HOSPES_SCRIPT_EVENT", "startup"),
    ] {
        assert_eq!(hello[field], value);
    }
    assert_eq!(found("Script \"startup-script\" failed")["PRIORITY"], "4");
    assert!(!found("Starting startup").contains_key("HOSPES_SCRIPT_KEY"));
    let zeros: usize = entries
        .iter()
        .map(|entry| entry["MESSAGE"].matches('0').count())
        .sum();
    assert!(zeros >= 60_000, "{zeros}");
    let console = fs::read_to_string(console).unwrap();
    assert!(console.contains("]: startup-script: hello\n"), "{console}");
}
