//! The directory where watcher, runner and the unit's end meet: see `metadata::stop`.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use guest_os::access::{create_file, create_folders};
use guest_os::boot;
use metadata::stop::{PENDING_STOP, PendingStop, file_name};
use metadata::watch::{Kept, Runner};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::hold::{self, Hold};

/// Names another directory.
const VARIABLE: &str = "HOSPES_RUN_DIR";
/// What the watcher keeps for the next one.
const KEPT: &str = "watcher.json";
/// Requests of which the scripts were begun in this boot.
const TAKEN: &str = "graceful";
/// Requests of which the end was reported, or could not be.
const REPORTED: &str = "reported";
/// Locks of the runners that are at work, a file a request.
const RUNNERS: &str = "runners";
/// The lock of whose turn it is.
const TURN: &str = "turn";
/// That the startup scripts were begun in this boot.
const STARTED: &str = "startup";
/// Bytes that a file here may have.
const LONGEST: u64 = 64 << 10;

/// The directory, which need not exist before something is written.
#[derive(Debug, Clone)]
pub(crate) struct RunDir(PathBuf);

impl RunDir {
    /// `$HOSPES_RUN_DIR`, else the system's.
    pub(crate) fn from_environment() -> Self {
        let named = std::env::var_os(VARIABLE).filter(|path| !path.is_empty());
        Self(named.map_or_else(boot::run_directory, PathBuf::from))
    }

    /// The stop that is pending, as the watcher has left it.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub(crate) fn pending_stop(&self) -> io::Result<Option<PendingStop>> {
        self.read(PENDING_STOP)
    }

    /// Takes a request: whoever is answered `true` runs its scripts, once in a boot.
    ///
    /// # Errors
    /// When the directory cannot be written: nobody knows then whether they ran.
    pub(crate) fn take(&self, request: &str) -> io::Result<bool> {
        self.mark(TAKEN, request)
    }

    /// Takes hold of a request, to the runner's end; `None` when another runner has it.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(crate) fn hold(&self, request: &str) -> io::Result<Option<Hold>> {
        let folder = self.0.join(RUNNERS);
        create_folders(&folder)?;
        Hold::take(&self.marker(RUNNERS, request), &folder.join(TURN))
    }

    /// Takes the startup scripts: whoever is answered `true` runs them, once in a boot.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(crate) fn take_startup(&self) -> io::Result<bool> {
        self.mark(STARTED, STARTED)
    }

    /// Whether the startup scripts were begun in this boot.
    pub(crate) fn has_started(&self) -> bool {
        self.marker(STARTED, STARTED).exists()
    }

    /// Notes that the end of this request's scripts was reported, or that nothing more is tried.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(super) fn note_reported(&self, request: &str) -> io::Result<()> {
        self.mark(REPORTED, request).map(drop)
    }

    /// What is seen of the runner of this request.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(super) fn runner_of(&self, request: &str) -> io::Result<Runner> {
        Ok(match self.taken()? {
            taken if taken.is_empty() => Runner::Unknown,
            taken if taken.iter().any(|other| other == request) => Runner::Took,
            _ => Runner::Behind,
        })
    }

    /// The requests whose scripts were begun in this boot.
    fn taken(&self) -> io::Result<Vec<String>> {
        let Some(entries) = found(fs::read_dir(self.0.join(TAKEN)))? else {
            return Ok(Vec::new());
        };
        entries.map(|entry| bounded(&entry?.path())).collect()
    }

    /// The requests whose scripts were begun in this boot, whose runner has ended, and of which
    /// nothing was reported.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(super) fn unreported(&self) -> io::Result<Vec<String>> {
        self.open_requests(false)
    }

    /// The requests whose runner is at work.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(super) fn at_work(&self) -> io::Result<Vec<String>> {
        self.open_requests(true)
    }

    /// Waits for the end of a request's runner.
    ///
    /// # Errors
    /// When the system has no lock for it.
    pub(super) fn wait_for_end(&self, request: &str) -> io::Result<()> {
        hold::wait_until_free(&self.marker(RUNNERS, request))
    }

    fn open_requests(&self, are_held: bool) -> io::Result<Vec<String>> {
        let mut requests = self.taken()?;
        requests.retain(|request| !self.marker(REPORTED, request).exists());
        // A hold that cannot be seen is none: a report too many is better than none.
        let is_held = |request: &str| hold::is_held(&self.marker(RUNNERS, request));
        requests.retain(|request| is_held(request).unwrap_or(false) == are_held);
        Ok(requests)
    }

    /// What the last watcher kept.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub(super) fn kept(&self) -> io::Result<Option<Kept>> {
        self.read(KEPT)
    }

    /// Keeps it for the next one.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(super) fn keep(&self, kept: &Kept) -> io::Result<()> {
        self.write(KEPT, kept)
    }

    /// Leaves it for the runner.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(super) fn leave(&self, pending: &PendingStop) -> io::Result<()> {
        self.write(PENDING_STOP, pending)
    }

    /// Takes it away.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(super) fn withdraw(&self) -> io::Result<()> {
        found(fs::remove_file(self.0.join(PENDING_STOP))).map(drop)
    }

    /// Takes away everything that another boot has left.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(super) fn forget(&self) -> io::Result<()> {
        for directory in [TAKEN, REPORTED, RUNNERS] {
            found(fs::remove_dir_all(self.0.join(directory)))?;
        }
        self.withdraw()
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        match found(bounded(&self.0.join(name)))? {
            Some(text) => Ok(Some(serde_json::from_str(&text)?)),
            None => Ok(None),
        }
    }

    fn write(&self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let new = self.prepare(&self.0, &serde_json::to_vec(value)?)?;
        fs::rename(new, self.0.join(name))
    }

    /// Creates a marker with the request in it; `false` when there is one.
    fn mark(&self, directory: &str, request: &str) -> io::Result<bool> {
        let new = self.prepare(&self.0.join(directory), request.as_bytes())?;
        // Unlike a rename, a link never replaces what is there.
        let linked = fs::hard_link(&new, self.marker(directory, request));
        fs::remove_file(new)?;
        match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn marker(&self, directory: &str, request: &str) -> PathBuf {
        self.0.join(directory).join(file_name(request))
    }

    /// A whole file with a name of its own, and `directory` for it.
    fn prepare(&self, directory: &Path, content: &[u8]) -> io::Result<PathBuf> {
        create_folders(directory)?;
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let new = self.0.join(format!("new.{}.{count}", std::process::id()));
        create_file(&new)?.write_all(content)?;
        Ok(new)
    }
}

