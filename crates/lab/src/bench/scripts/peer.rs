//! Google's runner, out of Debian's package.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::cache;
use crate::command::output;

const PACKAGE: &str = "google-guest-agent";
const RUNNER: &str = "usr/bin/google_metadata_script_runner";

/// Its program, or why there is nothing to compare with. It is not installed: it would act on this
/// machine.
pub(super) async fn find() -> Result<PathBuf> {
    ensure!(rustix::process::geteuid().is_root(), "it takes root");
    let folder = cache::root()?.join(PACKAGE);
    let runner = folder.join(RUNNER);
    if !runner.is_file() {
        fetch(&folder).await?;
    }
    ensure!(runner.is_file(), "the package {PACKAGE} has no {RUNNER}");
    Ok(runner)
}

async fn fetch(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).context("cannot create a directory")?;
    let mut download = Command::new("timeout");
    download
        .args(["120", "apt-get", "download", PACKAGE])
        .current_dir(folder);
    output(&mut download).await?;
    for entry in std::fs::read_dir(folder).context("cannot read")?.flatten() {
        let package = entry.path();
        if package.extension().is_some_and(|ending| ending == "deb") {
            output(Command::new("dpkg").arg("-x").arg(package).arg(folder)).await?;
        }
    }
    Ok(())
}
