//! Builds the programs that are run under Wine.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::toolchain;
use crate::process;
use crate::workspace::Workspace;

/// What the agent consists of.
const CRATES: [&str; 6] = [
    "qga",
    "agent",
    "metadata",
    "metadata-client",
    "guest-os",
    "hospes-agent",
];

const AGENT: &str = "hospes-agent.exe";

/// How the names of integration tests for Windows begin.
const INTEGRATION: &str = "windows";

/// Crash traces have no line numbers, and nothing is optimized: the build takes longer than the tests.
const FAST: [&str; 4] = [
    "--config",
    "profile.dev.debug=0",
    "--config",
    "profile.dev.package.serde_json.opt-level=0",
];

/// Warnings end the build, and flags of the compiler are not changed for it, which would compile
/// everything anew.
const DENY_WARNINGS: [&str; 3] = ["-Zwarnings", "--config", "build.warnings='deny'"];

/// What was built.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Built {
    /// In the order of their names.
    pub(super) tests: Vec<TestProgram>,
    /// `hospes-agent.exe`, which cargo builds along for the integration tests.
    pub(super) agent: PathBuf,
}

/// The tests of a crate, or one integration test.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TestProgram {
    /// For people.
    pub(super) name: String,
    pub(super) executable: PathBuf,
    /// The folder of the crate, where cargo starts tests too.
    pub(super) folder: PathBuf,
}

/// Builds tests and programs without a warning.
pub(super) fn build(workspace: &Workspace) -> Result<Built> {
    let mut cargo = toolchain::cargo(workspace, "test")?;
    cargo.arg("--no-run").args(FAST).args(DENY_WARNINGS);
    select(&mut cargo, workspace);
    let messages = toolchain::target_folder(workspace)?.join("messages.json");
    std::fs::create_dir_all(messages.parent().unwrap_or(Path::new("/")))?;
    let file =
        File::create(&messages).with_context(|| format!("cannot write {}", messages.display()))?;
    cargo.arg("--message-format=json-render-diagnostics");
    process::run(cargo.stdout(file))?;
    let messages = std::fs::read_to_string(&messages)
        .with_context(|| format!("cannot read {}", messages.display()))?;
    built(&messages)
}

/// Clippy, over the same code.
pub(super) fn lint(workspace: &Workspace) -> Result<()> {
    let mut clippy = toolchain::clippy(workspace)?;
    // In this profile the crates' own tests are read too.
    clippy.args(["--quiet", "--profile", "test", "--bins"]);
    select(&mut clippy, workspace);
    process::run(clippy.args(["--", "-D", "warnings"]))
}

fn select(cargo: &mut Command, workspace: &Workspace) {
    cargo.arg("--lib");
    for name in CRATES {
        cargo.args(["--package", name]);
    }
    for test in integration_tests(workspace.metadata()) {
        cargo.args(["--test", test]);
    }
}

/// Their names, from what `cargo metadata` printed.
fn integration_tests(metadata: &Value) -> Vec<&str> {
    let packages = list(&metadata["packages"]).iter();
    let ours = packages.filter(|package| CRATES.contains(&text(&package["name"])));
    ours.flat_map(|package| list(&package["targets"]))
        .filter(|target| is_kind(target, "test"))
        .map(|target| text(&target["name"]))
        .filter(|name| name.starts_with(INTEGRATION))
        .collect()
}

/// Read from cargo's messages, one on a line.
fn built(messages: &str) -> Result<Built> {
    let (mut tests, mut agent) = (Vec::new(), None);
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).context("cargo's message is no JSON")?;
        let Some(executable) = message["executable"].as_str().map(PathBuf::from) else {
            continue;
        };
        if message["profile"]["test"] == true {
            tests.push(test_program(&message, executable));
        } else if executable.ends_with(AGENT) {
            agent = Some(executable);
        }
    }
    tests.sort_by(|one, other| one.name.cmp(&other.name));
    let agent = agent.with_context(|| format!("cargo built no {AGENT}, and said no reason"))?;
    Ok(Built { tests, agent })
}

fn test_program(message: &Value, executable: PathBuf) -> TestProgram {
    let folder = Path::new(text(&message["manifest_path"]))
        .parent()
        .unwrap_or(Path::new("/"));
    let package = folder.file_name().unwrap_or_default().to_string_lossy();
    let target = &message["target"];
    let name = match is_kind(target, "lib") {
        true => package.into_owned(),
        false => format!("{package}: {}", text(&target["name"])),
    };
    TestProgram {
        name,
        executable,
        folder: folder.to_owned(),
    }
}

fn is_kind(target: &Value, kind: &str) -> bool {
    list(&target["kind"]).iter().any(|known| known == kind)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tests_and_programs_are_told_apart() {
        let artifact = |kind: &str, name: &str, test: bool, executable: Option<&str>| {
            json!({
                "reason": "compiler-artifact", "manifest_path": "/w/crates/hospes-agent/Cargo.toml",
                "target": {"kind": [kind], "name": name}, "profile": {"test": test}, "executable": executable,
            })
            .to_string()
        };
        let messages = [
            artifact("custom-build", "build-script-build", false, None),
            artifact("lib", "hospes_agent", false, None),
            artifact("test", "windows", true, Some("/t/deps/windows-1.exe")),
            artifact(
                "lib",
                "hospes_agent",
                true,
                Some("/t/deps/hospes_agent-2.exe"),
            ),
            artifact("bin", "hospes-agent", false, Some("/t/hospes-agent.exe")),
            json!({"reason": "build-finished", "success": true}).to_string(),
        ];
        let built = built(&messages.join("\n")).unwrap();
        let tests: Vec<_> = built
            .tests
            .iter()
            .map(|test| (test.name.as_str(), test.executable.to_str().unwrap()))
            .collect();
        assert_eq!(
            tests,
            [
                ("hospes-agent", "/t/deps/hospes_agent-2.exe"),
                ("hospes-agent: windows", "/t/deps/windows-1.exe"),
            ]
        );
        assert_eq!(built.tests[0].folder, Path::new("/w/crates/hospes-agent"));
        assert_eq!(built.agent, Path::new("/t/hospes-agent.exe"));
    }

    #[test]
    fn only_integration_tests_for_windows_are_built() {
        let target = |kind: &str, name: &str| json!({"kind": [kind], "name": name});
        let metadata = json!({"packages": [
            {"name": "hospes-agent", "targets": [
                target("test", "runner"), target("test", "windows"), target("lib", "windows_lib"),
            ]},
            {"name": "lab", "targets": [target("test", "windows_lab")]},
        ]});
        assert_eq!(integration_tests(&metadata), ["windows"]);
    }
}
