//! The system's console: what it does not take at once is lost.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// The console, where there is one.
#[derive(Debug)]
pub(super) struct Console(Option<File>);

impl Console {
    /// Opens it without waiting for it and without making it ours.
    pub(super) fn open() -> Self {
        Self::at(Path::new("/dev/console"))
    }

    fn at(path: &Path) -> Self {
        let flags = (OFlags::NOCTTY | OFlags::NONBLOCK).bits();
        let mut options = OpenOptions::new();
        let options = options.write(true).custom_flags(flags.cast_signed());
        Self(options.open(path).ok())
    }

    /// Writes a line, or what the console takes of it.
    pub(super) fn write_line(&mut self, line: &[u8]) {
        if let Some(console) = &mut self.0 {
            // Nobody may be there to read it; the log has it too.
            let _ = console.write(&[line, b"\n"].concat());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use rustix::fs::{CWD, FileType, mknodat};

    use super::*;

    #[test]
    fn a_console_that_takes_nothing_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console");
        Console::at(&path).write_line(b"there is none");
        mknodat(CWD, &path, FileType::Fifo, 0o600.into(), 0).unwrap();
        let mut reader = File::options().read(true).write(true).open(&path).unwrap();
        let mut console = Console::at(&path);
        console.write_line(b"line");
        let mut read = [0; 5];
        reader.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"line\n");
        for _ in 0..100 {
            console.write_line(&[b'x'; 4096]);
        }
    }
}