/// `None` for what is not there.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = fs::File::open(path)?;
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_dir() -> (tempfile::TempDir, RunDir) {
        let directory = tempfile::tempdir().unwrap();
        let run = RunDir(directory.path().join("run/hospes-agent"));
        (directory, run)
    }

    fn pending(request: &str) -> PendingStop {
        PendingStop {
            request: request.to_owned(),
            max_seconds: Some(1),
            deadline_unix: None,
            deadline_boot_ms: Some(5),
        }
    }

    #[test]
    fn a_request_is_taken_once_by_whoever_comes_first() {
        let (_directory, run) = run_dir();
        let takers: Vec<_> = (0..8)
            .map(|_| {
                let run = run.clone();
                std::thread::spawn(move || run.take("../R 1").unwrap())
            })
            .collect();
        let taken = takers.into_iter().map(|taker| taker.join().unwrap());
        assert_eq!(taken.filter(|taken| *taken).count(), 1);
        assert!(!run.take("../R 1").unwrap());
        assert!(run.take("R 2").unwrap());
    }

    #[test]
    fn a_runner_is_known_by_what_it_took() {
        let (_directory, run) = run_dir();
        assert_eq!(run.runner_of("R1").unwrap(), Runner::Unknown);
        run.take("R1").unwrap();
        assert_eq!(run.runner_of("R1").unwrap(), Runner::Took);
        assert_eq!(run.runner_of("R2").unwrap(), Runner::Behind);
    }

    #[test]
    fn what_was_not_reported_is_known_by_its_request() {
        let (_directory, run) = run_dir();
        assert_eq!(run.unreported().unwrap(), [""; 0]);
        run.take("a/1").unwrap();
        run.take("b/2").unwrap();
        run.note_reported("a/1").unwrap();
        run.note_reported("a/1").unwrap();
        assert_eq!(run.unreported().unwrap(), ["b/2"]);
    }

    #[test]
    fn a_request_whose_runner_is_at_work_is_not_unreported() {
        let (_directory, run) = run_dir();
        let hold = run.hold("a").unwrap().unwrap();
        run.take("a").unwrap();
        assert!(run.hold("a").unwrap().is_none());
        assert_eq!(run.at_work().unwrap(), ["a"]);
        assert_eq!(run.unreported().unwrap(), [""; 0]);
        drop(hold);
        run.wait_for_end("a").unwrap();
        assert_eq!(run.at_work().unwrap(), [""; 0]);
        assert_eq!(run.unreported().unwrap(), ["a"]);
    }

    #[test]
    fn a_stop_is_left_replaced_and_withdrawn() {
        let (_directory, run) = run_dir();
        assert_eq!(run.pending_stop().unwrap(), None);
        run.withdraw().unwrap();
        for request in ["a", "b"] {
            run.leave(&pending(request)).unwrap();
            assert_eq!(run.pending_stop().unwrap(), Some(pending(request)));
        }
        run.withdraw().unwrap();
        assert_eq!(run.pending_stop().unwrap(), None);
    }

    #[test]
    fn what_another_boot_left_is_forgotten() {
        let (_directory, run) = run_dir();
        run.forget().unwrap();
        run.leave(&pending("a")).unwrap();
        run.take("a").unwrap();
        run.note_reported("a").unwrap();
        run.forget().unwrap();
        assert_eq!(run.pending_stop().unwrap(), None);
        assert!(run.take("a").unwrap());
        assert_eq!(run.unreported().unwrap(), ["a"]);
    }

    #[test]
    fn a_file_that_holds_something_else_is_an_error() {
        let (_directory, run) = run_dir();
        run.leave(&pending("a")).unwrap();
        for text in ["", "{", "[]", "{\"request\": 5}"] {
            fs::write(run.0.join(PENDING_STOP), text).unwrap();
            assert!(run.pending_stop().is_err(), "{text}");
        }
    }
}
