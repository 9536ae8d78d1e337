//! One case, run by both.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::cases::Case;
use crate::server::{Page, Server};

const ADDRESS: &str = "169.254.169.254";
const SETTINGS: &str = "/etc/default/instance_configs.cfg";
const OURS: &str = "google_metadata_script_runner_adapt";

/// How a run went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// `None`: it did not end in time.
    pub(crate) code: Option<i32>,
    /// Without what differs from run to run: version, names of folders.
    pub(crate) lines: Vec<String>,
}

/// A network and files of our own, for both runners.
pub(crate) struct Place {
    peer: PathBuf,
    dir: TempDir,
    server: Server,
}

impl Place {
    pub(crate) fn new(peer: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let hosts = dir.path().join("hosts");
        fs::write(&hosts, "").unwrap();
        let place = format!("{ADDRESS}/32");
        for words in [
            &["ip", "link", "set", "lo", "up"][..],
            &["ip", "address", "add", &place, "dev", "lo"],
            &["mount", "-t", "tmpfs", "none", "/etc/default"],
            &["mount", "--bind", hosts.to_str().unwrap(), "/etc/hosts"],
        ] {
            let status = Command::new(words[0]).args(&words[1..]).status();
            assert!(status.unwrap().success(), "{words:?}");
        }
        symlink(env!("CARGO_BIN_EXE_hospes-agent"), dir.path().join(OURS)).unwrap();
        Self {
            peer: peer.to_owned(),
            dir,
            server: Server::start_at(&format!("{ADDRESS}:80")).unwrap(),
        }
    }

    /// Theirs and ours. Google's runner hangs at its own end now and then, after it has said all:
    /// then it is asked once more. Where that belongs to the case, it is seen again.
    pub(crate) fn run(&self, case: &Case) -> (Outcome, Outcome) {
        let ours = self.dir.path().join(OURS);
        let mut theirs = self.run_one(&self.peer, case);
        if theirs.code.is_none() {
            theirs = self.run_one(&self.peer, case);
        }
        (theirs, self.run_one(&ours, case))
    }

    fn run_one(&self, program: &Path, case: &Case) -> Outcome {
        self.prepare(case);
        let mut outcome = None;
        for _ in 0..case.runs {
            outcome = Some(self.start(program, case));
        }
        outcome.unwrap()
    }

    /// What both find, and nothing that a run has left.
    fn prepare(&self, case: &Case) {
        let server = &self.server;
        server.instance(&case.instance);
        server.project(&case.project);
        // It asks for this before anything else, a hundred times if need be.
        server.page("project/project-id", &[Page::Text("project".to_owned())]);
        for (path, pages) in &case.pages {
            server.page(path, pages);
        }
        // Google's runner looks this name up before it fetches anything.
        let hosts = if case.without_names {
            "127.0.0.1 localhost\n"
        } else {
            "127.0.0.1 localhost storage.googleapis.com\n"
        };
        fs::write("/etc/hosts", hosts).unwrap();
        for ending in ["", ".distro", ".template"] {
            let text = case.settings.iter().find(|(of, _)| *of == ending);
            let text = text.map_or("", |(_, text)| *text);
            fs::write(format!("{SETTINGS}{ending}"), text).unwrap();
        }
        for name in ["tmp", "run"] {
            let path = self.dir.path().join(name);
            // There is none at first.
            let _ = fs::remove_dir_all(&path);
            fs::create_dir(path).unwrap();
        }
    }

    fn start(&self, program: &Path, case: &Case) -> Outcome {
        let output = self.dir.path().join("output");
        // A new one: what an earlier run has left behind may still write to the old one.
        let _ = fs::remove_file(&output);
        let file = File::create(&output).unwrap();
        let mut child = Command::new(program)
            .args(case.arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("TMPDIR", self.dir.path().join("tmp"))
            .env("HOSPES_RUN_DIR", self.dir.path().join("run"))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        let began = Instant::now();
        let code = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status.code().unwrap());
            }
            if began.elapsed() > case.patience {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            sleep(Duration::from_millis(5));
        };
        let text = fs::read(output).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines = text.lines().map(plain).collect();
        Outcome { code, lines }
    }
}

/// Without what differs from run to run.
fn plain(line: &str) -> String {
    let mut line = line.to_owned();
    if let Some((before, _)) = line.split_once(" (version ") {
        line = format!("{before}.");
    }
    while let Some((before, rest)) = line.split_once("/metadata-scripts") {
        let digits = rest.trim_start_matches(|character: char| character.is_ascii_hexdigit());
        line = format!("{before}/FOLDER{digits}");
    }
    line
}

/// No attributes.
pub(crate) fn nothing() -> serde_json::Value {
    json!({})
}
