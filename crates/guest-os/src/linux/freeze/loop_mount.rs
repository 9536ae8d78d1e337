//! A file system in a file, mounted where nobody but the test's own thread and its children can
//! see it: in a mount namespace of that thread.
#![allow(unsafe_code, reason = "setting a thread apart has no safe interface")]

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::thread::{UnshareFlags, unshare_unsafe};
use tempfile::TempDir;

use super::thaw_any;

const BYTES: u64 = 16 << 20;

/// Mounted ext4; thawed and unmounted when dropped.
pub(crate) struct LoopMount {
    folder: TempDir,
}

impl LoopMount {
    /// `count` of them, or none, with the reason printed, where this is not allowed or a tool is
    /// missing.
    pub(crate) fn several<const N: usize>() -> Option<[Self; N]> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: mounting needs root");
            return None;
        }
        // SAFETY: only this thread's view of mounts and its working directory are set apart.
        let apart = unsafe { unshare_unsafe(UnshareFlags::NEWNS) };
        if apart.is_err() || !run("mount", &["--make-rprivate", "/"]) {
            eprintln!("skipped: no mount namespace can be made here");
            return None;
        }
        let mounts: Vec<Self> = (0..N).map_while(|_| Self::new()).collect();
        mounts.try_into().ok()
    }

    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let (image, mountpoint) = (folder.path().join("image"), folder.path().join("mount"));
        std::fs::create_dir(&mountpoint).ok()?;
        std::fs::File::create(&image).ok()?.set_len(BYTES).ok()?;
        let made = run("mkfs.ext4", &["-q", "-F", text(&image)]);
        if made && run("mount", &["-o", "loop", text(&image), text(&mountpoint)]) {
            return Some(Self { folder });
        }
        eprintln!("skipped: no loop device, or no mkfs.ext4");
        None
    }

    pub(crate) fn mountpoint(&self) -> PathBuf {
        self.folder.path().join("mount")
    }

    /// The same file system at a second place.
    pub(crate) fn bind(&self) -> PathBuf {
        let second = self.folder.path().join("second");
        std::fs::create_dir(&second).unwrap();
        assert!(run(
            "mount",
            &["--bind", text(&self.mountpoint()), text(&second)]
        ));
        second
    }
}

impl Drop for LoopMount {
    fn drop(&mut self) {
        let _ = thaw_any(&[self.mountpoint()]);
        let second = self.folder.path().join("second");
        if second.exists() {
            run("umount", &[text(&second)]);
        }
        run("umount", &[text(&self.mountpoint())]);
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).status();
    status.is_ok_and(|status| status.success())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
