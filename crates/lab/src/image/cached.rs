//! An image in the cache.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::recipe::Recipe;
use super::{Distribution, build};
use crate::cache;
use crate::console::Console;

/// A finished image in the cache.
#[derive(Debug, Clone)]
pub struct Image {
    dir: PathBuf,
}

impl Image {
    /// The cached image of Debian, built now if it is not there.
    ///
    /// # Errors
    /// As for [`Image::of`].
    pub async fn ensure(console: &Console) -> Result<Self> {
        Self::of(Distribution::Debian, console).await
    }

    /// The cached image of a distribution, built now if it is not there.
    ///
    /// # Errors
    /// The build fails: a tool is missing, the package mirror is unreachable, the disk is full.
    pub async fn of(distribution: Distribution, console: &Console) -> Result<Self> {
        let recipe = Recipe::of(distribution);
        let (root, hash) = (cache::root()?, recipe.hash().await?);
        let image = Self {
            dir: root.join(&hash),
        };
        if image.dir.is_dir() {
            return Ok(image);
        }
        let activity = console.activity("guest image");
        let _lock = cache::lock(&root.join(format!("{hash}.lock")), &activity).await?;
        if !image.dir.is_dir() {
            build::build(recipe, &root, &image.dir, &activity).await?;
        }
        Ok(image)
    }

    /// The directory of Debian's cached image, whether it exists or not.
    ///
    /// # Errors
    /// There is no cache directory.
    pub async fn location() -> Result<PathBuf> {
        Ok(cache::root()?.join(Recipe::of(Distribution::Debian).hash().await?))
    }

    /// Removes every cached image, finished or not. Runs under way keep their copies.
    ///
    /// # Errors
    /// A directory cannot be removed.
    pub fn clean() -> Result<Vec<PathBuf>> {
        let root = cache::root()?;
        let mut removed = Vec::new();
        for entry in
            std::fs::read_dir(&root).with_context(|| format!("cannot read {}", root.display()))?
        {
            let path = entry?.path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "run") {
                std::fs::remove_dir_all(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
                removed.push(path);
            }
        }
        Ok(removed)
    }

    /// The image's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The root file system, a qcow2 file never written to.
    #[must_use]
    pub fn disk(&self) -> PathBuf {
        self.dir.join("disk.qcow2")
    }

    /// The kernel for a direct boot.
    #[must_use]
    pub fn kernel(&self) -> PathBuf {
        self.dir.join("kernel")
    }

    /// The initrd that belongs to the kernel.
    #[must_use]
    pub fn initrd(&self) -> PathBuf {
        self.dir.join("initrd")
    }

    /// The private key that `root`, `operator` and `plain` accept.
    #[must_use]
    pub fn login_key(&self) -> PathBuf {
        self.dir.join("keys/login")
    }

    /// The public host key that every guest of this image presents.
    #[must_use]
    pub fn host_key(&self) -> PathBuf {
        self.dir.join("keys/host.pub")
    }

    /// The packages of the apt repository; only Debian's image has one.
    #[must_use]
    pub fn packages(&self) -> PathBuf {
        self.dir.join("packages")
    }
}
