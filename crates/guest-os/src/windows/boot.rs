//! This boot of the machine, and the directory that does not outlive it.
//!
//! A key of the registry that is gone with the boot has the identity as its class: both are made
//! in one call, so whoever finds the key finds the identity. Whoever makes it also removes what
//! boots before have left. A machine that is woken from its disk, as after the Start menu's "Shut
//! down" with fast startup, goes on with the same boot.

use std::collections::hash_map::RandomState;
use std::ffi::OsStr;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};

use super::access::check_owner;
use super::places::program_data;
use super::registry::{Key, Life};

/// Under `HKEY_LOCAL_MACHINE`.
const KEY: &str = r"SOFTWARE\hospes-agent\Boot";

/// The boot's identity; empty while nobody has made it who may.
#[must_use]
pub fn id() -> String {
    identity_at(KEY, &run_directories())
}

/// Where the agent's programs leave what the next boot must not find. Need not exist.
#[must_use]
pub fn run_directory() -> PathBuf {
    let id = id();
    let name = if id.is_empty() { "unknown" } else { &id };
    run_directories().join(name)
}

/// One for each boot.
fn run_directories() -> PathBuf {
    program_data().join("hospes-agent").join("run")
}

fn identity_at(key: &str, directories: &Path) -> String {
    if let Ok(known) = Key::open(key) {
        return class(&known);
    }
    let Ok((key, is_new)) = Key::create(key, &random(), Life::Boot) else {
        return String::new();
    };
    let id = class(&key);
    if is_new {
        remove_others(directories, &id);
    }
    id
}

fn class(key: &Key) -> String {
    let class = key.class().unwrap_or_default();
    class.to_string_lossy().into_owned()
}

/// 128 bits that no other boot has: the standard library's keys come from the system's generator.
fn random() -> String {
    let number = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", number(), number())
}

/// Removes what boots before this one have left, as far as it can be removed.
fn remove_others(directories: &Path, id: &str) {
    // Everybody may make folders beside ours, and one that is not ours may lead to anywhere.
    let ours = [directories.parent(), Some(directories)];
    let is_ours = |folder: Option<&Path>| folder.is_some_and(|folder| check_owner(folder).is_ok());
    if !ours.into_iter().all(is_ours) {
        return;
    }
    let Ok(entries) = fs::read_dir(directories) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name() != OsStr::new(id) {
            // What stays is not looked at by anybody.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_of_a_boot_finds_the_same_identity() {
        let id = id();
        assert_eq!(id.len(), 32);
        assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(super::id(), id);
        assert!(run_directory().ends_with(format!(r"hospes-agent\run\{id}")));
        assert_ne!(random(), random());
    }

    #[test]
    fn whoever_makes_the_identity_removes_what_other_boots_left() {
        let place = tempfile::tempdir().expect("a directory");
        let old = place.path().join("old").join("graceful");
        fs::create_dir_all(&old).expect("a directory");
        let key = format!(r"SOFTWARE\hospes-agent-test-{}", random());
        let id = identity_at(&key, place.path());
        assert_eq!(id.len(), 32);
        assert!(!old.exists());

        let ours = place.path().join(&id);
        let other = place.path().join("other");
        fs::create_dir(&ours).expect("a directory");
        fs::create_dir(&other).expect("a directory");
        assert_eq!(identity_at(&key, place.path()), id);
        assert!(ours.exists() && other.exists());
        remove_others(place.path(), &id);
        assert!(ours.exists() && !other.exists());
    }
}
