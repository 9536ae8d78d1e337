//! A Debian in a directory, with a real SSH server, apt and Python, and stand-ins for `systemd-run` and
//! `systemctl`: for roots that share this machine's kernel.

use std::path::PathBuf;

use anyhow::Result;

use super::build;
use super::recipe::TREE;
use crate::cache;
use crate::console::Console;

/// A finished tree in the cache. Nobody writes to it.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    dir: PathBuf,
}

impl Tree {
    /// The cached tree, built now if it is not there. Only root can: its files belong to many.
    ///
    /// # Errors
    /// The build fails: a tool is missing, the package mirror is unreachable, the disk is full.
    pub(crate) async fn ensure(console: &Console) -> Result<Self> {
        let (cache, hash) = (cache::root()?, TREE.hash().await?);
        let tree = Self {
            dir: cache.join(&hash),
        };
        let activity = console.activity("tree");
        let _lock = cache::lock(&cache.join(format!("{hash}.lock")), &activity).await?;
        if !tree.dir.is_dir() {
            build::build_tree(&TREE, &cache, &tree.dir, &activity).await?;
        }
        Ok(tree)
    }

    /// The root directory.
    pub(crate) fn root(&self) -> PathBuf {
        self.dir.join("tree")
    }

    /// The private key that `root` accepts.
    pub(crate) fn login_key(&self) -> PathBuf {
        self.dir.join("keys/login")
    }

    /// The public host key of its SSH server.
    pub(crate) fn host_key(&self) -> PathBuf {
        self.dir.join("keys/host.pub")
    }
}
