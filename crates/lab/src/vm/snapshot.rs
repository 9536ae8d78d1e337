//! The snapshot of a booted guest, made once for each image, accelerator and version of QEMU.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tokio::process::Command;

use super::argv::{SNAPSHOT, Start, qemu_argv};
use super::boot;
use super::machine::Vm;
use super::port;
use super::spec::{Layout, VmSpec};
use crate::accelerator::Accelerator;
use crate::console::{Activity, Console};
use crate::image::Image;
use crate::{cache, command};

/// The name of a file that says under which boot of this machine KVM failed a whole guest.
const KVM_FAILED: &str = "kvm-failed";

/// The disk that holds the snapshot, made now (in `work`) if it is not cached, and what executes it.
///
/// A KVM that runs a boot sector may still fail a kernel: making the snapshot is the final test, and its
/// result holds until this machine reboots.
pub(super) async fn of_best_accelerator(
    image: &Image,
    work: &Path,
    console: &Console,
) -> Result<(Accelerator, PathBuf)> {
    let mut accelerator = Accelerator::choose().await?;
    let failed = image.dir().join(KVM_FAILED);
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    if accelerator == Accelerator::Kvm
        && std::fs::read_to_string(&failed).is_ok_and(|at| at == boot)
    {
        accelerator = Accelerator::Tcg;
    }
    match ensure(image, accelerator, work, console).await {
        Err(error) if accelerator == Accelerator::Kvm => {
            console.note(format!(
                "KVM fails the guest, it is emulated instead: {error:#}"
            ));
            std::fs::write(&failed, boot)
                .with_context(|| format!("cannot write {}", failed.display()))?;
            Ok((
                Accelerator::Tcg,
                ensure(image, Accelerator::Tcg, work, console).await?,
            ))
        }
        result => Ok((accelerator, result?)),
    }
}

async fn ensure(
    image: &Image,
    accelerator: Accelerator,
    work: &Path,
    console: &Console,
) -> Result<PathBuf> {
    let key = key(image, accelerator).await?;
    let disk = image.dir().join(format!("snapshot-{key}.qcow2"));
    if disk.exists() {
        return Ok(disk);
    }
    let activity = console.activity("snapshot");
    let _lock = cache::lock(&image.dir().join("snapshot.lock"), &activity).await?;
    if !disk.exists() {
        make(image, accelerator, &work.join("snapshot"), &disk, &activity).await?;
    }
    Ok(disk)
}

/// A snapshot fits only the same devices under the same QEMU.
async fn key(image: &Image, accelerator: Accelerator) -> Result<String> {
    let version = command::output(Command::new("qemu-system-x86_64").arg("--version")).await?;
    let layout = Layout::new(
        Path::new("/"),
        VmSpec::new("snapshot"),
        image,
        accelerator,
        0,
    );
    cache::short_hash(&format!(
        "{version}{}",
        qemu_argv(&layout, Start::Cold).join("\n")
    ))
    .await
}

async fn make(
    image: &Image,
    accelerator: Accelerator,
    dir: &Path,
    disk: &Path,
    activity: &Activity,
) -> Result<()> {
    let started = Instant::now();
    activity.step(format!(
        "booting a guest with {} (half a minute when emulated)",
        accelerator.name()
    ));
    let layout = Layout::new(
        dir,
        VmSpec::new("snapshot"),
        image,
        accelerator,
        port::free_port()?,
    );
    let saved = layout.disk();
    let vm = boot::boot_cold(layout, image).await?;
    activity.step(format!(
        "booted in {:.1} s, settling",
        started.elapsed().as_secs_f32()
    ));
    settle(&vm).await?;
    activity.step("saving the running guest");
    let answer = vm
        .qmp(
            "human-monitor-command",
            json!({"command-line": format!("savevm {SNAPSHOT}")}),
        )
        .await?;
    let complaint = answer.as_str().unwrap_or_default().trim();
    if !complaint.is_empty() {
        bail!("QEMU cannot save the guest: {complaint}");
    }
    vm.qmp("quit", json!({})).await?;
    vm.wait_for_exit(std::time::Duration::from_secs(30)).await?;
    std::fs::rename(&saved, disk).with_context(|| format!("cannot create {}", disk.display()))
}

/// Waits until systemd has started everything, and writes it all to the disk.
async fn settle(vm: &Vm) -> Result<()> {
    let state = vm
        .ssh("systemctl is-system-running --wait; sync")
        .await?
        .stdout;
    if state.trim() != "running" {
        let failed = vm
            .ssh("systemctl --failed --no-legend --plain")
            .await?
            .stdout;
        bail!(
            "the image's guest boots into the state `{}`: {failed}",
            state.trim()
        );
    }
    Ok(())
}
