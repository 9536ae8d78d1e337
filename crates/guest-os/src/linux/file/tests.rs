use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use qga::Whence;
use rustix::fs::{CWD, FileType, OFlags, fcntl_getfl, mknodat};
use rustix::io::{FdFlags, fcntl_getfd};
use tempfile::TempDir;

use super::*;
use crate::Result;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn file(&self, content: &str) -> String {
        let path = self.path("file");
        fs::write(&path, content).unwrap();
        path
    }

    fn fifo(&self) -> String {
        let path = self.path("fifo");
        mknodat(CWD, &path, FileType::Fifo, 0o600.into(), 0).unwrap();
        path
    }
}

fn read_text(file: &mut File, count: usize) -> (String, Stop) {
    let mut buffer = vec![0; count];
    let chunk = file.read_chunk(&mut buffer).unwrap();
    buffer.truncate(chunk.bytes);
    (String::from_utf8(buffer).unwrap(), chunk.stop)
}

fn text(outcome: Result<impl std::fmt::Debug>) -> String {
    outcome.unwrap_err().to_string()
}

#[test]
fn a_mode_that_c_does_not_have_is_refused() {
    let folder = Folder::new();
    let path = folder.path("never");
    for mode in [
        "", "x", "rw", "r b", "rt", "re", "br", "+r", "r++", "wx", "R", "r\0",
    ] {
        assert_eq!(
            text(open(&path, mode)),
            format!("invalid file open mode '{mode}'")
        );
    }
    assert!(!PathBuf::from(path).exists());
}

#[test]
fn what_cannot_be_opened_is_said_in_the_words_of_the_reference() {
    let folder = Folder::new();
    let (root, fifo) = (folder.path(""), folder.fifo());
    symlink("nowhere", folder.path("dangling")).unwrap();
    let missing = folder.path("missing");
    let dangling = folder.path("dangling");
    for (path, mode, reason) in [
        (missing.as_str(), "r", "No such file or directory"),
        (&folder.path("missing/p"), "w", "No such file or directory"),
        ("", "r", "No such file or directory"),
        (&root, "w", "Is a directory"),
        (&root, "r+", "Is a directory"),
        (&fifo, "w", "No such device or address"),
        (&dangling, "a", "No such file or directory"),
        ("/dev/null/p", "r", "Not a directory"),
    ] {
        assert_eq!(
            text(open(path, mode)),
            format!("failed to open file '{path}' (mode: '{mode}'): {reason}")
        );
    }
}

#[test]
fn a_new_file_is_open_to_all_and_an_old_one_keeps_its_permissions() {
    let folder = Folder::new();
    let permissions = |path: &str| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    for mode in ["w", "ab", "w+b"] {
        let path = folder.path(mode);
        open(&path, mode).unwrap();
        assert_eq!(permissions(&path), 0o666, "{mode}");
    }
    let old = folder.file("old");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
    open(&old, "w").unwrap();
    assert_eq!(permissions(&old), 0o640);
}

#[test]
fn modes_decide_what_is_kept_read_and_written() {
    for (mode, before, reads, writes, after) in [
        ("r", "old", true, false, "old"),
        ("rb", "old", true, false, "old"),
        ("w", "old", false, true, "new"),
        ("a", "old", false, true, "oldnew"),
        ("r+", "older", true, true, "newer"),
        ("w+", "old", true, true, "new"),
        ("a+", "old", true, true, "oldnew"),
    ] {
        let folder = Folder::new();
        let path = folder.file(before);
        let mut file = open(&path, mode).unwrap();
        let read = file.read_chunk(&mut [0; 1]);
        assert_eq!(read.is_ok(), reads, "{mode}");
        file.seek(0, Whence::Set).unwrap();
        let written = file.write_all_of(b"new");
        assert_eq!(written.is_ok(), writes, "{mode}");
        assert_eq!(fs::read_to_string(&path).unwrap(), after, "{mode}");
        for refused in [read.err(), written.err()].into_iter().flatten() {
            assert!(
                refused.to_string().ends_with("file: Bad file descriptor"),
                "{refused}"
            );
        }
    }
}

