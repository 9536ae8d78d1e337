//! Builds the image in a temporary directory and renames it when it is whole.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use super::{mirror, recipe};
use crate::command::{self, not_started};
use crate::console::Activity;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

pub(super) async fn build(root: &Path, image: &Path, activity: &Activity) -> Result<()> {
    let work = tempfile::Builder::new()
        .prefix(".build-")
        .tempdir_in(root)
        .with_context(|| format!("cannot create a directory in {}", root.display()))?;
    let log = root.join("build.log");
    make_keys(work.path(), activity).await?;
    install_debian(work.path(), &log, activity)
        .await
        .with_context(|| hint(&log))?;
    make_disk(work.path(), activity).await?;
    let packages = keep_packages(work.path()).await?;
    activity.step(format!("{packages} packages for the repository"));
    crate::apt::write_index(&work.path().join("packages")).await?;
    std::fs::rename(work.keep(), image)
        .with_context(|| format!("cannot create {}", image.display()))
}

fn hint(log: &Path) -> String {
    format!(
        "cannot build the guest image from {}: is this archive reachable? Everything that was printed is in {}",
        mirror::archive(),
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

async fn install_debian(work: &Path, log: &Path, activity: &Activity) -> Result<()> {
    activity.step(format!(
        "installing Debian {} from {}",
        recipe::SUITE,
        mirror::archive()
    ));
    std::fs::create_dir(work.join("packages"))?;
    std::fs::write(work.join("essential.sh"), recipe::ESSENTIAL)?;
    std::fs::write(work.join("customize.sh"), recipe::CUSTOMIZE)?;
    let mut mmdebstrap = Command::new("mmdebstrap");
    mmdebstrap.args(mmdebstrap_arguments(
        work,
        &mirror::network_options().await,
    )?);
    mmdebstrap
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = mmdebstrap
        .spawn()
        .with_context(|| not_started("mmdebstrap"))?;
    let stderr = child
        .stderr
        .take()
        .context("mmdebstrap without standard error")?;
    let mut lines = BufReader::new(stderr).lines();
    let mut file = tokio::fs::File::create(log)
        .await
        .with_context(|| format!("cannot write {}", log.display()))?;
    let mut complaints = Vec::new();
    while let Some(line) = lines.next_line().await? {
        file.write_all(format!("{line}\n").as_bytes()).await?;
        match line.strip_prefix("I: ") {
            Some(progress) if !progress.starts_with("running ") => activity.step(progress),
            _ => complaints.push(line),
        }
    }
    file.flush().await?;
    let status = child.wait().await?;
    if !status.success() {
        bail!(
            "`mmdebstrap` failed ({status}): {}",
            command::tail(&complaints.join("\n"), 12)
        );
    }
    Ok(())
}

/// Root in a container often may not unshare but may mount; an ordinary user the other way round.
fn mode() -> &'static str {
    if rustix::process::geteuid().is_root() {
        "root"
    } else {
        "unshare"
    }
}

fn mmdebstrap_arguments(work: &Path, network: &[String]) -> Result<Vec<String>> {
    let work = work.to_str().context("the cache's path is not UTF-8")?;
    let mut arguments = vec![
        format!("--mode={}", mode()),
        "--variant=apt".to_owned(),
        "--format=tar".to_owned(),
        "--architectures=amd64".to_owned(),
        format!("--keyring={KEYRING}"),
        format!("--include={}", recipe::PACKAGES.join(",")),
        "--aptopt=APT::Install-Recommends \"false\"".to_owned(),
        "--aptopt=APT::Keep-Downloaded-Packages \"true\"".to_owned(),
    ];
    arguments.extend(network.iter().map(|option| format!("--aptopt={option}")));
    arguments.extend(
        recipe::DPKG_OPTIONS
            .iter()
            .map(|option| format!("--dpkgopt={option}")),
    );
    arguments.push("--essential-hook=mkdir \"$1/lab\"".to_owned());
    arguments.push(format!(
        "--essential-hook=upload '{work}/essential.sh' /lab/essential.sh"
    ));
    arguments.push("--essential-hook=sh \"$1/lab/essential.sh\" \"$1\"".to_owned());
    for (from, to) in [
        ("keys/login.pub", "login.pub"),
        ("keys/host", "host"),
        ("keys/host.pub", "host.pub"),
        ("customize.sh", "customize.sh"),
    ] {
        arguments.push(format!("--customize-hook=upload '{work}/{from}' /lab/{to}"));
    }
    arguments.push(format!(
        "--customize-hook=sync-out /var/cache/apt/archives '{work}/packages'"
    ));
    arguments.push("--customize-hook=sh \"$1/lab/customize.sh\" \"$1\"".to_owned());
    arguments.push(recipe::SUITE.to_owned());
    arguments.push(format!("{work}/rootfs.tar"));
    arguments.push(format!("deb {} {} main", mirror::archive(), recipe::SUITE));
    Ok(arguments)
}

async fn make_disk(work: &Path, activity: &Activity) -> Result<()> {
    activity.step("making the disk");
    let mut fakeroot = Command::new("fakeroot");
    fakeroot
        .args(["--", "sh", "-c", recipe::DISK, "disk"])
        .arg(work)
        .arg(recipe::DISK_SIZE);
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
