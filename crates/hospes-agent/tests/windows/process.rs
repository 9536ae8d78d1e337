//! Processes that do not outlive their test.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What tells the agent where things are.
const VARIABLES: [&str; 3] = ["QGA_CONF", "GCE_METADATA_HOST", "HOSPES_RUN_DIR"];

/// A process that is killed when it is dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// How it has ended, if it has.
    pub(crate) fn end(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        until("the process does not end", || self.end())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Our program, with nothing on standard input and nothing in its environment that leads it elsewhere.
pub(crate) fn agent_program() -> Command {
    program(env!("CARGO_BIN_EXE_hospes-agent"))
}

/// A program as above.
pub(crate) fn program(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

/// A copy of our program under another name, with the libraries that lie beside it.
pub(crate) fn copied(folder: &Path, name: &str) -> PathBuf {
    let ours = Path::new(env!("CARGO_BIN_EXE_hospes-agent"));
    for entry in fs::read_dir(ours.parent().unwrap()).unwrap() {
        let library = entry.unwrap().path();
        if library.extension().is_some_and(|ending| ending == "dll") {
            fs::copy(&library, folder.join(library.file_name().unwrap())).unwrap();
        }
    }
    let copy = folder.join(name);
    fs::copy(ours, &copy).unwrap();
    copy
}

/// What a process that has ended leaves.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command to its end. It prints into files: what it leaves behind may hold a pipe.
pub(crate) fn finished(command: &mut Command) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    let [out, err] = ["out", "err"].map(|name| folder.path().join(name));
    command.stdout(File::create(&out).unwrap());
    command.stderr(File::create(&err).unwrap());
    let status = Process::start(command).ended();
    let text = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    Finished {
        code: status.code(),
        out: text(out),
        err: text(err),
    }
}

/// Waits until there is something.
pub(crate) fn until<T>(otherwise: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{otherwise}");
        sleep(Duration::from_millis(20));
    }
}
