//! Builds the image in a temporary directory and renames it when it is whole.

use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::process::Command;

use super::recipe::Recipe;
use super::{install, mirror, recipe};
use crate::command;
use crate::console::Activity;

pub(super) async fn build(
    recipe: &Recipe,
    root: &Path,
    image: &Path,
    activity: &Activity,
) -> Result<()> {
    let work = installed(recipe, root, image, activity).await?;
    make_disk(recipe, work.path(), activity).await?;
    if recipe.peers.is_some() {
        let packages = keep_packages(work.path()).await?;
        activity.step(format!("{packages} packages for the repository"));
        crate::apt::write_index(&work.path().join("packages")).await?;
    }
    std::fs::rename(work.keep(), image)
        .with_context(|| format!("cannot create {}", image.display()))
}

/// Builds a tree in the same way.
pub(super) async fn build_tree(
    recipe: &Recipe,
    root: &Path,
    tree: &Path,
    activity: &Activity,
) -> Result<()> {
    let work = installed(recipe, root, tree, activity).await?;
    activity.step("unpacking the tree");
    let unpacked = work.path().join("tree");
    std::fs::create_dir(&unpacked)?;
    let archive = work.path().join("rootfs.tar");
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--numeric-owner", "--exclude=./dev/*"])
        // The builder's own package settings (proxy, cache) do not concern the tree.
        .arg("--exclude=./etc/apt/apt.conf.d/99mmdebstrap")
        .arg("--file")
        .arg(&archive)
        .arg("--directory")
        .arg(&unpacked);
    command::output(&mut tar).await?;
    std::fs::remove_file(&archive)?;
    std::fs::remove_dir_all(work.path().join("packages"))?;
    std::fs::rename(work.keep(), tree).with_context(|| format!("cannot create {}", tree.display()))
}

/// A directory with keys and `rootfs.tar`.
async fn installed(
    recipe: &Recipe,
    root: &Path,
    image: &Path,
    activity: &Activity,
) -> Result<TempDir> {
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!(".build-{name}-");
    remove_half_built(root, &prefix);
    let work = tempfile::Builder::new()
        .prefix(&prefix)
        .tempdir_in(root)
        .with_context(|| format!("cannot create a directory in {}", root.display()))?;
    let log = root.join("build.log");
    make_keys(work.path(), activity).await?;
    install::run(recipe, work.path(), &log, activity)
        .await
        .with_context(|| hint(recipe, &log))?;
    Ok(work)
}

/// What killed builds of this very image left; the caller's lock says that none is under way.
fn remove_half_built(root: &Path, prefix: &str) {
    let entries = std::fs::read_dir(root).into_iter().flatten();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(prefix) {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

fn hint(recipe: &Recipe, log: &Path) -> String {
    format!(
        "cannot build the guest image from {}: is this archive reachable? Everything that was printed is in {}",
        mirror::described(recipe.distribution),
        log.display()
    )
}

async fn make_keys(work: &Path, activity: &Activity) -> Result<()> {
    activity.step("making keys");
    let keys = work.join("keys");
    std::fs::create_dir(&keys)?;
    for name in ["login", "host"] {
        let mut keygen = Command::new("ssh-keygen");
        keygen
            .args([
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                &format!("lab-{name}"),
                "-f",
            ])
            .arg(keys.join(name));
        command::output(&mut keygen).await?;
    }
    Ok(())
}

async fn make_disk(recipe: &Recipe, work: &Path, activity: &Activity) -> Result<()> {
    activity.step("making the disk");
    let mut fakeroot = Command::new("fakeroot");
    fakeroot
        .args(["--", "sh", "-c", recipe::DISK, "disk"])
        .arg(work)
        .arg(recipe.disk_size);
    // Debian keeps mke2fs in /sbin, which ordinary users do not have in their path.
    let path = std::env::var("PATH").unwrap_or_default();
    command::output(fakeroot.env("PATH", format!("{path}:/usr/sbin:/sbin"))).await?;
    let (raw, disk) = (work.join("disk.raw"), work.join("disk.qcow2"));
    let mut convert = Command::new("qemu-img");
    command::output(
        convert
            .args(["convert", "-O", "qcow2"])
            .arg(&raw)
            .arg(&disk),
    )
    .await?;
    std::fs::remove_file(&raw).with_context(|| format!("cannot remove {}", raw.display()))
}

/// Keeps the packages that were downloaded, except the kernel (no scenario installs one), under
/// names without the escaped epoch, which a URL would escape again. Returns how many.
async fn keep_packages(work: &Path) -> Result<usize> {
    let packages = work.join("packages");
    let mut kept = 0;
    for entry in std::fs::read_dir(&packages)
        .with_context(|| format!("cannot read {}", packages.display()))?
    {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            std::fs::remove_dir_all(&path)?;
        } else if name.ends_with(".deb") && !name.starts_with("linux-image-") {
            std::fs::rename(&path, packages.join(name.replace('%', "-")))?;
            kept += 1;
        } else {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(kept)
}
