//! Where the workspace is and what its packages depend on.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The workspace of this very program.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    metadata: Value,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let manifest = manifest.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = manifest
            .parent()
            .context("xtask's manifest is not in a workspace")?
            .to_owned();
        let output = Command::new("cargo")
            .args(["metadata", "--no-deps", "--format-version", "1", "--quiet"])
            .current_dir(&root)
            .output()
            .context("cannot start `cargo`")?;
        if !output.status.success() {
            bail!(
                "`cargo metadata` failed: {}",
                String::from_utf8_lossy(&output.stderr).trim_end()
            );
        }
        let metadata =
            serde_json::from_slice(&output.stdout).context("`cargo metadata` printed no JSON")?;
        Ok(Self { root, metadata })
    }

    /// The directory of the workspace's manifest.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What `cargo metadata --no-deps` printed.
    pub(crate) fn metadata(&self) -> &Value {
        &self.metadata
    }

    /// The directory that cargo builds in.
    pub(crate) fn target(&self) -> Result<PathBuf> {
        let target = self.metadata["target_directory"].as_str();
        let target = target.context("`cargo metadata` names no target directory")?;
        Ok(PathBuf::from(target))
    }

    /// A program built in `profile`, the folder's name below the target directory.
    pub(crate) fn built(&self, profile: &str, program: &str) -> Result<PathBuf> {
        Ok(self.target()?.join(profile).join(program))
    }

    /// `cargo` with `arguments`, in the workspace.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).current_dir(&self.root);
        cargo
    }
}
