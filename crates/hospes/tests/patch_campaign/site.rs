//! A state directory, plan files, and the real binary.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use conditions::Timestamp;
use journal::{Holder, Journal, NewCampaign};
use plan::campaign::Campaign;
use plan::{Facts, Fleet, PlanFile, Standing};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Site(TempDir);

impl Site {
    /// A configuration with these guests.
    pub(crate) fn new(guests: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let text = format!("state-dir = \"state\"\n{guests}");
        std::fs::write(dir.path().join("hospes.toml"), text).expect("written");
        Self(dir)
    }

    /// The same, with `web1` only, which nobody can reach.
    pub(crate) fn silent() -> Self {
        Self::new("[guest.web1]\nqmp = \"web1.qmp\"\n")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    /// Campaign `c1` by this plan file, with everybody ready, whose hospes died at once.
    pub(crate) fn left(&self, plan: &str) {
        let file = PlanFile::read(plan.as_bytes()).expect("a plan file");
        let mut fleet = Fleet::default();
        let facts = Facts {
            host: None,
            standing: Standing::Ready,
        };
        fleet.add("web1".parse().expect("a name"), facts);
        for group in file.groups.keys() {
            fleet.choose(group, vec!["web1".parse().expect("a name")]);
        }
        let document = plan::plan(&file, &fleet, now()).expect("a plan");
        let json = serde_json::to_value(&document).expect("plain data");
        let (campaign, _) = Campaign::begin(document, now());
        let new = NewCampaign {
            name: "monthly".to_owned(),
            operator: "eva".to_owned(),
            document: json,
            head: serde_json::to_value(campaign.head()).expect("plain data"),
            turns: Vec::new(),
            at: now(),
        };
        let holder = Holder {
            pid: 1,
            command: "a hospes that died".to_owned(),
            since: now(),
        };
        let journal = Journal::open(&self.path("state")).expect("a journal");
        journal.begin_campaign(&new, &holder).expect("begun");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hospes"));
        command
            .args(["--config", "hospes.toml"])
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.0.path())
            .env("USER", "eva");
        command
    }

    /// What a command printed, all of it, and its exit code.
    pub(crate) fn hospes(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let output = self.command(arguments).output().expect("hospes runs");
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        (said, output.status.code())
    }

    /// The document that a command prints, and its exit code.
    pub(crate) fn document(&self, arguments: &[&str]) -> (Value, Option<i32>) {
        let mut command = self.command(&[arguments, &["--json"]].concat());
        let output: Output = command.output().expect("hospes runs");
        let document = serde_json::from_slice(&output.stdout);
        let told = text(&output.stderr);
        let document = document.unwrap_or_else(|error| panic!("{error}: {told}"));
        (document, output.status.code())
    }

    /// A hospes that goes on beside the test.
    pub(crate) fn begins(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
        silent.spawn().expect("hospes runs")
    }

    pub(crate) fn campaigns(&self) -> usize {
        let journal = Journal::open(&self.path("state")).expect("a journal");
        journal.campaigns(9).expect("read").len()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Waits until `is` holds.
pub(crate) fn until(is: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is() {
        assert!(began.elapsed().as_secs() < 60, "it never came to be");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn now() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    Timestamp::from_millis(u64::try_from(since.as_millis()).expect("milliseconds"))
}
