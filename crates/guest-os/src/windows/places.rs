//! Where Windows has its folders.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::path::PathBuf;

use windows_sys::Win32::Foundation::MAX_PATH;
use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;

use super::wide::narrow;

/// Data of programs that belong to no user (`C:\ProgramData`).
pub(super) fn program_data() -> PathBuf {
    let named = std::env::var_os("ProgramData").filter(|path| !path.is_empty());
    named.map_or_else(|| r"C:\ProgramData".into(), PathBuf::from)
}

/// A program of Windows itself, whatever the search path says.
pub(super) fn system_program(name: &str) -> PathBuf {
    let mut directory = [0; MAX_PATH as usize];
    // SAFETY: the buffer has the length that is told.
    let length = unsafe { GetSystemDirectoryW(directory.as_mut_ptr(), MAX_PATH) };
    let directory = match length {
        1..MAX_PATH => PathBuf::from(narrow(&directory)),
        _ => r"C:\Windows\System32".into(),
    };
    directory.join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_absolute_and_there() {
        assert!(program_data().is_absolute());
        assert!(system_program("cmd.exe").is_file());
    }
}
