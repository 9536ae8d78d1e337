//! `cargo xtask test`: everything that must hold, cheapest first.

use std::process::Command;

use anyhow::Result;

use crate::stages::{Outcome, Stages};
use crate::workspace::Workspace;
use crate::{deny, dist, fuzz, process, setup, tidy, windows};

/// How many seeds the simulators of guests and of campaigns run with `--full`, by the variables that
/// they read.
const MORE_SEEDS: [(&str, &str); 2] = [("HOSPES_SEEDS", "100000"), ("HOSPES_PLAN_SEEDS", "10000")];

/// Of one program: many wait for deadlines, so more than there are processors.
const TESTS_AT_ONCE: &str = "6";

pub(crate) fn run(workspace: &Workspace, full: bool) -> Result<()> {
    let mut stages = Stages::default();
    let result = all(workspace, full, &mut stages);
    stages.summarize();
    result
}

fn all(workspace: &Workspace, full: bool, stages: &mut Stages) -> Result<()> {
    let cargo =
        |arguments: &[&str]| process::run(&mut workspace.cargo(arguments)).map(|()| Outcome::Done);
    stages.run("set-up", "install what it names", || {
        setup::ensure_packages()?;
        setup::ensure_components()?;
        Ok(Outcome::Done)
    })?;
    stages.run("format", "`cargo fmt` mends it", || {
        cargo(&["fmt", "--all", "--check"])
    })?;
    stages.run("tidy", "the lines above name file, rule and reason", || {
        tidy::run(workspace).map(|()| Outcome::Done)
    })?;
    stages.run("lints", "mend the warnings above", || {
        cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ])
    })?;
    stages.run("documentation", "mend the warnings above", || {
        documentation(workspace)
    })?;
    stages.run(
        "tests",
        "the failed test is named above; `cargo test NAME` runs it alone",
        || tests(workspace, full),
    )?;
    stages.run(
        "windows",
        "the message below tells how to run the failed program alone",
        || windows::stage(workspace, full),
    )?;
    stages.run(
        "fuzzing",
        "the input that failed is in fuzz/artifacts; fuzz/README.md says how to see it again",
        || fuzz::run(workspace),
    )?;
    stages.run("dependencies", "deny.toml says what is allowed", || {
        deny::run(workspace)
    })?;
    stages.run("packages", "mend what the build says above", || {
        dist::lab_packages(workspace).map(|_| Outcome::Done)
    })?;
    for (stage, agent) in [("scenarios", "hospes"), ("stock scenarios", "stock")] {
        stages.run(
            stage,
            "the failed scenario is named above; `target/debug/lab scenarios NAME` runs it alone",
            || scenarios(workspace, agent, full),
        )?;
    }
    Ok(())
}

fn documentation(workspace: &Workspace) -> Result<Outcome> {
    let mut doc = workspace.cargo(&["doc", "--no-deps", "--workspace", "--quiet"]);
    process::run(doc.env("RUSTDOCFLAGS", "-Dwarnings"))?;
    Ok(Outcome::Done)
}

fn tests(workspace: &Workspace, full: bool) -> Result<Outcome> {
    let mut test = workspace.cargo(&["test", "--workspace", "--quiet"]);
    test.env("RUST_TEST_THREADS", TESTS_AT_ONCE);
    if full {
        test.envs(MORE_SEEDS);
    }
    process::run(&mut test)?;
    Ok(Outcome::Done)
}

/// Two at once: each machine keeps one core busy.
fn scenarios(workspace: &Workspace, agent: &str, full: bool) -> Result<Outcome> {
    process::run(&mut workspace.cargo(&["build", "--workspace", "--quiet"]))?;
    let mut lab = Command::new(workspace.built("debug", "lab")?);
    lab.args(["scenarios", "-j", "2", "--agent", agent]);
    lab.arg("--packages").arg(dist::lab_packages_dir(workspace));
    if full {
        lab.arg("--full");
    }
    process::run(&mut lab)?;
    Ok(Outcome::Done)
}