#[test]
fn the_end_is_met_only_by_a_read_that_wants_more() {
    let folder = Folder::new();
    let mut file = open(&folder.file("hello"), "r").unwrap();
    assert_eq!(read_text(&mut file, 5), ("hello".into(), Stop::Full));
    assert_eq!(read_text(&mut file, 0), (String::new(), Stop::Full));
    assert_eq!(read_text(&mut file, 1), (String::new(), Stop::End));
    let sought = file.seek(-3, Whence::End).unwrap();
    assert_eq!((sought.position, sought.eof), (2, false));
    assert_eq!(read_text(&mut file, 9), ("llo".into(), Stop::End));
    let beyond = file.seek(10, Whence::End).unwrap();
    assert_eq!(beyond.position, 15);
    assert_eq!(read_text(&mut file, 1), (String::new(), Stop::End));
    for (offset, whence) in [(-1, Whence::Set), (-16, Whence::Current), (-6, Whence::End)] {
        let refused = text(file.seek(offset, whence));
        assert_eq!(refused, "failed to seek file: Invalid argument");
    }
    assert_eq!(file.seek(0, Whence::Current).unwrap().position, 15);
}

#[test]
fn reading_goes_on_where_writing_stopped() {
    let folder = Folder::new();
    let path = folder.file("0123456789");
    let mut file = open(&path, "r+").unwrap();
    assert_eq!(read_text(&mut file, 2).0, "01");
    file.write_all_of(b"ab").unwrap();
    assert_eq!(read_text(&mut file, 2).0, "45");
    file.flush().unwrap();
    file.close().unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "01ab456789");
}

#[test]
fn a_large_file_comes_through_a_small_buffer() {
    let folder = Folder::new();
    let content: String = (0..100_000).map(|number| format!("{number},")).collect();
    let mut file = open(&folder.file(&content), "r").unwrap();
    let mut read = String::new();
    let end = loop {
        let (piece, stop) = read_text(&mut file, 1000);
        read.push_str(&piece);
        if stop != Stop::Full {
            break stop;
        }
    };
    assert_eq!(end, Stop::End);
    assert!(read == content);
}

#[test]
fn a_pipe_without_a_writer_blocks_nobody() {
    let folder = Folder::new();
    let path = folder.fifo();
    let mut reader = open(&path, "r").unwrap();
    assert_eq!(read_text(&mut reader, 10), (String::new(), Stop::End));
    let mut writer = open(&path, "w").unwrap();
    let nothing = text(reader.read_chunk(&mut [0; 10]));
    assert_eq!(
        nothing,
        "failed to read file: Resource temporarily unavailable"
    );
    assert_eq!(
        text(reader.seek(0, Whence::Set)),
        "failed to seek file: Illegal seek"
    );
    writer.write_all_of(b"abc").unwrap();
    assert_eq!(read_text(&mut reader, 10), ("abc".into(), Stop::Silent));
    let full = text(writer.write_all_of(&[0; 1_000_000]));
    assert_eq!(
        full,
        "failed to write to file: Resource temporarily unavailable"
    );
    let (held, stop) = read_text(&mut reader, 1_000_000);
    assert_eq!(stop, Stop::Silent);
    assert!(
        held.len() >= 4096,
        "what fitted into the pipe: {}",
        held.len()
    );
}

#[test]
fn a_full_disk_is_told_with_the_write() {
    let mut file = open("/dev/full", "w").unwrap();
    let full = text(file.write_all_of(b"abc"));
    assert_eq!(full, "failed to write to file: No space left on device");
}

#[test]
fn programs_that_the_agent_runs_do_not_inherit_a_file() {
    let folder = Folder::new();
    let file = open(&folder.file(""), "a").unwrap();
    assert!(fcntl_getfd(&file.fd).unwrap().contains(FdFlags::CLOEXEC));
    let flags = fcntl_getfl(&file.fd).unwrap();
    assert!(flags.contains(OFlags::NONBLOCK | OFlags::APPEND));
    assert!(file.fd.as_raw_fd() > 2);
}
