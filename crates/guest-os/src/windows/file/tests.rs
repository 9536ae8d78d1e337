#![allow(unsafe_code, reason = "the other end of a named pipe")]

use std::fs;
use std::io::{Read, Write};
use std::os::windows::io::FromRawHandle;
use std::path::PathBuf;
use std::ptr::null;

use qga::Whence;
use tempfile::TempDir;
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::Storage::FileSystem::PIPE_ACCESS_DUPLEX;
use windows_sys::Win32::System::Pipes::CreateNamedPipeW;

use super::*;
use crate::windows::wide::wide;
use crate::{Result, reason};

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
    let root = folder.path("");
    for (path, mode, code) in [
        (folder.path("missing").as_str(), "r", 2),
        (&folder.path(r"missing\p"), "w", 3),
        ("", "r", 3),
        (&root, "r", 5),
        (&root, "w", 5),
    ] {
        let why = reason(&std::io::Error::from_raw_os_error(code));
        assert_eq!(
            text(open(path, mode)),
            format!("failed to open file '{path}': {why}"),
            "{mode}"
        );
    }
    assert!(open("a\0b", "r").is_err());
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
        if writes {
            file.flush().unwrap();
        }
        file.close().unwrap();
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
        assert!(refused.starts_with("failed to seek file: "), "{refused}");
    }
    assert_eq!(file.seek(0, Whence::Current).unwrap().position, 15);
}

#[test]
fn bytes_are_not_translated_and_others_may_use_the_file() {
    let folder = Folder::new();
    let path = folder.path("file");
    let mut file = open(&path, "w+").unwrap();
    file.write_all_of(b"a\nb\r\n\x1ac").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"a\nb\r\n\x1ac");
    let mut other = open(&path, "a").unwrap();
    other.write_all_of(b"!").unwrap();
    file.seek(0, Whence::Set).unwrap();
    assert_eq!(read_text(&mut file, 99).0, "a\nb\r\n\u{1a}c!");
}

/// The other end of a pipe that has two bytes' worth of pages for each way.
fn pipe(name: &str) -> (String, fs::File) {
    let path = format!(r"\\.\pipe\hospes-file-{}-{name}", std::process::id());
    let name = wide(&path);
    // SAFETY: the path ends with a zero and lives during the call.
    let pipe = unsafe {
        CreateNamedPipeW(
            name.as_ptr(),
            PIPE_ACCESS_DUPLEX,
            0,
            1,
            4096,
            4096,
            0,
            null(),
        )
    };
    assert_ne!(pipe, INVALID_HANDLE_VALUE);
    // SAFETY: it was just made and belongs to nobody else.
    (path, unsafe { fs::File::from_raw_handle(pipe) })
}

#[test]
fn a_pipe_whose_other_end_is_silent_blocks_nobody() {
    for mode in ["r", "r+"] {
        let (path, mut other) = pipe(mode);
        let mut file = open(&path, mode).unwrap();
        let nothing = text(file.read_chunk(&mut [0; 10]));
        assert!(nothing.starts_with("failed to read file: "), "{nothing}");
        other.write_all(b"abc").unwrap();
        assert_eq!(read_text(&mut file, 10), ("abc".into(), Stop::Silent));
        drop(other);
        assert_eq!(read_text(&mut file, 10), (String::new(), Stop::End));
    }
}

#[test]
fn a_pipe_that_is_full_blocks_nobody() {
    let (path, mut other) = pipe("full");
    let mut file = open(&path, "w").unwrap();
    file.write_all_of(b"abc").unwrap();
    file.flush().unwrap();
    let mut read = [0; 3];
    other.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"abc");
    let full = (0..1000).find_map(|_| file.write_all_of(&[0; 4096]).err());
    let full = full.unwrap().to_string();
    assert!(full.starts_with("failed to write to file: "), "{full}");
}
