//! Starts machines and waits until their guests can be used.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use tokio::process::Command;
use tokio::sync::OnceCell;

use super::argv::{Start, qemu_argv};
use super::machine::Vm;
use super::snapshot::Snapshot;
use super::spec::{Layout, VmSpec};
use super::{port, snapshot};
use crate::accelerator::Accelerator;
use crate::apt::AptRepository;
use crate::command::{self, not_started};
use crate::console::{Activity, Console};
use crate::guest_agent::GuestAgent;
use crate::image::{Distribution, Image};

/// Linux keeps the path of a unix socket in 108 bytes, the last of which is zero.
const LONGEST_SOCKET_PATH: usize = 107;
const QEMU_STARTS_WITHIN: Duration = Duration::from_secs(60);
/// Emulated, alone on its CPU, Debian needs half a minute; Ubuntu, or two at once on a busy machine, several
/// times that.
const COLD_BOOT_DEADLINE: Duration = Duration::from_secs(600);
const RESUME_DEADLINE: Duration = Duration::from_secs(120);
pub(super) const AGENT_DEADLINE: Duration = Duration::from_secs(120);

/// Starts machines of Debian's image, with one accelerator and one package repository; those that ask
/// for Ubuntu of its image.
#[derive(Debug)]
pub struct Launcher {
    image: Image,
    ubuntu: OnceCell<Image>,
    console: Console,
    accelerator: Accelerator,
    repository: AptRepository,
    agent: GuestAgent,
    snapshot: Snapshot,
}

impl Launcher {
    /// Makes everything that a machine needs: image, snapshot (in `work`, if it is not cached), repository.
    ///
    /// # Errors
    /// One of them cannot be made.
    pub async fn prepare(agent: GuestAgent, work: &Path, console: &Console) -> Result<Self> {
        let image = Image::ensure(console).await?;
        let packages = agent.packages(&image, work).await?;
        let repository = AptRepository::serve(&packages).await?;
        let recipe = snapshot::Recipe {
            image: &image,
            agent: &agent,
            repository: &repository,
        };
        let (accelerator, snapshot) = recipe.on_best_accelerator(work, console).await?;
        Ok(Self {
            image,
            ubuntu: OnceCell::new(),
            console: console.clone(),
            accelerator,
            repository,
            agent,
            snapshot,
        })
    }

    /// Debian's image.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// The agent of the guests.
    #[must_use]
    pub fn agent(&self) -> &GuestAgent {
        &self.agent
    }

    /// What executes the guests.
    #[must_use]
    pub fn accelerator(&self) -> Accelerator {
        self.accelerator
    }

    /// The package repository that the guests use.
    #[must_use]
    pub fn repository(&self) -> &AptRepository {
        &self.repository
    }

    /// Starts a machine in `dir` and waits until commands run in its guest, whose clock is right and
    /// whose packages, if it is Debian, come from the lab.
    ///
    /// # Errors
    /// QEMU does not start, or the guest does not come up.
    pub async fn boot(&self, dir: &Path, spec: VmSpec, activity: &Activity) -> Result<Vm> {
        let from_snapshot = spec.starts_from_snapshot();
        let image = self.image_of(spec.distribution).await?;
        let layout = Layout::new(dir, spec, image, self.accelerator, port::free_port()?);
        if from_snapshot {
            activity.step(format!("resuming `{}`", layout.spec.name));
            copy_disk(&self.snapshot.disk, &layout.disk()).await?;
            let vm = start(layout, Start::Snapshot).await?;
            if let Some(metadata) = &vm.layout.spec.metadata {
                metadata.plug_in(&vm).await?;
            }
            wait_for_agent(&vm, RESUME_DEADLINE).await?;
            self.arrange(&vm).await?;
            return Ok(vm);
        }
        activity.step(format!("booting `{}`", layout.spec.name));
        match layout.spec.distribution {
            Distribution::Ubuntu => boot_cold(layout, &image.disk()).await,
            Distribution::Debian => {
                let vm = boot_cold(layout, &self.disk()).await?;
                self.arrange(&vm).await?;
                Ok(vm)
            }
        }
    }

    async fn image_of(&self, distribution: Distribution) -> Result<&Image> {
        match distribution {
            Distribution::Debian => Ok(&self.image),
            Distribution::Ubuntu => {
                let build = || Image::of(distribution, &self.console);
                self.ubuntu.get_or_try_init(build).await
            }
        }
    }

