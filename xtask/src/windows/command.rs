//! The course of `cargo xtask test-windows`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::build::{self, Built};
use super::wine::Wine;
use super::{installation, stand_in, toolchain};
use crate::process::{self, Interrupted};
use crate::say;
use crate::setup::{self, Presence};
use crate::stages::Outcome;
use crate::workspace::Workspace;

/// The script runner is the same program under another name.
const RUNNER: &str = "GCEMetadataScriptRunner.exe";

/// The command: what is missing is an error.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    match stage(workspace, true)? {
        Outcome::NotDone(reason) => bail!(reason),
        Outcome::Done | Outcome::DoneBut(_) => Ok(()),
    }
}

/// The stage of `cargo xtask test`: what cannot be had here is said.
pub(crate) fn stage(workspace: &Workspace, full: bool) -> Result<Outcome> {
    if let Presence::Absent(reason) = setup::ensure_windows()? {
        return Ok(Outcome::NotDone(format!(
            "the programs for Windows were NOT built and tested: {reason}"
        )));
    }
    if full {
        say::line("    lints");
        build::lint(workspace)?;
    }
    let built = build::build(workspace)?;
    std::fs::copy(&built.agent, built.agent.with_file_name(RUNNER))
        .with_context(|| format!("cannot write {RUNNER} beside {}", built.agent.display()))?;
    stand_in::place(workspace, &built)?;
    let prefix = toolchain::target_folder(workspace)?.join("wine");
    let wine = Wine::ready(workspace, prefix.clone())?;
    run_all(workspace, &wine, &built)?;
    // The scenarios copy the prefix, which must be at rest.
    drop(wine);
    scenarios(workspace, &prefix, &built).map(|()| Outcome::Done)
}

/// The programs against the real host's.
fn scenarios(workspace: &Workspace, prefix: &Path, built: &Built) -> Result<()> {
    say::line("    with a host");
    let host = ["build", "--quiet", "-p", "lab", "-p", "hospes"];
    process::run(&mut workspace.cargo(&host))?;
    let mut lab = Command::new(workspace.built("debug", "lab")?);
    lab.args(["windows", "--prefix"]).arg(prefix);
    lab.arg("--programs")
        .arg(built.agent.parent().unwrap_or(Path::new("/")));
    process::run(&mut lab)
}

/// One failure does not hide another.
fn run_all(workspace: &Workspace, wine: &Wine, built: &Built) -> Result<()> {
    let mut failures = Vec::new();
    let mut note = |result: Result<()>| match result {
        Err(error) if error.is::<Interrupted>() => Err(error),
        Err(error) => {
            failures.push(format!("{error:#}"));
            Ok(())
        }
        Ok(()) => Ok(()),
    };
    for test in &built.tests {
        say::line(&format!("    {}", test.name));
        note(wine.run(&test.executable, &["--quiet"], &test.folder))?;
    }
    say::line("    installation");
    note(installation::check(workspace, wine, &built.agent))?;
    match failures.as_slice() {
        [] => Ok(()),
        failures => bail!(failures.join("\n")),
    }
}
