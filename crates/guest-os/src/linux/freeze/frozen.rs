//! What is frozen, and until when.

use std::collections::VecDeque;
use std::fmt;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Dev, Mode, OFlags, fstat, open};
use rustix::io::{Errno, retry_on_intr};

use super::ioctls::{fifreeze, fithaw};
use crate::{Error, Result};

/// How often one file system is thawed at most: freezes nest on some.
const THAWS: usize = 64;

/// File systems that were frozen here. Dropped, it thaws them.
#[must_use = "dropped, it thaws"]
pub struct Frozen {
    /// The last frozen first: in the order of thawing.
    held: VecDeque<Target>,
}

struct Target {
    mountpoint: PathBuf,
    fd: OwnedFd,
    device: Dev,
}

/// Freezes the file systems at these mount points, in this order. Those that cannot be frozen
/// (no disk under them) or are frozen by somebody else are left alone. May take long: all that is
/// unwritten is written first.
///
/// # Errors
/// When a mount point cannot be opened, a file system refuses, or `stop` is set: it is looked at
/// before each. Then none stays frozen.
pub fn freeze(mountpoints: &[impl AsRef<Path>], stop: &AtomicBool) -> Result<Frozen> {
    freeze_by(|target| unless_stopped(stop, target), mountpoints)
}

pub(super) fn unless_stopped(stop: &AtomicBool, target: &OwnedFd) -> rustix::io::Result<()> {
    if stop.load(Ordering::Relaxed) {
        return Err(Errno::CANCELED);
    }
    fifreeze(target)
}

pub(super) fn freeze_by(
    mut freeze: impl FnMut(&OwnedFd) -> rustix::io::Result<()>,
    mountpoints: &[impl AsRef<Path>],
) -> Result<Frozen> {
    let targets = open_each(mountpoints)?;
    let mut frozen = Frozen {
        held: VecDeque::with_capacity(targets.len()),
    };
    for target in targets {
        match freeze(&target.fd) {
            Ok(()) => frozen.held.push_front(target),
            Err(Errno::OPNOTSUPP | Errno::BUSY) => {}
            Err(error) => {
                drop(frozen);
                let mountpoint = target.mountpoint.display();
                return Err(Error::os(
                    format_args!("failed to freeze {mountpoint}"),
                    error,
                ));
            }
        }
    }
    Ok(frozen)
}

/// Opens each file system once: a second mount of it would only be found frozen, and a host of
/// containers has more bind mounts than a process may open files.
fn open_each(mountpoints: &[impl AsRef<Path>]) -> Result<Vec<Target>> {
    let mut targets: Vec<Target> = Vec::with_capacity(mountpoints.len());
    for mountpoint in mountpoints {
        let target = Target::open(mountpoint.as_ref()).map_err(|error| {
            let mountpoint = mountpoint.as_ref().display();
            Error::os(format_args!("failed to open {mountpoint}"), error)
        })?;
        if targets.iter().all(|other| other.device != target.device) {
            targets.push(target);
        }
    }
    Ok(targets)
}

impl Target {
    /// A mount point may be anything; only waiting for it is refused.
    fn open(mountpoint: &Path) -> rustix::io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = retry_on_intr(|| open(mountpoint, flags, Mode::empty()))?;
        let device = fstat(&fd)?.st_dev;
        Ok(Self {
            mountpoint: mountpoint.to_owned(),
            fd,
            device,
        })
    }
}

impl Frozen {
    /// How many file systems it holds frozen.
    #[must_use]
    pub fn count(&self) -> i64 {
        i64::try_from(self.held.len()).unwrap_or(i64::MAX)
    }

    /// Their mount points, the last frozen first.
    pub fn mountpoints(&self) -> impl Iterator<Item = &Path> {
        self.held.iter().map(|target| target.mountpoint.as_path())
    }

    /// Thaws them. Returns how many were frozen until now: not those that somebody else has
    /// thawed.
    ///
    /// # Errors
    /// When one refuses. All were tried, and those that refused are still held for another try.
    pub fn thaw(&mut self) -> Result<i64> {
        let mut thawed = 0;
        let mut refusal = None;
        self.held.retain(|target| match fithaw(&target.fd) {
            Ok(()) => {
                thawed += 1;
                false
            }
            Err(Errno::INVAL) => false,
            Err(error) => {
                refusal.get_or_insert(error);
                true
            }
        });
        match (refusal, self.held.front()) {
            (Some(error), Some(target)) => {
                let mountpoint = target.mountpoint.display();
                Err(Error::os(
                    format_args!("failed to thaw {mountpoint}"),
                    error,
                ))
            }
            _ => Ok(thawed),
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = self.thaw();
    }
}

impl fmt::Debug for Frozen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.mountpoints()).finish()
    }
}

/// Thaws whatever is frozen at these mount points, by whomever: after a restart, when nothing is
/// held any more. Returns how many file systems were frozen. A mount point that cannot be opened
/// is left out.
#[must_use]
pub fn thaw_any(mountpoints: &[impl AsRef<Path>]) -> i64 {
    let mut thawed = 0;
    for mountpoint in mountpoints {
        if let Ok(target) = Target::open(mountpoint.as_ref()) {
            let thaws = (0..THAWS).take_while(|_| fithaw(&target.fd).is_ok());
            thawed += i64::from(thaws.count() > 0);
        }
    }
    thawed
}
