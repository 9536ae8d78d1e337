//! The private folder of a script.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use guest_os::access::create_private_folder;
use guest_os::reason;
use guest_os::script::{OTHER_PLACES, is_noexec};

/// Names that are tried: somebody may have taken them before us.
const ATTEMPTS: u64 = 16;

/// A folder that only we can look into; removed with what is in it when dropped.
pub(super) struct Folder {
    path: PathBuf,
    /// Why it is not where it should be, for the log.
    pub(super) remark: Option<String>,
}

impl Folder {
    /// Makes one in `run_dir`, else where temporary files are; elsewhere, when files there cannot
    /// be executed.
    ///
    /// # Errors
    /// When there is no place for it: the reason of the first.
    pub(super) fn create(run_dir: Option<&str>) -> Result<Self, String> {
        let usual = run_dir.map_or_else(std::env::temp_dir, PathBuf::from);
        let others = OTHER_PLACES.map(PathBuf::from);
        Self::create_in(&usual, &others)
    }

    fn create_in(usual: &Path, others: &[PathBuf]) -> Result<Self, String> {
        let problem = if is_noexec(usual) {
            "is mounted noexec".to_owned()
        } else {
            match make(usual) {
                Ok(path) => return Ok(Self { path, remark: None }),
                Err(error) => format!("takes no folder ({})", reason(&error)),
            }
        };
        let place = others.iter().filter(|place| !is_noexec(place));
        let mut made = place.filter_map(|place| Some((place, make(place).ok()?)));
        if let Some((place, path)) = made.next() {
            let (usual, place) = (usual.display(), place.display());
            let remark = format!("{usual} {problem}: the script lies in {place}");
            return Ok(Self {
                path,
                remark: Some(remark),
            });
        }
        // Better there than nowhere: a shell may be told to read it.
        let remark = None;
        make(usual)
            .map(|path| Self { path, remark })
            .map_err(|error| {
                let (usual, why) = (usual.display(), reason(&error));
                format!("no folder for the script in {usual}: {why}")
            })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes a folder; what cannot be removed is private, and gone with the next boot at most.
pub(super) fn remove(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
}

fn make(place: &Path) -> io::Result<PathBuf> {
    let seed = RandomState::new();
    let mut refusal = None;
    for attempt in 0..ATTEMPTS {
        let path = place.join(format!("metadata-scripts{:016x}", seed.hash_one(attempt)));
        match create_private_folder(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => refusal = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(refusal.unwrap_or_else(|| ErrorKind::AlreadyExists.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_gone_at_its_end_with_what_is_in_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::create_in(place.path(), &[]).unwrap();
        let path = folder.path().to_owned();
        assert!(folder.remark.is_none());
        fs::write(path.join("startup-script"), "text").unwrap();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn another_place_is_taken_and_told_when_the_usual_one_takes_nothing() {
        let place = tempfile::tempdir().unwrap();
        let missing = place.path().join("missing");
        let others = [missing.join("too"), place.path().to_owned()];
        let folder = Folder::create_in(&missing, &others).unwrap();
        assert!(folder.path().starts_with(place.path()));
        let remark = folder.remark.clone().unwrap();
        assert!(remark.contains("missing takes no folder"), "{remark}");
        let refused = Folder::create_in(&missing, &others[..1]).err().unwrap();
        assert!(refused.starts_with("no folder for the script in "));
    }

    #[test]
    fn a_place_that_forbids_to_execute_is_passed_over() {
        // The kernel's own: noexec on most systems, and writable on none.
        let proc = Path::new("/proc");
        if is_noexec(proc) {
            let place = tempfile::tempdir().unwrap();
            let folder = Folder::create_in(proc, &[place.path().to_owned()]).unwrap();
            assert!(
                folder
                    .remark
                    .clone()
                    .unwrap()
                    .contains("/proc is mounted noexec")
            );
        }
    }
}
