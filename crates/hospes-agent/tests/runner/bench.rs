//! The runner beside a metadata server, with files of its own.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::Server;

/// Longer than any test takes, also on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// A place where the runner runs.
pub(crate) struct Bench {
    pub(crate) server: Server,
    dir: TempDir,
}

/// A runner that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// `None`: a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) lines: Vec<String>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Server::start())
    }

    pub(crate) fn with(server: Server) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("tmp")).unwrap();
        let bench = Self { server, dir };
        bench.set("");
        bench
    }

    /// The attributes of the instance.
    pub(crate) fn of(attributes: &Value) -> Self {
        let bench = Self::new();
        bench.server.instance(attributes);
        bench
    }

    /// Settings in `[MetadataScripts]`.
    pub(crate) fn set(&self, settings: &str) {
        let text = format!("[MetadataScripts]\nmetadata_wait = 5\n{settings}\n");
        fs::write(self.path("settings"), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What is in the folder for temporary files.
    pub(crate) fn left(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("tmp")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hospes-agent"));
        command.arg("scripts");
        self.prepare(&mut command, arguments);
        command
    }

    /// The runner under another name.
    pub(crate) fn command_named(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hospes-agent"));
        command.arg0(name);
        self.prepare(&mut command, arguments);
        command
    }

    fn prepare(&self, command: &mut Command, arguments: &[&str]) {
        command
            .args(arguments)
            .arg("--config")
            .arg(self.path("settings"))
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("TMPDIR", self.path("tmp"))
            .env("HOSPES_RUN_DIR", self.path("run"))
            .env("GCE_METADATA_HOST", self.server.address().to_string());
    }

    /// Starts a command; it prints into a file, for what it leaves behind may hold a pipe.
    pub(crate) fn start(&self, mut command: Command) -> Running {
        let output = self.path("output");
        // A new one: what an earlier run has left behind may still write to the old one.
        let _ = fs::remove_file(&output);
        let file = File::create(&output).unwrap();
        let child = command
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Running { child, output }
    }

    /// The same in a name space of its own, after a shell has set it up. `None` where there are
    /// none for us.
    pub(crate) fn start_apart(&self, command: &Command, set_up: &str) -> Option<Running> {
        let apart = |then: &str| {
            let mut apart = Command::new("unshare");
            apart.args(["-rm", "sh", "-c", &format!("{set_up} && {then}"), "sh"]);
            apart
        };
        let can = apart("true").output();
        if !can.is_ok_and(|done| done.status.success()) {
            return None;
        }
        let mut whole = apart("exec \"$@\"");
        whole.arg(command.get_program()).args(command.get_args());
        whole.env_clear();
        for (name, value) in command.get_envs() {
            whole.env(name, value.unwrap());
        }
        Some(self.start(whole))
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.start(self.command(arguments)).end()
    }
}

/// A runner that runs; killed when a test forgets it.
pub(crate) struct Running {
    child: Child,
    output: PathBuf,
}

impl Running {
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for a line that begins so.
    pub(crate) fn line(&self, begins: &str) -> String {
        line_in(&self.output, begins)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn end(mut self) -> Ran {
        let status = self.wait();
        Ran {
            code: status.code(),
            lines: lines(&self.output),
        }
    }

    fn wait(&mut self) -> ExitStatus {
        eventually("the runner ends", || self.child.try_wait().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ran {
    /// The line that begins so.
    pub(crate) fn line(&self, begins: &str) -> &str {
        let line = self.lines.iter().find(|line| line.starts_with(begins));
        line.unwrap_or_else(|| panic!("no `{begins}` in {self:#?}"))
    }

    /// What a script has printed.
    pub(crate) fn printed(&self, key: &str) -> Vec<&str> {
        let before = format!("{key}: ");
        let lines = self.lines.iter();
        lines
            .filter_map(|line| line.strip_prefix(&before))
            .collect()
    }
}

/// Waits for a line of a file that begins so.
pub(crate) fn line_in(file: &Path, begins: &str) -> String {
    eventually(begins, || {
        let mut lines = lines(file).into_iter();
        lines.find(|line| line.starts_with(begins))
    })
}

/// Whole lines only.
fn lines(file: &Path) -> Vec<String> {
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines = text.split_inclusive('\n');
    lines
        .filter_map(|line| line.strip_suffix('\n').map(str::to_owned))
        .collect()
}

/// Waits until there is something.
pub(crate) fn eventually<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(began.elapsed() < LONG, "{what}: it does not happen");
        sleep(Duration::from_millis(5));
    }
}

/// Says why something is not tested, also when the test passes.
pub(crate) fn skip(why: &str) {
    use std::io::Write;
    // Nobody may be there to read it.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}
