//! Telling disks which blocks are free: `defrag.exe /L`.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use qga::results::storage::{TrimResponse, TrimResult};
use windows_sys::Win32::Storage::FileSystem::GetDriveTypeW;
use windows_sys::Win32::System::WindowsProgramming::DRIVE_FIXED;

use super::mounts::{self, Mount};
use super::places::system_program;
use super::process::run;
use super::wide::wide;
use crate::Result;

/// For one volume.
const DEADLINE: Duration = Duration::from_secs(30 * 60);

/// Discards the free ranges of all mounted volumes of fixed disks. Windows knows itself which
/// ranges are worth it, and does not tell how many there were. Takes long: minutes on large disks.
///
/// # Errors
/// When the volumes cannot be listed. What a volume refuses is in its result.
pub fn trim(_minimum: Option<i64>) -> Result<TrimResponse> {
    let program = system_program("defrag.exe");
    let mounts = mounts::mounts()?;
    let fixed = mounts.iter().filter(|mount| is_fixed(&mount.volume));
    let trimmed = fixed.map(|mount| trim_by(&program, mount, DEADLINE));
    Ok(TrimResponse {
        paths: trimmed.collect(),
    })
}

fn is_fixed(volume: &OsStr) -> bool {
    let volume = wide(volume);
    // SAFETY: the text ends with a zero.
    let kind = unsafe { GetDriveTypeW(volume.as_ptr()) };
    kind == DRIVE_FIXED
}

fn trim_by(program: &Path, mount: &Mount, deadline: Duration) -> TrimResult {
    let arguments = [OsStr::new("/L"), mount.mountpoint.as_os_str()];
    let error = match run(program, &arguments, b"", deadline) {
        Ok(finished) if finished.status.success() => refusal(&finished.output),
        Ok(finished) => Some(refusal(&finished.output).unwrap_or_else(|| finished.complaint())),
        Err(error) => Some(error.to_string()),
    };
    TrimResult {
        path: mount.mountpoint.to_string_lossy().into_owned(),
        trimmed: None,
        minimum: None,
        error,
    }
}

/// The line with an error number (`... (0x8900002A)`), if there is one: the program ends with 0
/// all the same. It writes UTF-16 where its output is no console.
fn refusal(output: &[u8]) -> Option<String> {
    let text: Vec<u8> = output.iter().copied().filter(|byte| *byte != 0).collect();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find(|line| line.contains("(0x"))?;
    Some(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_number_in_the_output_is_a_refusal() {
        let said =
            "Optimizing (C:)\r\n\r\n The volume cannot be optimized. (0x8900002A)\r\nBye.\r\n";
        let expected = Some("The volume cannot be optimized. (0x8900002A)");
        assert_eq!(refusal(said.as_bytes()).as_deref(), expected);
        let utf16: Vec<u8> = said.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(refusal(&utf16).as_deref(), expected);
        assert_eq!(refusal(b"The operation completed successfully.\r\n"), None);
        assert_eq!(refusal(b""), None);
    }

    #[test]
    fn a_program_that_is_missing_is_told_for_its_volume() {
        let mount = Mount {
            volume: r"\\?\Volume{0}\".into(),
            mountpoint: r"C:\".into(),
        };
        let program = Path::new(r"C:\no such\defrag.exe");
        let result = trim_by(program, &mount, Duration::from_secs(60));
        assert_eq!(result.path, r"C:\");
        let error = result.error.expect("no such program");
        assert!(error.contains("defrag.exe"), "{error}");
    }
}
