//! What a scenario works with.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::runner::Given;
use super::{Ended, Host, Program, Wine};
use crate::console::Activity;

/// Emulated machines may run beside.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

/// Where the agent's programs are installed; a path with a space, as on most machines.
pub(super) const FOLDER: &str = r"Program Files\hospes";
pub(super) const AGENT: &str = "hospes-agent.exe";
pub(super) const RUNNER: &str = "GCEMetadataScriptRunner.exe";
/// A library beside them that Wine lacks, and Windows has.
const LIBRARY: &str = "bcryptprimitives.dll";

/// Where the agent's programs meet, unless it is where Windows has it.
pub(super) const RUN_DIRECTORY: Option<&str> = Some(r"C:\run");

/// A scenario's surroundings.
#[derive(Debug)]
pub(super) struct Site {
    given: Given,
    activity: Activity,
    /// Beside the original prefix, whose files a copy can share there only.
    dir: TempDir,
}

/// A guest and its host.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) wine: Wine,
    pub(super) host: Host,
}

impl Site {
    /// New surroundings.
    pub(super) fn new(given: Given, activity: Activity) -> Result<Self> {
        let beside = given.prefix.parent().unwrap_or(Path::new("/"));
        let dir = tempfile::Builder::new().prefix("lab-").tempdir_in(beside);
        let dir = dir.with_context(|| format!("cannot write to {}", beside.display()))?;
        Ok(Self {
            given,
            activity,
            dir,
        })
    }

    /// Says what the scenario does now.
    pub(super) fn step(&self, what: &str) {
        self.activity.step(what);
    }

    /// A directory for a scenario's own files.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(&path).context("cannot create a directory")?;
        Ok(path)
    }

    /// Boots a Windows with the agent and its runner, beside a host.
    pub(super) async fn guest(&self) -> Result<Guest> {
        self.guest_with(&[AGENT, RUNNER], RUN_DIRECTORY).await
    }

    /// The same with these programs only, and that directory.
    pub(super) async fn guest_with(
        &self,
        programs: &[&str],
        run_directory: Option<&str>,
    ) -> Result<Guest> {
        self.step("starting the host and Windows");
        let host = Host::start().await?;
        let mut variables = vec![("GCE_METADATA_HOST", host.address().to_string())];
        variables.extend(run_directory.map(|path| ("HOSPES_RUN_DIR", path.to_owned())));
        let prefix = self.dir.path().join("prefix");
        let wine = Wine::boot(&self.given.prefix, prefix, &variables)?;
        for name in programs.iter().chain([&LIBRARY]) {
            self.install(&wine, name)?;
        }
        Ok(Guest { wine, host })
    }

    fn install(&self, wine: &Wine, name: &str) -> Result<()> {
        let (from, to) = (self.given.programs.join(name), wine.path(FOLDER));
        std::fs::create_dir_all(&to).context("cannot create a directory")?;
        let copied = std::fs::copy(&from, to.join(name));
        copied.with_context(|| {
            let from = from.display();
            format!("cannot copy {from}; `cargo xtask test-windows` builds it")
        })?;
        Ok(())
    }
}

impl Guest {
    /// Starts one of the agent's programs.
    pub(super) fn start(&self, name: &str, arguments: &[&str]) -> Result<Program> {
        self.wine.start(&installed(name), arguments)
    }

    /// Runs one of the agent's programs to its end.
    pub(super) async fn run(&self, name: &str, arguments: &[&str]) -> Result<Ended> {
        self.start(name, arguments)?.ended().await
    }

    /// Runs one of the agent's programs with more variables.
    pub(super) async fn run_with(
        &self,
        name: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Ended> {
        let program = self
            .wine
            .start_with(&installed(name), arguments, variables)?;
        program.ended().await
    }

    /// What a script has written into a file of `C:`.
    pub(super) fn written(&self, file: &str) -> String {
        let text = std::fs::read_to_string(self.wine.path(file)).unwrap_or_default();
        text.replace("\r\n", "\n")
    }

    /// Waits until a script has written a line with `text` into a file of `C:`.
    pub(super) async fn until_written(&self, file: &str, text: &str) -> Result<()> {
        let written = until(format!("no `{text}` in {file}"), async || {
            Ok(self.written(file).contains(text).then_some(()))
        });
        written.await.with_context(|| self.written(file))
    }

    /// Waits until a line has come through COM1.
    pub(super) async fn until_logged(&self, line: &str) -> Result<()> {
        let logged = until(format!("COM1 does not tell `{line}`"), async || {
            let text = self.wine.port().text();
            Ok(logged(&text).any(|logged| logged == line).then_some(()))
        });
        logged.await.with_context(|| self.wine.port().text())
    }
}

/// What the runner has told through COM1, without times.
pub(super) fn logged(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines();
    lines.filter_map(|line| Some(line.split_once(" GCEMetadataScripts: ")?.1))
}

/// Where one of the agent's programs is, for Windows.
pub(super) fn installed(name: &str) -> String {
    format!(r"C:\{FOLDER}\{name}")
}

/// Looks until there is something.
///
/// # Errors
/// It takes too long, or looking fails.
pub(super) async fn until<T>(
    otherwise: impl Display,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        ensure!(Instant::now() < end, "{otherwise} within {PATIENCE:?}");
        sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_runner_s_lines_count() {
        let text = "boot\r\n2026/01/02 03:04:05 GCEMetadataScripts: Found a in metadata.\r\n\
                    2026/01/02 03:04:05 GCEMetadataScripts: a: b: c\n";
        let lines: Vec<&str> = logged(text).collect();
        assert_eq!(lines, ["Found a in metadata.", "a: b: c"]);
    }
}
