//! Telling disks which blocks are free: `FITRIM`.
#![allow(unsafe_code, reason = "the ioctl has no safe interface")]

use std::path::Path;

use qga::results::storage::{TrimResponse, TrimResult};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, retry_on_intr};
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};

use super::mounts;
use crate::{Result, reason};

/// As linux/fs.h has it.
const FITRIM: Opcode = opcode::read_write::<Range>(b'X', 121);

/// `struct fstrim_range` of linux/fs.h, in bytes.
#[repr(C)]
struct Range {
    start: u64,
    /// Comes back as what was discarded.
    length: u64,
    /// Free ranges that are shorter are left alone; comes back as what the disk can do.
    minimum: u64,
}

/// Discards the free ranges of at least `minimum` bytes of all [`local`](mounts::local) file
/// systems, the last mounted first. Takes long: minutes on large disks.
///
/// # Errors
/// When `/proc` is not there. What a file system refuses is in its result.
pub fn trim(minimum: Option<i64>) -> Result<TrimResponse> {
    let mounts = mounts::local()?;
    let mountpoints = mounts.iter().rev().map(|mount| mount.mountpoint.as_path());
    Ok(TrimResponse {
        paths: trim_each(mountpoints, minimum.unwrap_or(0)),
    })
}

fn trim_each<'a>(mountpoints: impl IntoIterator<Item = &'a Path>, minimum: i64) -> Vec<TrimResult> {
    let trim_one = |mountpoint| trim_one(mountpoint, minimum);
    mountpoints.into_iter().map(trim_one).collect()
}

fn trim_one(mountpoint: &Path, minimum: i64) -> TrimResult {
    let (range, error) = match discard(mountpoint, minimum) {
        Ok(range) => (Some(range), None),
        Err(error) => (None, Some(error)),
    };
    let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    TrimResult {
        path: mountpoint.to_string_lossy().into_owned(),
        trimmed: range.as_ref().map(|range| bytes(range.length)),
        minimum: range.as_ref().map(|range| bytes(range.minimum)),
        error,
    }
}

fn discard(mountpoint: &Path, minimum: i64) -> std::result::Result<Range, String> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let fd = retry_on_intr(|| open(mountpoint, flags, Mode::empty()))
        .map_err(|error| format!("failed to open: {}", reason(&error.into())))?;
    let mut range = Range {
        start: 0,
        length: u64::MAX,
        // A negative number is one that no range is as long as, as for QEMU's agent.
        minimum: minimum.cast_unsigned(),
    };
    // SAFETY: FITRIM reads and writes a `struct fstrim_range`, which `Range` is.
    match unsafe { ioctl(&fd, Updater::<FITRIM, Range>::new(&mut range)) } {
        Ok(()) => Ok(range),
        Err(Errno::NOTTY | Errno::OPNOTSUPP) => Err("trim not supported".into()),
        Err(error) => Err(format!("failed to trim: {}", reason(&error.into()))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::freeze::loop_mount::LoopMount;
    use super::*;

    #[test]
    fn free_blocks_are_discarded_and_counted() {
        let Some([disk]) = LoopMount::several() else {
            return;
        };
        let trim = |minimum| trim_each([disk.mountpoint().as_path()], minimum).remove(0);
        let result = trim(0);
        assert_eq!(result.error, None);
        assert!(result.trimmed.unwrap() > 1 << 20, "{result:?}");
        assert!(result.minimum.is_some());
        assert_ne!(trim(1 << 40).trimmed, result.trimmed, "no range is so long");
        let negative = trim(-1);
        let error = negative.error.as_deref();
        assert_eq!(error, Some("failed to trim: Invalid argument"));
    }

    #[test]
    fn refusals_are_in_the_words_of_the_reference() {
        let results = trim_each(["/dev/null/no", "/proc"].map(Path::new), 0);
        let refusals: Vec<_> = results
            .iter()
            .map(|result| (result.path.as_str(), result.error.as_deref().unwrap()))
            .collect();
        assert_eq!(
            refusals,
            [
                ("/dev/null/no", "failed to open: Not a directory"),
                ("/proc", "trim not supported"),
            ]
        );
    }
}
