//! Guests with packages of the older set.

use anyhow::{Context as _, Result};

use crate::apt::{AptRepository, Updates};
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec};

const WEB: &str = "web";

/// Whether a phased update is for a guest is decided by its machine id: this one decides the same every
/// time.
const MACHINE: &str = "APT::Machine-ID \"0123456789abcdef0123456789abcdef\";";

/// A guest and the archives it is patched from.
pub(crate) struct Guest {
    pub(crate) vm: Vm,
    pub(crate) updates: Updates,
}

impl Guest {
    /// The guest `web`, known to the program, with `packages` of the older set; the newer one is on offer.
    pub(super) async fn with(context: &Context, packages: &[&str]) -> Result<Self> {
        Self::of(context, VmSpec::new(WEB), packages).await
    }

    /// The same under Ubuntu.
    pub(super) async fn ubuntu(context: &Context, packages: &[&str]) -> Result<Self> {
        Self::of(context, VmSpec::new(WEB).ubuntu(), packages).await
    }

    async fn of(context: &Context, spec: VmSpec, packages: &[&str]) -> Result<Self> {
        let guest = Self::known(context, spec, packages).await?;
        guest.updates.publish_newer().await?;
        Ok(guest)
    }

    /// The guest `web` before there is anything newer.
    pub(super) async fn older(context: &Context, packages: &[&str]) -> Result<Self> {
        Self::known(context, VmSpec::new(WEB), packages).await
    }

    async fn known(context: &Context, spec: VmSpec, packages: &[&str]) -> Result<Self> {
        let guest = Self::boot(context, spec, packages).await?;
        context.configure(&[&guest.vm])?;
        context.hospes(&["trust", WEB]).await?.expect_exit(0)?;
        Ok(guest)
    }

    /// Any guest with `packages` of the older set, before there is anything newer, of which the program
    /// does not know yet.
    pub(crate) async fn boot(context: &Context, spec: VmSpec, packages: &[&str]) -> Result<Self> {
        let archives = context.dir().join(format!("archives-{}", spec.name));
        let vm = context.vm(spec).await?;
        let updates = Updates::serve(&archives).await?;
        let guest = Self { vm, updates };
        context.step(format!(
            "installing older packages in `{}`",
            guest.vm.name()
        ));
        guest.install(packages).await?;
        Ok(guest)
    }

    async fn install(&self, packages: &[&str]) -> Result<()> {
        let sources = self.updates.sources_list();
        let script = format!(
            "printf '%s' '{sources}' >/etc/apt/sources.list && echo '{MACHINE}' >/etc/apt/apt.conf.d/91lab && \
             export DEBIAN_FRONTEND=noninteractive && apt-get -qq update && apt-get -qq install {}",
            packages.join(" ")
        );
        self.run(&script).await?;
        Ok(())
    }

    /// Lets the guest's apt know one more repository.
    pub(super) async fn add_source(&self, repository: &AptRepository) -> Result<()> {
        let line = repository.sources_list();
        self.run(&format!("printf '%s' '{line}' >>/etc/apt/sources.list"))
            .await?;
        Ok(())
    }

    /// Runs a script that must end well, and returns what it printed.
    pub(super) async fn run(&self, script: &str) -> Result<String> {
        self.vm.ssh(script).await?.success()
    }

    /// The version of a package, as dpkg has it.
    pub(super) async fn version(&self, package: &str) -> Result<String> {
        self.run(&format!("dpkg-query -W -f '${{Version}}' {package}"))
            .await
    }

    /// How often the guest went down for a reboot.
    pub(super) fn restarts(&self) -> Result<usize> {
        restarts(&self.vm)
    }
}

/// How often a machine went down for a reboot: the kernel says so on its console as the last thing.
pub(super) fn restarts(vm: &Vm) -> Result<usize> {
    let console = std::fs::read(vm.dir().join("serial.log")).context("no console")?;
    let console = String::from_utf8_lossy(&console);
    Ok(console.matches("reboot: Restarting system").count())
}
