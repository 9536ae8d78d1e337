//! The keys that the packages are verified with.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::process::Command;

use super::{Distribution, mirror};
use crate::command;

const DEBIAN: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Debian has no package of Ubuntu's keys: this one is fetched, and nothing else is taken for it.
const UBUNTU_PACKAGE: &str = "pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb";
const UBUNTU_SHA256: &str = "36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8";
const UBUNTU: &str = "usr/share/keyrings/ubuntu-archive-keyring.gpg";
const APT_HELPER: &str = "/usr/lib/apt/apt-helper";

/// A file of keys.
#[derive(Debug)]
pub(super) enum Keyring {
    /// This machine has it.
    Installed(&'static str),
    /// It was fetched, and goes with this.
    Fetched(TempDir),
}

impl Keyring {
    pub(super) async fn of(distribution: Distribution) -> Result<Self> {
        match distribution {
            Distribution::Debian => Ok(Self::Installed(DEBIAN)),
            Distribution::Ubuntu => fetch().await.map(Self::Fetched),
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        match self {
            Self::Installed(path) => PathBuf::from(path),
            Self::Fetched(dir) => dir.path().join(UBUNTU),
        }
    }
}

/// With this machine's apt, which knows the way to the network. Not in the cache: an ordinary user's
/// mmdebstrap may not see into the user's home.
async fn fetch() -> Result<TempDir> {
    let dir = tempfile::tempdir().context("cannot create a directory for Ubuntu's keys")?;
    let url = format!("{}/{UBUNTU_PACKAGE}", mirror::ubuntu());
    let package = dir.path().join("keyring.deb");
    let mut helper = Command::new(APT_HELPER);
    helper.args(["download-file", &url]).arg(&package);
    command::output(helper.arg(format!("SHA256:{UBUNTU_SHA256}")))
        .await
        .with_context(|| format!("cannot fetch Ubuntu's keys from {url}"))?;
    unpack(&package, dir.path()).await?;
    Ok(dir)
}

async fn unpack(package: &Path, dir: &Path) -> Result<()> {
    let mut dpkg = Command::new("dpkg-deb");
    command::output(dpkg.arg("--extract").arg(package).arg(dir)).await?;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot open {} to others", dir.display()))
}
