//! The packages of the agent that the lab's guests install and upgrade.

use std::path::PathBuf;

use anyhow::Result;

use super::command;
use super::options::{Options, Product, Profile};
use super::staging;
use crate::workspace::Workspace;
use crate::{say, setup};

/// One time for every build: the lab keeps its images for as long as the packages are the same.
const EPOCH: u64 = 1_700_000_000;

/// Where they are; the lab looks there by itself too.
pub(crate) fn lab_packages_dir(workspace: &Workspace) -> PathBuf {
    workspace.root().join("target/lab-packages")
}

/// Builds this version and one to upgrade it to; says where they are.
pub(crate) fn lab_packages(workspace: &Workspace) -> Result<PathBuf> {
    setup::ensure_packaging(false, false)?;
    let out = lab_packages_dir(workspace);
    staging::fresh_folder(&out)?;
    // The ordinary version last: its compiled crates are what the next `cargo build` looks for.
    for package_version in [Some(upgrade_of(env!("CARGO_PKG_VERSION"))), None] {
        let options = Options {
            native: true,
            deb_only: true,
            only: Some(Product::HospesAgent),
            profile: Profile::Dev,
            package_version,
            out: Some(out.clone()),
            lab: true,
        };
        for made in command::make(workspace, &options, EPOCH)? {
            for package in made.packages {
                say::line(&format!("    {}", package.display()));
            }
        }
    }
    Ok(out)
}

/// The next version, before it is out: newer than `version` to dpkg and in the order of file names.
fn upgrade_of(version: &str) -> String {
    let (minor, patch) = version.rsplit_once('.').unwrap_or((version, "0"));
    let patch = patch.parse().unwrap_or(0_u32) + 1;
    format!("{minor}.{patch}~lab")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upgrade_is_newer_and_its_file_sorts_behind() {
        assert_eq!(upgrade_of("0.1.9"), "0.1.10~lab");
        assert_eq!(upgrade_of("0.1.0"), "0.1.1~lab");
        assert!("hospes-agent_0.1.0_amd64.deb" < "hospes-agent_0.1.1~lab_amd64.deb");
    }
}
