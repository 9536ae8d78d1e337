//! journald's own protocol: an entry with fields, a datagram each (systemd's "Native Journal
//! Protocol").

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::fstat;

const SOCKET: &str = "/run/systemd/journal/socket";

/// How long a journald that takes nothing is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way to journald.
#[derive(Debug)]
pub(super) struct Journal {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Journal {
    /// The way to journald, if standard output leads there: `JOURNAL_STREAM` (systemd.exec(5))
    /// names it by its device and inode.
    pub(super) fn behind_standard_output() -> Option<Self> {
        let named = std::env::var("JOURNAL_STREAM").ok()?;
        let (device, inode) = named.split_once(':')?;
        let stdout = fstat(io::stdout()).ok()?;
        let is_same = device.parse() == Ok(stdout.st_dev) && inode.parse() == Ok(stdout.st_ino);
        is_same.then(|| Self::at(Path::new(SOCKET)).ok())?
    }

    fn at(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let path = path.to_owned();
        Ok(Self { socket, path })
    }

    /// Sends one entry.
    ///
    /// # Errors
    /// When journald is not there, takes nothing, or not so much.
    pub(super) fn send(&self, fields: &[(&str, &[u8])]) -> io::Result<()> {
        // By its name each time: journald may have been started anew.
        self.socket.send_to(&entry(fields), &self.path).map(drop)
    }
}

/// The form that holds any bytes: the name in a line, the length in 8 bytes, the value and a
/// newline.
fn entry(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
        bytes.extend_from_slice(value);
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_holds_its_fields_and_survives_a_new_journald() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journal = Journal::at(&path).unwrap();
        assert!(journal.send(&[("MESSAGE", b"lost")]).is_err());
        for _ in 0..2 {
            let journald = UnixDatagram::bind(&path).unwrap();
            let longest = vec![b'x'; 48 << 10];
            journal
                .send(&[("MESSAGE", &longest), ("PRIORITY", b"6")])
                .unwrap();
            let mut received = vec![0; 64 << 10];
            let count = journald.recv(&mut received).unwrap();
            let mut expected = b"MESSAGE\n\x00\xc0\0\0\0\0\0\0".to_vec();
            expected.extend_from_slice(&longest);
            expected.extend_from_slice(b"\nPRIORITY\n\x01\0\0\0\0\0\0\x006\n");
            assert_eq!(received[..count], expected);
            drop(journald);
            std::fs::remove_file(&path).unwrap();
        }
    }
}
