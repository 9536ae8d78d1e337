//! The lab's directory: images, snapshots and the runs under way.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::command;
use crate::console::Activity;

/// `$XDG_CACHE_HOME/hospes-lab` or `~/.cache/hospes-lab`, created if missing.
///
/// # Errors
/// Neither variable is set, or the directory cannot be created.
pub fn root() -> Result<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let cache = absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME names a directory; set one of them")?;
    let root = cache.join("hospes-lab");
    std::fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
    root.canonicalize()
        .with_context(|| format!("cannot resolve {}", root.display()))
}

/// Takes the lock file at `path`, waiting while another process of the lab holds it.
/// The lock ends with the returned file, also when this process is killed.
///
/// # Errors
/// The file cannot be created or locked.
pub async fn lock(path: &Path, activity: &Activity) -> Result<File> {
    let file = open_lock(path)?;
    if file.try_lock().is_ok() {
        return Ok(file);
    }
    activity.step(format!(
        "waiting for another lab process ({})",
        path.display()
    ));
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await?;
    locked.with_context(|| format!("cannot lock {}", path.display()))
}

pub(crate) fn open_lock(path: &Path) -> Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))
}

/// A short name for `recipe`: the first 16 hexadecimal digits of its SHA-256.
///
/// # Errors
/// `sha256sum` cannot be run.
pub async fn short_hash(recipe: &str) -> Result<String> {
    let text = command::output_with_input(&mut Command::new("sha256sum"), recipe).await?;
    Ok(text.chars().take(16).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hash_is_sha256() {
        assert_eq!(short_hash("abc").await.unwrap(), "ba7816bf8f01cfea");
    }
}
