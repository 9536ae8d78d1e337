//! The guest's processors.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::io;

use qga::OnlineSetting;
use qga::results::machine::LogicalProcessor;
use windows_sys::Win32::System::Threading::{ALL_PROCESSOR_GROUPS, GetActiveProcessorCount};

use crate::{Error, Result};

/// The processors that run (`guest-get-vcpus`), of all groups. None can be switched off.
///
/// # Errors
/// When Windows does not tell.
pub fn processors() -> Result<Vec<LogicalProcessor>> {
    // SAFETY: it takes a number only.
    let count = unsafe { GetActiveProcessorCount(ALL_PROCESSOR_GROUPS) };
    if count == 0 {
        let error = io::Error::last_os_error();
        return Err(Error::os("failed to count the processors", error));
    }
    let processor = |number: u32| LogicalProcessor {
        logical_id: number.into(),
        online: true,
        can_offline: Some(false),
    };
    Ok((0..count).map(processor).collect())
}

/// Switches processors on and off.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn set(_settings: &[OnlineSetting]) -> Result<i64> {
    Err(Error::Unsupported(
        "Windows switches no processors on and off",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_processor_is_listed_in_order() {
        let found = processors().expect("a count");
        assert!(!found.is_empty());
        for (number, processor) in found.iter().enumerate() {
            assert_eq!(usize::try_from(processor.logical_id), Ok(number));
            assert!(processor.online);
        }
    }
}
