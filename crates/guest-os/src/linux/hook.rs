//! The fsfreeze hook: an administrator's program that is told of every freeze and thaw.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use qga::results::exec::{Ended, Exit};
use qga::{Capture, ExecCall};
use rustix::fs::{Access, access};
use rustix::process::{Pid, Signal, kill_process_group};

use super::exec::{self, Group};
use crate::{Error, Result};

/// Of what the hook printed, the end that is shown, in characters.
const SHOWN: usize = 500;

/// What the hook is told, as its only argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// File systems are about to be frozen.
    Freeze,
    /// They were thawed.
    Thaw,
}

impl Action {
    fn argument(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Thaw => "thaw",
        }
    }
}

/// A hook that runs.
#[derive(Debug)]
pub struct Hook {
    pid: i64,
    tell: Sender<Told>,
    told: Receiver<Told>,
}

/// Ends a hook from another thread.
#[derive(Debug, Clone)]
pub struct Stopper(Sender<Told>);

#[derive(Debug)]
enum Told {
    Ended(Ended),
    Stop,
}

/// Starts the hook in a process group of its own.
///
/// # Errors
/// When it cannot be executed.
pub fn start(hook: &Path, action: Action) -> Result<Hook> {
    access(hook, Access::EXEC_OK).map_err(|error| {
        let hook = hook.display();
        Error::os(format_args!("can't access fsfreeze hook '{hook}'"), error)
    })?;
    let (tell, told) = channel();
    let tell_end = tell.clone();
    let on_end = move |ended| {
        let _ = tell_end.send(Told::Ended(ended));
    };
    let pid = exec::start(&call(hook, action), Group::Own, exec::end_signal, on_end)?;
    Ok(Hook { pid, tell, told })
}

impl Hook {
    /// What ends it from another thread.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.tell.clone())
    }

    /// Waits until the hook ends: not for what it leaves in the background, which may go on
    /// printing. At the deadline its process group is killed.
    ///
    /// # Errors
    /// When it ends with another status than 0 or by a signal (in the words of QEMU's agent,
    /// followed by what it printed), runs too long, or was stopped.
    pub fn wait(self, deadline: Duration) -> Result<()> {
        let why = match self.told.recv_timeout(deadline) {
            Ok(Told::Ended(ended)) => return judge(&ended),
            Ok(Told::Stop) => "fsfreeze hook was stopped".to_owned(),
            Err(_) => format!(
                "fsfreeze hook did not end within {} s and was killed",
                deadline.as_secs_f32()
            ),
        };
        kill(self.pid);
        Err(Error::Invalid(why))
    }
}

impl Stopper {
    /// Kills the hook's process group. A hook that has ended is left alone.
    pub fn stop(&self) {
        // Nobody listens any more when the hook has ended.
        let _ = self.0.send(Told::Stop);
    }
}

fn call(hook: &Path, action: Action) -> ExecCall {
    ExecCall {
        // With a slash, so that it is not looked for elsewhere.
        path: Path::new(".").join(hook).to_string_lossy().into_owned(),
        arguments: vec![action.argument().into()],
        environment: None,
        input: None,
        capture: Capture::Merged,
    }
}

fn judge(ended: &Ended) -> Result<()> {
    let failure = match ended.exit {
        Exit::Code(0) => return Ok(()),
        Exit::Code(code) => format!("fsfreeze hook has failed with status {code}"),
        Exit::Signal(_) | Exit::Unknown => "fsfreeze hook has terminated abnormally".into(),
    };
    let printed = last_words(&ended.stdout);
    let separator = if printed.is_empty() { "" } else { ": " };
    Err(Error::Invalid(format!("{failure}{separator}{printed}")))
}

/// The end of an output, as one line.
fn last_words(output: &[u8]) -> String {
    let output = &output[output.len().saturating_sub(4 * SHOWN)..];
    let text = String::from_utf8_lossy(output);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let skipped = line.chars().count().saturating_sub(SHOWN);
    line.chars().skip(skipped).collect()
}

