//! Installs missing packages with apt, or says how.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::packages::{self, Package};
use super::subordinate_ids;
use crate::{process, say};

/// How this user may install packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    Root,
    Sudo,
    Nobody,
}

const APT: &str = "/usr/bin/apt-get";

/// Sees to it that every package is there.
pub(crate) fn ensure() -> Result<()> {
    ensure_these(packages::PACKAGES)?;
    subordinate_ids::check()
}

/// Sees to it that packages can be made; `linking` also against an old glibc, `rpm` also for the RPM family.
pub(crate) fn ensure_packaging(linking: bool, rpm: bool) -> Result<()> {
    let lists = [
        (true, packages::PACKING),
        (linking, packages::LINKING),
        (rpm, packages::RPM),
    ];
    let wanted = lists.into_iter().filter(|(wanted, _)| *wanted);
    ensure_these(
        &wanted
            .flat_map(|(_, list)| list)
            .copied()
            .collect::<Vec<_>>(),
    )
}

/// Whether something is there that can be done without.
#[derive(Debug)]
pub(crate) enum Presence {
    There,
    /// It is not, and cannot be had here: why, and what would help.
    Absent(String),
}

/// Whether programs for Windows can be built; nothing is installed for it.
pub(crate) fn can_build_for_windows() -> Presence {
    let missing = packages::missing(packages::WINDOWS);
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    match names.as_slice() {
        [] => Presence::There,
        names => Presence::Absent(format!("Debian's packages {} are missing", names.join(" "))),
    }
}

/// Sees to it that programs for Windows can be built and run, where that can be had.
pub(crate) fn ensure_windows() -> Result<Presence> {
    let wanted = [packages::WINDOWS, packages::WINDOWS_LINTS, packages::WINE].concat();
    let missing = packages::missing(&wanted);
    if missing.is_empty() {
        return Ok(Presence::There);
    }
    if let Some(reason) = obstacle(&missing, means())? {
        return Ok(Presence::Absent(reason));
    }
    ensure_these(&wanted)?;
    Ok(Presence::There)
}

/// Why these packages, which can be done without, are not installed.
fn obstacle(missing: &[Package], means: Means) -> Result<Option<String>> {
    let [update, install] = apt_commands(missing);
    if std::env::consts::ARCH != "x86_64" {
        return Ok(Some("they run on x86_64 only".to_owned()));
    }
    if !Path::new(APT).is_file() {
        let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
        return Ok(Some(format!(
            "this machine has no apt to install {}",
            names.join(" ")
        )));
    }
    if means == Means::Nobody {
        let (update, install) = (update.join(" "), install.join(" "));
        return Ok(Some(format!(
            "packages are missing: sudo {update} && sudo {install}"
        )));
    }
    process::run(&mut command(&update, means))?;
    let tried = process::output(command(&install, means).arg("--simulate"));
    Ok(tried.err().map(|error| format!("{error:#}")))
}

fn ensure_these(wanted: &[Package]) -> Result<()> {
    let missing = packages::missing(wanted);
    if missing.is_empty() {
        say::line("    system packages: all there");
        return Ok(());
    }
    say::line("    missing system packages:");
    for package in &missing {
        say::line(&format!("      {:24} {}", package.name, package.why));
    }
    install(&missing, means())?;
    let still: Vec<&str> = packages::missing(wanted)
        .iter()
        .map(|package| package.name)
        .collect();
    if !still.is_empty() {
        bail!(
            "apt installed these packages, but what they should bring is not there: {}",
            still.join(" ")
        );
    }
    Ok(())
}

fn install(missing: &[Package], means: Means) -> Result<()> {
    if !Path::new(APT).is_file() {
        bail!(
            "this machine has no apt: install the programs that these packages bring, then run this again"
        );
    }
    let [update, install] = apt_commands(missing);
    match means {
        Means::Root | Means::Sudo => {
            process::run(&mut command(&update, means))?;
            process::run(&mut command(&install, means))
        }
        Means::Nobody => bail!(
            "packages are missing and this user may not install them. Run this, then the command again:\n\n    \
             sudo {} && sudo {}\n",
            update.join(" "),
            install.join(" ")
        ),
    }
}

fn apt_commands(missing: &[Package]) -> [Vec<&'static str>; 2] {
    let mut install = vec!["apt-get", "install", "--yes"];
    // What this machine has is not given up for it.
    install.extend(["--no-install-recommends", "--no-remove"]);
    install.extend(missing.iter().map(|package| package.name));
    [vec!["apt-get", "update"], install]
}

fn command(words: &[&str], means: Means) -> Command {
    let mut command = Command::new(if means == Means::Sudo { "sudo" } else { "env" });
    if means == Means::Sudo {
        command.args(["-n", "env"]);
    }
    command.arg("DEBIAN_FRONTEND=noninteractive").args(words);
    command
}

fn means() -> Means {
    if rustix::process::geteuid().is_root() {
        Means::Root
    } else if process::succeeds(Command::new("sudo").args(["-n", "true"])) {
        Means::Sudo
    } else {
        Means::Nobody
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_install_gets_the_exact_command() {
        let all = packages::PACKAGES;
        let error = install(&all[..2], Means::Nobody).unwrap_err().to_string();
        let expected = "sudo apt-get update && sudo apt-get install --yes --no-install-recommends --no-remove \
                        gcc libc6-dev\n";
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn who_may_not_install_goes_without_windows_and_gets_the_command() {
        let reason = obstacle(packages::WINDOWS, Means::Nobody).unwrap().unwrap();
        if cfg!(target_arch = "x86_64") && Path::new(APT).is_file() {
            assert!(reason.contains("sudo apt-get install "), "{reason}");
            assert!(reason.contains(" rustc-web cargo-web "), "{reason}");
        }
    }
}
