//! Wine with a Windows of its own, which ends with the value.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::process::{self, Interrupted};
use crate::say;
use crate::workspace::Workspace;

/// No messages of Wine, and neither .NET nor a browser, which would want to be installed. Snapshots
/// are compared and never written; what is random has many cases on Linux.
const SETTINGS: [(&str, &str); 4] = [
    ("WINEDEBUG", "-all"),
    ("WINEDLLOVERRIDES", "mscoree,mshtml="),
    ("INSTA_UPDATE", "no"),
    ("PROPTEST_CASES", "32"),
];

/// Where this Windows is.
const PREFIX: &str = "WINEPREFIX";

/// Where snapshots are; insta would ask cargo.
const WORKSPACE: &str = "INSTA_WORKSPACE_ROOT";

/// How long one program may run, in seconds, and how much longer when it does not hear.
const DEADLINE: &str = "600";
const GRACE: &str = "10";

/// How long, in seconds, this Windows stays up between two programs: its services take a while to
/// start.
const STAYS: &str = "-p60";

/// Makes a Windows, of the version that the programs are for: Wine 8 takes an older one.
const MAKE: [&[&str]; 2] = [
    &["wineboot", "-i"],
    &[
        "reg",
        "add",
        r"HKCU\Software\Wine",
        "/v",
        "Version",
        "/d",
        "win10",
        "/f",
    ],
];

/// A Windows below one folder.
#[derive(Debug)]
pub(super) struct Wine {
    prefix: PathBuf,
    /// Of the workspace.
    root: PathBuf,
    /// Two at once would end each other's programs.
    _alone: File,
}

impl Wine {
    /// The one in `prefix`; it is made when it is not there.
    pub(super) fn ready(workspace: &Workspace, prefix: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&prefix)
            .with_context(|| format!("cannot create {}", prefix.display()))?;
        let wine = Self {
            _alone: alone(&prefix.join("in-use"))?,
            root: workspace.root().to_owned(),
            prefix,
        };
        process::run(
            wine.server(STAYS)
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        let made = wine.prefix.join("made");
        if !made.is_file() {
            say::line("    making a Windows for the tests");
            wine.make(&wine.prefix.join("making.log"))?;
            File::create(&made).with_context(|| format!("cannot write {}", made.display()))?;
        }
        // What a killed run left, and the services of the first start, which are not those that this
        // Windows will have.
        wine.end();
        let mut server = wine.server(STAYS);
        process::run(server.stdout(Stdio::null()).stderr(Stdio::null()))?;
        Ok(wine)
    }

    fn make(&self, log: &Path) -> Result<()> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        for words in MAKE {
            let mut step = self.command(Path::new(words[0]), &words[1..]);
            step.stdout(file.try_clone()?).stderr(file.try_clone()?);
            process::run(&mut step).with_context(|| {
                let log = log.display();
                format!("Wine did not make a Windows; it says why in {log}")
            })?;
        }
        Ok(())
    }

    /// A path on its drive C.
    pub(super) fn on_c(&self, path: &str) -> PathBuf {
        self.prefix.join("drive_c").join(path)
    }

    /// Runs `program` in `folder` to its end.
    pub(super) fn run(&self, program: &Path, arguments: &[&str], folder: &Path) -> Result<()> {
        let result = process::run(self.command(program, arguments).current_dir(folder));
        result.map_err(|error| match error.is::<Interrupted>() {
            true => error,
            false => error.context(self.by_hand(program, arguments, folder)),
        })
    }

    /// Whether a program of Windows succeeds; what it prints is dropped.
    pub(super) fn succeeds(&self, program: &str, arguments: &[&str]) -> bool {
        process::succeeds(&mut self.command(Path::new(program), arguments))
    }

    fn by_hand(&self, program: &Path, arguments: &[&str], folder: &Path) -> String {
        let variables = self.variables();
        let variables = variables.map(|(name, value)| format!("{name}={value}"));
        format!(
            "{} failed under Wine (status 124: it took longer than {DEADLINE} s); by hand:\n\n    \
             cd {} && {} wine {} {}\n\n",
            program.file_name().unwrap_or_default().display(),
            folder.display(),
            variables.collect::<Vec<_>>().join(" "),
            program.display(),
            arguments.join(" "),
        )
    }

    /// `program` under Wine, which is ended when it takes too long.
    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after", GRACE, DEADLINE, "wine"]);
        command.arg(program).args(arguments).stdin(Stdio::null());
        command.envs(self.variables()).env_remove("DISPLAY");
        command
    }

    fn end(&self) {
        process::succeeds(&mut self.server("-k"));
        process::succeeds(&mut self.server("-w"));
    }

    fn server(&self, argument: &str) -> Command {
        let mut server = Command::new("wineserver");
        server.arg(argument).envs(self.variables());
        server
    }

    fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        let settings = SETTINGS.map(|(name, value)| (name, value.to_owned()));
        let places = [(PREFIX, &self.prefix), (WORKSPACE, &self.root)];
        let places = places.map(|(name, path)| (name, path.display().to_string()));
        places.into_iter().chain(settings)
    }
}

fn alone(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    if file.try_lock().is_err() {
        say::line("    waiting for other tests under Wine to end");
        file.lock()
            .with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

impl Drop for Wine {
    /// Whatever is still running below the prefix ends with Wine's server.
    fn drop(&mut self) {
        self.end();
    }
}