/// The execution's own thread reaps it, however long the kernel takes to end it.
fn kill(pid: i64) {
    if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;
    use std::time::Instant;

    use tempfile::TempDir;

    use super::*;

    fn run(hook: &Path, action: Action, deadline: Duration) -> Result<()> {
        start(hook, action)?.wait(deadline)
    }

    const LONG: Duration = Duration::from_secs(60);

    /// A hook that runs a shell script, written by a process of its own: this one forks in other
    /// threads, which would hold the file open and it could not be executed.
    fn hook(script: &str) -> (PathBuf, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hook");
        let write = "printf '#!/bin/sh\n%s\n' \"$1\" > \"$2\" && chmod 755 \"$2\"";
        let written = Command::new("sh")
            .args(["-c", write, "sh", script])
            .arg(&path)
            .status();
        assert!(written.unwrap().success());
        (path, folder)
    }

    #[test]
    fn the_hook_is_told_what_happens() {
        let (path, folder) = hook("echo $# $1 >> $0.log; echo said");
        run(&path, Action::Freeze, LONG).unwrap();
        run(&path, Action::Thaw, LONG).unwrap();
        let log = std::fs::read_to_string(folder.path().join("hook.log")).unwrap();
        assert_eq!(log, "1 freeze\n1 thaw\n");
    }

    #[test]
    fn a_hook_is_stopped_from_elsewhere() {
        let (path, _folder) = hook("sleep 600");
        let running = start(&path, Action::Freeze).unwrap();
        let stopper = running.stopper();
        let waiting = std::thread::spawn(move || running.wait(LONG));
        stopper.stop();
        let failure = waiting.join().unwrap().unwrap_err();
        assert_eq!(failure.to_string(), "fsfreeze hook was stopped");
        stopper.stop();
    }

    #[test]
    fn a_hook_that_fails_is_quoted() {
        for (script, expected) in [
            ("exit 3", "fsfreeze hook has failed with status 3"),
            (
                "echo cannot; echo '  stop $1' >&2; exit 1",
                "fsfreeze hook has failed with status 1: cannot stop $1",
            ),
            ("kill -9 $$", "fsfreeze hook has terminated abnormally"),
        ] {
            let (path, _folder) = hook(script);
            let failure = run(&path, Action::Freeze, LONG).unwrap_err();
            assert_eq!(failure.to_string(), expected);
        }
        let (path, _folder) = hook("head -c 20000 /dev/zero | tr '\\000' x; echo ' end'; exit 1");
        let failure = run(&path, Action::Freeze, LONG).unwrap_err().to_string();
        assert!(failure.ends_with("xxx end"), "{failure}");
        assert!(failure.len() < 2 * SHOWN);
    }

    #[test]
    fn what_is_no_program_is_said_in_the_words_of_the_reference() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hook");
        let failure = || run(&path, Action::Freeze, LONG).unwrap_err().to_string();
        let refused = |reason| format!("can't access fsfreeze hook '{}': {reason}", path.display());
        assert_eq!(failure(), refused("No such file or directory"));
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        assert_eq!(failure(), refused("Permission denied"));
    }

    #[test]
    fn a_hook_that_hangs_is_killed_with_its_children() {
        let (path, folder) = hook("sleep 1000 & echo $! > $0.child; wait");
        let short = Duration::from_millis(300);
        let began = Instant::now();
        let failure = run(&path, Action::Thaw, short).unwrap_err().to_string();
        assert_eq!(
            failure,
            "fsfreeze hook did not end within 0.3 s and was killed"
        );
        assert!(began.elapsed() < LONG);
        let Ok(child) = std::fs::read_to_string(folder.path().join("hook.child")) else {
            return; // killed before it had one
        };
        let stat = format!("/proc/{}/stat", child.trim());
        let runs = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
        while runs() && began.elapsed() < LONG {
            std::thread::yield_now();
        }
        assert!(!runs(), "its child runs on");
    }
}
