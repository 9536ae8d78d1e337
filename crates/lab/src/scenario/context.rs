//! What a scenario works with: its directory, machines and the product.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::hospes::{HospesProcess, HospesRun};
use crate::apt::AptRepository;
use crate::console::Activity;
use crate::guest_agent::GuestAgent;
use crate::vm::{Launcher, Vm, VmSpec, hospes_toml};

/// A scenario's surroundings.
#[derive(Debug, Clone)]
pub struct Context {
    dir: PathBuf,
    launcher: Arc<Launcher>,
    activity: Activity,
}

impl Context {
    /// Surroundings in `dir`, which is created if missing.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub fn new(dir: PathBuf, launcher: Arc<Launcher>, activity: Activity) -> Result<Self> {
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(Self {
            dir,
            launcher,
            activity,
        })
    }

    /// The scenario's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Says what the scenario does now.
    pub fn step(&self, what: impl std::fmt::Display) {
        self.activity.step(what);
    }

    /// The scenario's line of progress.
    #[must_use]
    pub const fn activity(&self) -> &Activity {
        &self.activity
    }

    /// The package repository that the guests use.
    #[must_use]
    pub fn repository(&self) -> &AptRepository {
        self.launcher.repository()
    }

    /// Which agent the guests run.
    #[must_use]
    pub fn agent(&self) -> &GuestAgent {
        self.launcher.agent()
    }

    /// The public host key that every guest of the lab presents, as OpenSSH writes it.
    ///
    /// # Errors
    /// The image's file cannot be read.
    pub fn host_key(&self) -> Result<String> {
        let path = self.launcher.image().host_key();
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Starts a machine and waits until commands run in its guest.
    ///
    /// # Errors
    /// QEMU does not start, or the guest does not come up.
    pub async fn vm(&self, spec: VmSpec) -> Result<Vm> {
        let dir = self.dir.join(&spec.name);
        self.launcher.boot(&dir, spec, &self.activity).await
    }

    /// Writes `hospes.toml` for `machines`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn configure(&self, machines: &[&Vm]) -> Result<()> {
        self.configure_with(&hospes_toml(machines))
    }

    /// Writes `text` as `hospes.toml`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn configure_with(&self, text: &str) -> Result<()> {
        std::fs::write(self.config_path(), text).context("cannot write hospes.toml")
    }

    /// Where the scenario's `hospes.toml` is.
    #[must_use]
    pub fn config_path(&self) -> PathBuf {
        self.dir.join("hospes.toml")
    }

    /// Runs the real `hospes` to its end, with this scenario's configuration and state.
    ///
    /// # Errors
    /// It cannot be started, or takes longer than twenty minutes. Its exit code is the caller's to judge.
    pub async fn hospes(&self, arguments: &[&str]) -> Result<HospesRun> {
        self.activity
            .step(format!("hospes {}", arguments.join(" ")));
        self.start_hospes(arguments)?.wait().await
    }

    /// Starts the real `hospes`, to be interrupted or killed.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_hospes(&self, arguments: &[&str]) -> Result<HospesProcess> {
        HospesProcess::start(&self.dir, arguments)
    }
}
