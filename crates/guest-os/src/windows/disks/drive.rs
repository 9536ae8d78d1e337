//! Asking a disk's or volume's driver.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::ptr;

use windows_sys::Win32::Foundation::ERROR_MORE_DATA;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_SHARE_READ, FILE_SHARE_WRITE, IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS,
};
use windows_sys::Win32::System::IO::DeviceIoControl;
use windows_sys::Win32::System::Ioctl::{
    IOCTL_STORAGE_GET_DEVICE_NUMBER, IOCTL_STORAGE_QUERY_PROPERTY,
};

use super::descriptor::{Descriptor, Unit, disk_number, disk_numbers};
use crate::windows::outcome::{is, succeeded};

/// `IOCTL_SCSI_GET_ADDRESS` of ntddscsi.h.
const GET_SCSI_ADDRESS: u32 = 0x0004_1018;
/// A `STORAGE_PROPERTY_QUERY` of zeros: for the device's descriptor.
const DESCRIPTOR_QUERY: [u8; 12] = [0; 12];
/// Bytes of the first answer that is asked for.
const FIRST: usize = 4 << 10;
/// Bytes of the longest.
const LONGEST: usize = 1 << 20;

/// A disk or volume, opened to be asked only: that takes no right.
#[derive(Debug)]
pub(super) struct Drive(File);

impl Drive {
    pub(super) fn open(path: impl AsRef<OsStr>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options
            .access_mode(0)
            .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE);
        Ok(Self(options.open(path.as_ref())?))
    }

    /// The number in the disk's name (`\\.\PhysicalDrive0`).
    pub(super) fn number(&self) -> io::Result<Option<u32>> {
        let answer = self.ask(IOCTL_STORAGE_GET_DEVICE_NUMBER, &[])?;
        Ok(disk_number(&answer))
    }

    pub(super) fn descriptor(&self) -> Option<Descriptor> {
        let answer = self.ask(IOCTL_STORAGE_QUERY_PROPERTY, &DESCRIPTOR_QUERY);
        Descriptor::read(&answer.ok()?)
    }

    /// Where it is on its controller, where the controller counts so.
    pub(super) fn unit(&self) -> Option<Unit> {
        Unit::read(&self.ask(GET_SCSI_ADDRESS, &[]).ok()?)
    }

    fn ask(&self, question: u32, argument: &[u8]) -> io::Result<Vec<u8>> {
        let mut answer = vec![0; FIRST];
        loop {
            let mut received = 0;
            let asked = self.ask_into(question, argument, &mut answer, &mut received);
            match asked {
                Ok(()) => {
                    answer.truncate(received as usize);
                    return Ok(answer);
                }
                Err(error) if is(&error, ERROR_MORE_DATA) && answer.len() < LONGEST => {
                    answer.resize(answer.len() * 4, 0);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn ask_into(
        &self,
        question: u32,
        argument: &[u8],
        answer: &mut [u8],
        received: &mut u32,
    ) -> io::Result<()> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(io::Error::other);
        let (argument_length, answer_length) = (length(argument)?, length(answer)?);
        // SAFETY: the file is open; both buffers have the lengths that are told.
        succeeded(unsafe {
            DeviceIoControl(
                self.0.as_raw_handle(),
                question,
                argument.as_ptr().cast(),
                argument_length,
                answer.as_mut_ptr().cast(),
                answer_length,
                received,
                ptr::null_mut(),
            )
        })
    }
}

/// The numbers of the disks that carry a volume (`\\?\Volume{...}\`): none for a CD.
///
/// # Errors
/// When the volume cannot be opened, or lies on no disk.
pub(in crate::windows) fn disks_under(volume: &OsStr) -> io::Result<Vec<u32>> {
    let name = volume.to_string_lossy();
    // With the backslash it would be the root directory.
    let drive = Drive::open(name.trim_end_matches('\\'))?;
    let extents = drive.ask(IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS, &[])?;
    Ok(disk_numbers(&extents))
}
