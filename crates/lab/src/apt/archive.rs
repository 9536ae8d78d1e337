//! An archive whose packages change while it is served, as real archives do.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::index::{Identity, write_index_as};
use super::package::Package;
use super::repository::AptRepository;

/// A directory of packages and its server.
#[derive(Debug)]
pub struct Archive {
    dir: PathBuf,
    identity: Identity,
    repository: AptRepository,
}

impl Archive {
    /// An archive without packages in `dir`, which is created, served on a port of its own.
    ///
    /// # Errors
    /// The directory cannot be created, or no port can be bound.
    pub async fn serve(dir: PathBuf, identity: Identity) -> Result<Self> {
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("cannot create {}", dir.display()))?;
        let repository = AptRepository::serve(&dir).await?;
        let archive = Self {
            dir,
            identity,
            repository,
        };
        archive.publish(&[]).await?;
        Ok(archive)
    }

    /// Offers exactly these packages from now on.
    ///
    /// # Errors
    /// One of them cannot be made.
    pub async fn publish(&self, packages: &[Package]) -> Result<()> {
        let entries = std::fs::read_dir(&self.dir)
            .with_context(|| format!("cannot read {}", self.dir.display()))?;
        for entry in entries {
            std::fs::remove_file(entry?.path()).context("cannot remove an older package")?;
        }
        for package in packages {
            package.build(&self.dir).await?;
        }
        write_index_as(&self.dir, self.identity).await
    }

    /// The repository that serves it: its URLs and its line for `sources.list`.
    #[must_use]
    pub const fn repository(&self) -> &AptRepository {
        &self.repository
    }
}
