//! The folder of a user's keys, changed by the system and owned by someone else.
//!
//! The owner may swap anything in it at any moment. So the folder is held open, by which neither
//! it nor what is above it can be moved away; no link is followed; what is read has one name only;
//! what is written is a new file, moved into place.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::Path;

use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, CREATE_NEW, FILE_ATTRIBUTE_REPARSE_POINT,
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, FILE_LIST_DIRECTORY, FILE_SHARE_READ,
    FILE_SHARE_WRITE, GetFileInformationByHandle,
};

use super::account::Account;
use crate::windows::descriptor::Descriptor;
use crate::windows::outcome::succeeded;
use crate::{Error, Result};

const NEW_FILE: &str = "authorized_keys.new";

/// Bytes of a file that are read: thousands of keys. A larger one is left alone.
const LIMIT: u64 = 1 << 20;

/// The folder, held open.
#[derive(Debug)]
pub(crate) struct KeyFolder<'a> {
    account: &'a Account,
    _held: File,
}

impl<'a> KeyFolder<'a> {
    /// `None` when the user has none.
    pub(crate) fn open(account: &'a Account) -> Result<Option<Self>> {
        match hold(&account.folder) {
            Ok(held) => Ok(Some(Self {
                account,
                _held: held,
            })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refused("open", &account.folder, error)),
        }
    }

    /// Opens it, and makes it first when the user has none.
    pub(crate) fn open_or_create(account: &'a Account) -> Result<Self> {
        if let Some(folder) = Self::open(account)? {
            return Ok(folder);
        }
        let created = Descriptor::new(&account.permissions)
            .and_then(|permissions| permissions.create_folder(&account.folder));
        created.map_err(|error| refused("create", &account.folder, error))?;
        let gone = || refused("open", &account.folder, ErrorKind::NotFound.into());
        Self::open(account)?.ok_or_else(gone)
    }

    /// The file's bytes; `None` when there is no file.
    pub(crate) fn read(&self) -> Result<Option<Vec<u8>>> {
        match read(&self.account.key_file()) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refused("read", &self.account.key_file(), error)),
        }
    }

    /// Puts a new file in the old one's place, all or nothing.
    pub(crate) fn replace(&self, bytes: &[u8]) -> Result<()> {
        let new = self.account.folder.join(NEW_FILE);
        self.replace_by(&new, bytes).map_err(|error| {
            // It may not have come that far.
            let _ = fs::remove_file(&new);
            refused("write to", &self.account.key_file(), error)
        })
    }

    fn replace_by(&self, new: &Path, bytes: &[u8]) -> io::Result<()> {
        match fs::remove_file(new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = Descriptor::new(&self.account.permissions)?.create_file(new, CREATE_NEW)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(new, self.account.key_file())
    }
}

fn refused(what: &str, path: &Path, error: io::Error) -> Error {
    Error::os(format!("failed to {what} '{}'", path.display()), error)
}

/// Opens a folder so that it stays where it is.
fn hold(folder: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options
        .access_mode(FILE_LIST_DIRECTORY)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT);
    let held = options.open(folder)?;
    match held.metadata()?.is_dir() && !is_link(&held)? {
        true => Ok(held),
        false => Err(ErrorKind::NotADirectory.into()),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    let options = options
        .read(true)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
    let file = options.open(path)?;
    // A second name could be the user's for a file that he must not read: he would get its
    // contents with the new file.
    if is_link(&file)? || names(&file)? != 1 {
        return Err(ErrorKind::PermissionDenied.into());
    }
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LIMIT {
        true => Err(ErrorKind::FileTooLarge.into()),
        false => Ok(bytes),
    }
}

fn is_link(file: &File) -> io::Result<bool> {
    let attributes = file.metadata()?.file_attributes();
    Ok(attributes & FILE_ATTRIBUTE_REPARSE_POINT != 0)
}

/// How many names a file has.
fn names(file: &File) -> io::Result<u32> {
    let mut information = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the file is open; the structure is written to.
    succeeded(unsafe { GetFileInformationByHandle(file.as_raw_handle(), &raw mut information) })?;
    Ok(information.nNumberOfLinks)
}
