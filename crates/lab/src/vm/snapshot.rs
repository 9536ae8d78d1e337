//! The snapshot of a booted guest, made once for each image, accelerator and version of QEMU.

use std::fs::File;
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
use crate::apt::AptRepository;
use crate::console::{Activity, Console};
use crate::guest_agent::GuestAgent;
use crate::image::Image;
use crate::{cache, command};

/// The name of a file that says under which boot of this machine KVM failed a whole guest.
const KVM_FAILED: &str = "kvm-failed";

/// A snapshot's disk, which no lab removes while another uses it.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) disk: PathBuf,
    /// A shared lock on it.
    _in_use: File,
}

impl Snapshot {
    /// The snapshot on `disk`, if it is there.
    fn open(disk: &Path) -> Result<Option<Self>> {
        let Ok(in_use) = File::open(disk) else {
            return Ok(None);
        };
        in_use.lock_shared().context("cannot lock the snapshot")?;
        // Another lab may have removed it between the two.
        Ok(disk.exists().then(|| Self {
            disk: disk.to_owned(),
            _in_use: in_use,
        }))
    }
}

/// What a snapshot is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe<'a> {
    pub(super) image: &'a Image,
    pub(super) agent: &'a GuestAgent,
    pub(super) repository: &'a AptRepository,
}

impl Recipe<'_> {
    /// The disk that holds the snapshot, made now (in `work`) if it is not cached, and what executes it.
    ///
    /// A KVM that runs a boot sector may still fail a kernel: making the snapshot is the final test, and its
    /// result holds until this machine reboots.
    pub(super) async fn on_best_accelerator(
        &self,
        work: &Path,
        console: &Console,
    ) -> Result<(Accelerator, Snapshot)> {
        let image = self.image;
        let mut accelerator = Accelerator::choose().await?;
        let failed = image.dir().join(KVM_FAILED);
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        if accelerator == Accelerator::Kvm
            && std::fs::read_to_string(&failed).is_ok_and(|at| at == boot)
        {
            accelerator = Accelerator::Tcg;
        }
        match self.ensure(accelerator, work, console).await {
            Err(error) if accelerator == Accelerator::Kvm => {
                console.note(format!(
                    "KVM fails the guest, it is emulated instead: {error:#}"
                ));
                std::fs::write(&failed, boot)
                    .with_context(|| format!("cannot write {}", failed.display()))?;
                Ok((
                    Accelerator::Tcg,
                    self.ensure(Accelerator::Tcg, work, console).await?,
                ))
            }
            result => Ok((accelerator, result?)),
        }
    }

    async fn ensure(
        &self,
        accelerator: Accelerator,
        work: &Path,
        console: &Console,
    ) -> Result<Snapshot> {
        let (image, key) = (self.image, self.key(accelerator).await?);
        let disk = image.dir().join(format!("snapshot-{key}.qcow2"));
        if let Some(snapshot) = Snapshot::open(&disk)? {
            return Ok(snapshot);
        }
        let activity = console.activity("snapshot");
        let _lock = cache::lock(&image.dir().join("snapshot.lock"), &activity).await?;
        if let Some(snapshot) = Snapshot::open(&disk)? {
            return Ok(snapshot);
        }
        self.remove_older(&disk);
        self.make(accelerator, &work.join("snapshot"), &disk, &activity)
            .await?;
        Snapshot::open(&disk)?.context("the snapshot is gone as soon as it was made")
    }

    /// A snapshot fits only the same devices under the same QEMU.
    async fn key(&self, accelerator: Accelerator) -> Result<String> {
        let image = self.image;
        let version = command::output(Command::new("qemu-system-x86_64").arg("--version")).await?;
        let layout = Layout::new(
            Path::new("/"),
            VmSpec::new("snapshot"),
            image,
            accelerator,
            0,
        );
        let machine = format!("{version}{}", qemu_argv(&layout, Start::Cold).join("\n"));
        let agent = self.agent.fingerprint().await?;
        let hash = cache::short_hash(&format!("{machine}{agent}")).await?;
        Ok(format!("{}-{hash}", self.agent.name()))
    }

    /// Builds of our agent come and go; each snapshot is half a gigabyte. Those that another lab uses stay.
    fn remove_older(&self, disk: &Path) {
        let prefix = format!("snapshot-{}-", self.agent.name());
        let entries = std::fs::read_dir(self.image.dir()).into_iter().flatten();
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(&prefix) && path != disk && !is_in_use(&path) {
                let _ = std::fs::remove_file(&path);
            }
        }
    }

    async fn make(
        &self,
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
            self.image,
            accelerator,
            port::free_port()?,
        );
        let saved = layout.disk();
        let vm = boot::boot_cold(layout, &self.image.disk()).await?;
        self.install_agent(&vm, activity).await?;
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

    /// Replaces the image's agent by ours, as its owner would.
    async fn install_agent(&self, vm: &Vm, activity: &Activity) -> Result<()> {
        if *self.agent == GuestAgent::Stock {
            return Ok(());
        }
        activity.step("installing hospes-agent with apt");
        let install = format!(
            "{} && apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install hospes-agent={}",
            boot::arrangement(self.repository)?,
            self.agent.version().await?
        );
        vm.ssh(&install).await?.success()?;
        boot::wait_for_agent(vm, boot::AGENT_DEADLINE).await
    }
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
/// Whether a lab holds the snapshot at `path`.
fn is_in_use(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_err())
}