    /// The disk of Debian's cold boot: the image has the stock agent; where the agent is ours, the
    /// snapshot's disk has it, written out before the snapshot was taken.
    fn disk(&self) -> PathBuf {
        match self.agent {
            GuestAgent::Stock => self.image.disk(),
            GuestAgent::Hospes(_) => self.snapshot.disk.clone(),
        }
    }

    /// A guest of the snapshot still believes in the time of the snapshot, and its package source is empty.
    async fn arrange(&self, vm: &Vm) -> Result<()> {
        let script = arrangement(&self.repository)?;
        let done = if vm.has_agent_port() {
            let result = vm.agent_exec(&script).await?;
            (result.code == Some(0))
                .then_some(())
                .with_context(|| result.stderr)
        } else {
            vm.ssh(&script).await?.success().map(|_| ())
        };
        done.with_context(|| format!("cannot set clock and package source of `{}`", vm.name()))
    }
}

/// A script that sets the guest's clock and its package source.
pub(super) fn arrangement(repository: &AptRepository) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let sources = repository.sources_list();
    Ok(format!(
        "date -s @{now} && printf '%s' '{sources}' > /etc/apt/sources.list"
    ))
}

/// Boots a machine from a fresh copy of `disk`, until SSH and, with the port, the agent answer.
pub(super) async fn boot_cold(layout: Layout, disk: &Path) -> Result<Vm> {
    copy_disk(disk, &layout.disk()).await?;
    let vm = start(layout, Start::Cold).await?;
    vm.wait_for_ssh(COLD_BOOT_DEADLINE).await?;
    if vm.has_agent_port() {
        wait_for_agent(&vm, AGENT_DEADLINE).await?;
    }
    Ok(vm)
}

async fn copy_disk(from: &Path, to: &Path) -> Result<()> {
    if let Some(dir) = to.parent() {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    let mut cp = Command::new("cp");
    command::output(
        cp.args(["--reflink=auto", "--sparse=always", "--"])
            .arg(from)
            .arg(to),
    )
    .await?;
    Ok(())
}

/// Starts QEMU and waits until it takes commands.
async fn start(layout: Layout, how: Start) -> Result<Vm> {
    check_socket_path(&layout.agent())?;
    let argv = qemu_argv(&layout, how);
    let log = std::fs::File::create(layout.qemu_log()).context("cannot write QEMU's log")?;
    let mut qemu = Command::new(&argv[0]);
    qemu.args(&argv[1..])
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("cannot write QEMU's log")?)
        .stderr(log)
        // Ctrl-C is for the lab, which then ends its machines.
        .process_group(0);
    // Made before the process: dropped on any failure below, it ends what runs from its directory.
    let vm = Vm {
        layout,
        released: false,
    };
    let mut child = qemu.spawn().with_context(|| not_started(&argv[0]))?;
    let end = Instant::now() + QEMU_STARTS_WITHIN;
    loop {
        if let Some(status) = child.try_wait()? {
            bail!("QEMU ended at once ({status})\n{}", vm.log_tail());
        }
        if vm.layout.lab_qmp().exists() && vm.run_state().await.is_ok() {
            return Ok(vm);
        }
        if Instant::now() > end {
            bail!(
                "QEMU does not answer within {QEMU_STARTS_WITHIN:?}\n{}",
                vm.log_tail()
            );
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn check_socket_path(path: &Path) -> Result<()> {
    let length = path.as_os_str().len();
    if length > LONGEST_SOCKET_PATH {
        bail!(
            "{} is too long for a unix socket ({length} bytes, {LONGEST_SOCKET_PATH} at most): \
             set XDG_CACHE_HOME to a shorter path",
            path.display()
        );
    }
    Ok(())
}

pub(super) async fn wait_for_agent(vm: &Vm, deadline: Duration) -> Result<()> {
    let end = Instant::now() + deadline;
    while Instant::now() < end {
        if vm.agent_pings(Duration::from_secs(5)).await {
            return Ok(());
        }
        vm.fail_if_lost("its agent").await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!(
        "the agent of `{}` does not answer within {deadline:?}\n{}",
        vm.name(),
        vm.log_tail()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_too_long_for_a_socket_is_told_before_qemu_fails() {
        let long = format!("/{}/agent.sock", "x".repeat(100));
        let error = check_socket_path(Path::new(&long)).unwrap_err();
        assert!(error.to_string().contains("XDG_CACHE_HOME"), "{error}");
        check_socket_path(Path::new("/short/agent.sock")).unwrap();
    }
}
