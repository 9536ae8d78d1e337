//! Which file a program is.
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use windows_sys::Win32::Foundation::ERROR_FILE_NOT_FOUND;

use crate::windows::places::system_program;

/// The endings of programs, in the order in which Windows tries them.
const ENDINGS: [&str; 4] = ["com", "exe", "bat", "cmd"];

/// The file of the program `name`. With a directory (or drive) it is the one there; else the
/// first in the system's directory and in the absolute ones of `search_path`. Never one that
/// merely lies in the current directory, or beside the agent.
///
/// # Errors
/// `NotFound`.
pub(in crate::windows) fn locate(name: &OsStr, search_path: &OsStr) -> io::Result<PathBuf> {
    let missing = || io::Error::from_raw_os_error(ERROR_FILE_NOT_FOUND.cast_signed());
    if name.is_empty() {
        return Err(missing());
    }
    if names_a_place(name) {
        return file_of(&std::path::absolute(name)?).ok_or_else(missing);
    }
    let listed = env::split_paths(search_path).filter(|directory| directory.is_absolute());
    let in_system = name.to_str().map(system_program).into_iter();
    in_system
        .chain(listed.map(|directory| directory.join(name)))
        .find_map(|named| file_of(&named))
        .ok_or_else(missing)
}

/// Our own `PATH`.
pub(in crate::windows) fn own_search_path() -> OsString {
    env::var_os("PATH").unwrap_or_default()
}

fn names_a_place(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    bytes.iter().any(|byte| br"\/:".contains(byte))
}

/// The file as it is named, or with an ending of programs.
fn file_of(named: &Path) -> Option<PathBuf> {
    let with_ending = |ending: &&str| {
        let mut path = named.as_os_str().to_owned();
        path.push(".");
        path.push(ending);
        PathBuf::from(path)
    };
    let mut candidates: Vec<_> = ENDINGS.iter().map(with_ending).collect();
    let position = match named.extension() {
        Some(_) => 0,
        None => candidates.len(),
    };
    candidates.insert(position, named.to_owned());
    candidates.into_iter().find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_for_in_the_systems_directory_and_then_in_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            path
        };
        let (exe, bat) = (file("hospes-test.exe"), file("hospes-test.bat"));
        let (odd, own) = (file("hospes-test3.11"), file("cmd.exe"));
        let here = folder.path().as_os_str();
        for (name, path, expected) in [
            ("hospes-test", here, Some(&exe)),
            ("hospes-test.exe", here, Some(&exe)),
            ("hospes-test.bat", here, Some(&bat)),
            ("hospes-test3.11", here, Some(&odd)),
            ("hospes-test", OsStr::new(r".;relative;"), None),
            ("hospes-nothing", here, None),
            ("cmd", here, Some(&system_program("cmd.exe"))),
            ("", here, None),
        ] {
            let found = locate(OsStr::new(name), path).ok();
            let lower = |path: &PathBuf| path.to_string_lossy().to_lowercase();
            assert_eq!(found.as_ref().map(lower), expected.map(lower), "{name}");
        }
        let nowhere = OsStr::new("");
        assert_eq!(locate(own.as_os_str(), nowhere).unwrap(), own);
        let named = folder.path().join("hospes-test");
        assert_eq!(locate(named.as_os_str(), nowhere).unwrap(), exe);
    }

    #[test]
    fn what_lies_in_the_current_directory_or_beside_the_program_is_not_found() {
        let own = env::current_exe().unwrap();
        let name = own.file_name().unwrap();
        assert!(locate(name, OsStr::new(".")).is_err());
        assert!(locate(OsStr::new("Cargo.toml"), OsStr::new(".")).is_err());
    }
}
