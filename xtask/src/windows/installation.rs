//! Installs what the zip holds, upgrades it and removes it, with the scripts that the zip has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::wine::Wine;
use super::{stand_in, toolchain};
use crate::dist;
use crate::workspace::Workspace;

const INSTALLED: &str = "Program Files/hospes-agent";
const UNINSTALL: &str = r"C:\Program Files\hospes-agent\uninstall.cmd";
const SETTINGS: &str = "Program Files/Google/Compute Engine/instance_configs.cfg";
const TASK: &str = "windows/system32/tasks/GCEStartup";
const POLICY: &str = "windows/system32/GroupPolicy";
const SERVICES: [&str; 2] = ["hospes-agent", "hospes-metadata-watcher"];
const OTHER_AGENTS: [&str; 2] = ["QEMU-GA", "GCEAgent"];
const DISABLED: &str = "QEMU-GA";

/// What the owner wrote, wherever it is.
const OWNERS: &[u8] = b"# mine\r\n";

/// With `program` as the agent.
pub(super) fn check(workspace: &Workspace, wine: &Wine, program: &Path) -> Result<()> {
    let unpacked = unpack(workspace, program)?;
    // Windows itself has the library that Wine lacks.
    stand_in::copy(workspace, &wine.on_c("windows/system32"))?;
    for service in OTHER_AGENTS {
        refused_beside(wine, &unpacked, service)?;
    }
    not_refused_beside_disabled(wine, &unpacked)?;
    let settings = wine.on_c(SETTINGS);
    write(&settings, OWNERS)?;
    install(wine, &unpacked)?;
    let first = names(&wine.on_c(INSTALLED));
    install(wine, &unpacked)?;
    let second = names(&wine.on_c(INSTALLED));
    ensure!(first == second, "an upgrade left {second:?}, not {first:?}");
    uninstall(wine, &unpacked)?;
    ensure!(!wine.on_c(POLICY).exists(), "uninstall.cmd left the policy");
    keeps_changed_policy(wine, &unpacked)?;
    let kept = std::fs::read(&settings).unwrap_or_default();
    ensure!(kept == OWNERS, "the owner's settings were changed");
    Ok(std::fs::remove_file(&settings)?)
}

fn install(wine: &Wine, unpacked: &Path) -> Result<()> {
    wine.run(Path::new("cmd"), &["/c", "install.cmd"], unpacked)?;
    for path in [INSTALLED, TASK, POLICY] {
        ensure!(wine.on_c(path).exists(), "install.cmd made no {path}");
    }
    for service in SERVICES {
        let there = has_service(wine, service);
        ensure!(there, "install.cmd made no service {service}");
    }
    Ok(())
}

fn uninstall(wine: &Wine, unpacked: &Path) -> Result<()> {
    wine.run(Path::new("cmd"), &["/c", UNINSTALL], unpacked)?;
    let left = names(&wine.on_c(INSTALLED));
    ensure!(left.is_empty(), "uninstall.cmd left {left:?}");
    ensure!(!wine.on_c(TASK).exists(), "uninstall.cmd left the task");
    for service in SERVICES {
        let there = has_service(wine, service);
        ensure!(!there, "uninstall.cmd left the service {service}");
    }
    Ok(())
}

fn refused_beside(wine: &Wine, unpacked: &Path, service: &str) -> Result<()> {
    let script = unpacked.join("install.cmd").display().to_string();
    let installed = beside(wine, service, "auto", |wine| {
        wine.succeeds("cmd", &["/c", &script])
    })?;
    ensure!(!installed, "install.cmd does not mind {service}");
    let written = names(&wine.on_c(INSTALLED));
    ensure!(
        written.is_empty(),
        "install.cmd wrote {written:?} beside {service}"
    );
    Ok(())
}

/// An agent that nobody can start has not the port.
fn not_refused_beside_disabled(wine: &Wine, unpacked: &Path) -> Result<()> {
    let program = unpacked.join("hospes-agent.exe").display().to_string();
    let would = beside(wine, DISABLED, "disabled", |wine| {
        wine.succeeds(&program, &["service", "install", "--dry-run"])
    })?;
    ensure!(
        would,
        "hospes-agent.exe minds {DISABLED}, which is disabled"
    );
    Ok(())
}

/// What comes of it while there is a service of this name.
fn beside(wine: &Wine, service: &str, start: &str, what: impl Fn(&Wine) -> bool) -> Result<bool> {
    let make = [
        "create",
        service,
        "binPath=",
        r"C:\agent.exe",
        "start=",
        start,
    ];
    let made = wine.succeeds("sc", &make);
    ensure!(made, "Wine makes no service {service}");
    let result = what(wine);
    let gone = wine.succeeds("sc", &["delete", service]);
    ensure!(gone, "Wine keeps the service {service}");
    Ok(result)
}

fn keeps_changed_policy(wine: &Wine, unpacked: &Path) -> Result<()> {
    install(wine, unpacked)?;
    let policy = wine.on_c(POLICY);
    write(&policy.join("gpt.ini"), OWNERS)?;
    uninstall(wine, unpacked)?;
    let left = names(&policy);
    ensure!(
        left == BTreeSet::from(["gpt.ini".to_owned()]),
        "of a policy that the owner changed, uninstall.cmd left {left:?}"
    );
    Ok(std::fs::remove_dir_all(policy)?)
}

/// The folder that the zip unpacks to.
fn unpack(workspace: &Workspace, program: &Path) -> Result<PathBuf> {
    let folder = toolchain::target_folder(workspace)?.join("unpacked");
    let program =
        std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    for (name, content) in dist::windows_files(workspace.root(), "0", &program, "none")? {
        write(&folder.join(name), &content)?;
    }
    Ok(folder)
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().context("a file has a folder")?;
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, content))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// What is in a folder, which need not be there.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn has_service(wine: &Wine, name: &str) -> bool {
    let key = format!(r"HKLM\SYSTEM\CurrentControlSet\Services\{name}");
    wine.succeeds("reg", &["query", &key])
}
