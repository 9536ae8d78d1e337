//! A secret that was typed.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use pve::Secret;
use rustix::fs::{MemfdFlags, Mode, fchmod, memfd_create};

use crate::cli::Misused;

/// It is tried out from memory, so that nothing is on disk before it has worked.
pub(super) struct TypedSecret {
    secret: Secret,
    memory: File,
}

impl TypedSecret {
    pub(super) fn new(secret: Secret) -> Result<Self> {
        let text = secret.reveal();
        if text.is_empty() || text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            let wanted =
                "a secret is one word, such as Proxmox VE has shown when the token was made";
            return Err(Misused::Answer(wanted.to_owned()).into());
        }
        let failed = "the secret cannot be tried out; name its file with --token-file";
        let memory = memfd_create("token", MemfdFlags::CLOEXEC).context(failed)?;
        fchmod(&memory, Mode::RUSR | Mode::WUSR).context(failed)?;
        let mut memory = File::from(memory);
        memory.write_all(text.as_bytes()).context(failed)?;
        Ok(Self { secret, memory })
    }

    /// Where this process can read it.
    pub(super) fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.memory.as_raw_fd())
    }

    /// Keeps it in a file that only its owner can read. A file that is there stays as it is.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let failed = || format!("cannot write the secret to {}", file.display());
        let mut open = OpenOptions::new();
        let opened = open.write(true).create_new(true).mode(0o600).open(file);
        let mut opened = opened.with_context(failed)?;
        let text = format!("{}\n", self.secret.reveal());
        let written = opened.write_all(text.as_bytes());
        written
            .and_then(|()| opened.sync_all())
            .with_context(failed)
    }
}
