//! Permissions in the words of Windows, for what is created with them.
#![allow(unsafe_code, reason = "permissions have no safe interface")]

use std::fs::File;
use std::io;
use std::path::Path;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::GENERIC_WRITE;
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::{
    CreateDirectoryW, CreateFileW, FILE_ATTRIBUTE_NORMAL, FILE_CREATION_DISPOSITION,
    FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
};

use super::allocated::Allocated;
use super::handle::take_over;
use super::outcome::succeeded;
use super::wide::wide;

/// What Windows made of the words of a security descriptor.
pub(super) struct Descriptor(Allocated);

impl Descriptor {
    pub(super) fn new(words: &str) -> io::Result<Self> {
        let (words, mut made) = (wide(words), null_mut());
        // SAFETY: the words end with a zero; the descriptor's address is written to.
        succeeded(unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                words.as_ptr(),
                SDDL_REVISION_1,
                &raw mut made,
                null_mut(),
            )
        })?;
        // SAFETY: the call has made it for us.
        Ok(Self(unsafe { Allocated::new(made) }))
    }

    pub(super) fn create_folder(&self, path: &Path) -> io::Result<()> {
        let (path, attributes) = (wide(path), self.attributes());
        // SAFETY: the path ends with a zero; it and the descriptor live during the call.
        succeeded(unsafe { CreateDirectoryW(path.as_ptr(), &raw const attributes) })
    }

    /// Opens a file to write to it; one that is there keeps the permissions that it has.
    pub(super) fn create_file(
        &self,
        path: &Path,
        disposition: FILE_CREATION_DISPOSITION,
    ) -> io::Result<File> {
        let (path, attributes) = (wide(path), self.attributes());
        // SAFETY: the path ends with a zero; it and the descriptor live during the call.
        let file = unsafe {
            CreateFileW(
                path.as_ptr(),
                GENERIC_WRITE,
                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                &raw const attributes,
                disposition,
                FILE_ATTRIBUTE_NORMAL,
                null_mut(),
            )
        };
        // SAFETY: the call has made the handle for us.
        unsafe { take_over(file) }.map(File::from)
    }

    /// Good for as long as `self` is.
    fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: self.0.as_ptr(),
            bInheritHandle: 0,
        }
    }
}
