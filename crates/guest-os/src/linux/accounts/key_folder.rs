//! `.ssh` in a home directory, changed by root and owned by someone else.
//!
//! The owner may swap anything in it at any moment. So nothing is reached by a path through it:
//! each step opens an entry of a directory that is open already, follows no symbolic link, and
//! looks at what it got. What is read belongs to the user or is root's alone; what is written is
//! a new file, moved into place.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fchmod, fchown, fstat, fsync, mkdirat, openat,
    renameat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::account::Account;
use crate::{Error, Result};

const DIRECTORY: &str = ".ssh";
const FILE: &str = "authorized_keys";
const NEW_FILE: &str = ".authorized_keys.new";

/// Bytes of a file that are read: thousands of keys. A larger one is left alone.
const LIMIT: u64 = 1 << 20;

const OPEN_DIRECTORY: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// An open `.ssh`.
#[derive(Debug)]
pub(crate) struct KeyFolder<'a> {
    account: &'a Account,
    directory: OwnedFd,
}

impl Account {
    /// The file's path, for texts only.
    pub(crate) fn key_file(&self) -> PathBuf {
        directory_of(self).join(FILE)
    }
}

fn directory_of(account: &Account) -> PathBuf {
    account.home.join(DIRECTORY)
}

impl<'a> KeyFolder<'a> {
    /// `None` when the user has none, or no home.
    pub(crate) fn open(account: &'a Account) -> Result<Option<Self>> {
        match open_home(account).and_then(|home| open_directory(&home)) {
            Ok(directory) => Self::checked(account, directory).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(refused("open", account, error)),
        }
    }

    /// Opens it, and makes it first when the user has none.
    pub(crate) fn open_or_create(account: &'a Account) -> Result<Self> {
        if let Some(directory) = Self::open(account)? {
            return Ok(directory);
        }
        let created = |error| refused("create", account, error);
        let home = open_home(account).map_err(created)?;
        mkdirat(&home, DIRECTORY, Mode::RWXU).map_err(created)?;
        let directory = open_directory(&home).map_err(created)?;
        // What stands there now need not be what we made: an empty directory of ours is as good,
        // any other is not given away.
        let ours = fstat(&directory).is_ok_and(|stat| stat.st_uid == geteuid().as_raw());
        if !ours || !is_empty(&directory) {
            return Err(created(Errno::EXIST));
        }
        fchown(&directory, Some(account.user), Some(account.group))
            .map_err(|error| refused("set ownership of", account, error))?;
        fchmod(&directory, Mode::RWXU)
            .map_err(|error| refused("set permissions of", account, error))?;
        Ok(Self { account, directory })
    }

    fn checked(account: &'a Account, directory: OwnedFd) -> Result<Self> {
        let stat = fstat(&directory).map_err(|error| refused("open", account, error))?;
        if stat.st_uid != account.user.as_raw() && !is_ours(&stat) {
            return Err(refused("open", account, Errno::PERM));
        }
        Ok(Self { account, directory })
    }

    /// The file's bytes; `None` when there is no file.
    pub(crate) fn read(&self) -> Result<Option<Vec<u8>>> {
        match self.read_file() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let path = self.account.key_file();
                Err(Error::os(
                    format!("failed to read '{}'", path.display()),
                    error,
                ))
            }
        }
    }

    fn read_file(&self) -> io::Result<Vec<u8>> {
        // A pipe in its place must not hold us up.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&self.directory, FILE, flags, Mode::empty())?);
        let stat = fstat(&file)?;
        // A second name could be the user's for a file of root's that he must not read: he would
        // get its contents with the new file.
        let readable =
            stat.st_uid == self.account.user.as_raw() || is_ours(&stat) && stat.st_nlink == 1;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || !readable {
            return Err(Errno::PERM.into());
        }
        let mut bytes = Vec::new();
        file.take(LIMIT + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LIMIT {
            return Err(Errno::FBIG.into());
        }
        Ok(bytes)
    }

    /// Puts a new file in the old one's place, all or nothing.
    pub(crate) fn replace(&self, bytes: &[u8]) -> Result<()> {
        self.replace_file(bytes).map_err(|error| {
            // It may not have come that far.
            let _ = unlinkat(&self.directory, NEW_FILE, AtFlags::empty());
            let path = self.account.key_file();
            Error::os(format!("failed to write to '{}'", path.display()), error)
        })
    }

    fn replace_file(&self, bytes: &[u8]) -> io::Result<()> {
        match unlinkat(&self.directory, NEW_FILE, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let mut file = File::from(openat(&self.directory, NEW_FILE, flags, mode)?);
        file.write_all(bytes)?;
        fchown(&file, Some(self.account.user), Some(self.account.group))?;
        fchmod(&file, mode)?;
        fsync(&file)?;
        renameat(&self.directory, NEW_FILE, &self.directory, FILE)?;
        fsync(&self.directory)?;
        Ok(())
    }
}

/// The way to a home is root's to arrange, symbolic links included.
fn open_home(account: &Account) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, &account.home, flags, Mode::empty())
}

fn open_directory(home: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    openat(home, DIRECTORY, OPEN_DIRECTORY, Mode::empty())
}

fn is_ours(stat: &Stat) -> bool {
    stat.st_uid == 0 || stat.st_uid == geteuid().as_raw()
}

fn is_empty(directory: impl AsFd) -> bool {
    Dir::read_from(directory).is_ok_and(|mut entries| {
        entries.all(|entry| {
            entry.is_ok_and(|entry| matches!(entry.file_name().to_bytes(), b"." | b".."))
        })
    })
}

fn refused(verb: &str, account: &Account, error: Errno) -> Error {
    let path = directory_of(account);
    Error::os(
        format!("failed to {verb} directory '{}'", path.display()),
        error,
    )
}
