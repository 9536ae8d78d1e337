//! Which agent the guests run.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::apt;
use crate::command;
use crate::image::Image;

/// The package of the metadata scripts' units, which needs our agent of the same version.
pub(crate) const METADATA_SCRIPTS: &str = "hospes-metadata-scripts";

/// The agent of the guests of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuestAgent {
    /// QEMU's own, from Debian.
    Stock,
    /// Ours, from these packages: `hospes-agent_*.deb`, the oldest version first, then those of the
    /// metadata scripts, which scenarios install.
    Hospes(Vec<PathBuf>),
}

impl GuestAgent {
    /// Ours, from the packages in `dir`.
    ///
    /// # Errors
    /// There are none.
    pub fn hospes(dir: &Path) -> Result<Self> {
        let dir = std::path::absolute(dir)?;
        let entries = std::fs::read_dir(&dir).with_context(|| {
            format!(
                "cannot read {}: `cargo xtask dist --lab` makes it",
                dir.display()
            )
        })?;
        let mut packages: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| is_ours(path))
            .collect();
        packages.sort();
        if !packages.first().is_some_and(|first| is_agent(first)) {
            bail!(
                "no hospes-agent package in {}: `cargo xtask dist --lab` builds it",
                dir.display()
            );
        }
        Ok(Self::Hospes(packages))
    }

    /// Its name on the lab's command line.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Hospes(_) => "hospes",
        }
    }

    /// The Debian package that a guest has.
    #[must_use]
    pub const fn package(&self) -> &'static str {
        match self {
            Self::Stock => "qemu-guest-agent",
            Self::Hospes(_) => "hospes-agent",
        }
    }

    /// The name of its process.
    #[must_use]
    pub const fn process(&self) -> &'static str {
        match self {
            Self::Stock => "qemu-ga",
            Self::Hospes(_) => "hospes-agent",
        }
    }

    /// A directory with the packages that guests may install: those of `image`, and ours.
    ///
    /// # Errors
    /// The directory cannot be made in `work`.
    pub(crate) async fn packages(&self, image: &Image, work: &Path) -> Result<PathBuf> {
        let Self::Hospes(ours) = self else {
            return Ok(image.packages());
        };
        let dir = work.join("packages");
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("cannot create {}", dir.display()))?;
        let stock = std::fs::read_dir(image.packages()).context("the image has no packages")?;
        let stock = stock.filter_map(|entry| Some(entry.ok()?.path()));
        for package in stock.filter(|path| path.extension().is_some_and(|end| end == "deb")) {
            std::os::unix::fs::symlink(&package, dir.join(name_of(&package)?))
                .with_context(|| format!("cannot link {}", package.display()))?;
        }
        // Copied: whoever builds them again meanwhile must not change them under apt.
        for package in ours {
            std::fs::copy(package, dir.join(name_of(package)?))
                .with_context(|| format!("cannot copy {}", package.display()))?;
        }
        apt::write_index(&dir).await?;
        Ok(dir)
    }

    /// What tells one build of the agent from another; empty for the stock one, which the image has.
    pub(crate) async fn fingerprint(&self) -> Result<String> {
        match self.installed() {
            None => Ok(String::new()),
            Some(package) => command::output(Command::new("sha256sum").arg(package)).await,
        }
    }

    /// The version that guests start with: the oldest, so that there is one to upgrade to.
    pub(crate) async fn version(&self) -> Result<String> {
        let package = self.installed().context("the stock agent is the image's")?;
        let mut dpkg = Command::new("dpkg-deb");
        let version = command::output(dpkg.arg("-f").arg(package).arg("Version")).await?;
        Ok(version.trim().to_owned())
    }

    fn installed(&self) -> Option<&PathBuf> {
        match self {
            Self::Stock => None,
            Self::Hospes(packages) => packages.first(),
        }
    }
}

fn name_of(package: &Path) -> Result<&std::ffi::OsStr> {
    package.file_name().context("a package without a name")
}

fn is_agent(path: &Path) -> bool {
    is_package(path, "hospes-agent")
}

fn is_ours(path: &Path) -> bool {
    is_agent(path) || is_package(path, METADATA_SCRIPTS)
}

fn is_package(path: &Path, package: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let rest = name.strip_prefix(package);
    rest.is_some_and(|rest| rest.starts_with('_') && rest.ends_with(".deb"))
}
