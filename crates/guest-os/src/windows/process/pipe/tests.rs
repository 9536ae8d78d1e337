use std::fs::File;
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use super::*;
use crate::windows::wait::wait_any;

const LONG: Duration = Duration::from_secs(60);

/// What comes until the other end is closed.
fn all(reader: &mut Reader) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        reader.prepare();
        let Some(event) = reader.event() else {
            return bytes;
        };
        assert_eq!(wait_any(&[event], Some(LONG)).unwrap(), Some(0));
        bytes.extend_from_slice(reader.take());
    }
}

#[test]
fn all_that_is_written_is_read_and_then_the_end_is_seen() {
    let (mut reader, theirs) = from_program().unwrap();
    let writer = thread::spawn(move || {
        let mut pipe = File::from(theirs);
        for _ in 0..300 {
            pipe.write_all(&[b'x'; 1000]).unwrap();
        }
    });
    assert_eq!(all(&mut reader).len(), 300_000);
    writer.join().unwrap();
    assert!(reader.into_pipe().is_none());
}

#[test]
fn what_is_in_the_pipe_is_drained_without_waiting_for_more() {
    let (mut reader, theirs) = from_program().unwrap();
    let mut pipe = File::from(theirs);
    let mut drained = Vec::new();
    reader.drain(|bytes| drained.extend_from_slice(bytes));
    assert!(drained.is_empty());
    reader.prepare();
    pipe.write_all(b"under way").unwrap();
    pipe.write_all(b" and in the pipe").unwrap();
    reader.drain(|bytes| drained.extend_from_slice(bytes));
    assert_eq!(drained, b"under way and in the pipe");
    pipe.write_all(b"later").unwrap();
    let mut pipe_of_ours = File::from(reader.into_pipe().unwrap());
    let mut later = [0; 5];
    pipe_of_ours.read_exact(&mut later).unwrap();
    assert_eq!(&later, b"later");
}

/// A cancelled read may have been done before.
#[test]
fn nothing_is_lost_when_a_drain_meets_a_writer() {
    const PIECES: u32 = 2000;
    let (mut reader, theirs) = from_program().unwrap();
    let writer = thread::spawn(move || {
        let mut pipe = File::from(theirs);
        for number in 0..PIECES {
            pipe.write_all(&number.to_le_bytes()).unwrap();
        }
    });
    let mut drained = Vec::new();
    while reader.event().is_some() {
        reader.prepare();
        reader.drain(|bytes| drained.extend_from_slice(bytes));
    }
    writer.join().unwrap();
    let expected: Vec<u8> = (0..PIECES).flat_map(u32::to_le_bytes).collect();
    assert!(drained == expected, "{} bytes", drained.len());
}

/// On Windows a read meets it, too.
#[test]
fn a_write_of_nothing_does_not_end_a_drain() {
    let (mut reader, theirs) = from_program().unwrap();
    let mut pipe = File::from(theirs);
    for piece in ["", "a", "", "", "b"] {
        assert_eq!(pipe.write(piece.as_bytes()).unwrap(), piece.len());
    }
    let mut drained = Vec::new();
    reader.drain(|bytes| drained.extend_from_slice(bytes));
    assert_eq!(drained, b"ab");
}

#[test]
fn a_read_whose_thread_has_ended_goes_on() {
    let (mut reader, theirs) = from_program().unwrap();
    let began = thread::spawn(move || {
        reader.prepare();
        reader
    });
    let mut reader = began.join().unwrap();
    let mut pipe = File::from(theirs);
    pipe.write_all(b"hello").unwrap();
    drop(pipe);
    assert_eq!(all(&mut reader), b"hello");
}

#[test]
fn a_pipe_can_be_dropped_while_something_is_under_way() {
    let (mut reader, theirs) = from_program().unwrap();
    reader.prepare();
    drop(reader);
    let refused = File::from(theirs).write_all(b"nobody reads");
    assert!(refused.is_err());
    let bytes = vec![b'x'; 4 * PIPE_BYTES];
    let (mut writer, theirs) = to_program(&bytes).unwrap();
    writer.prepare();
    writer.proceed();
    writer.prepare();
    drop(writer);
    let mut some = Vec::new();
    File::from(theirs).read_to_end(&mut some).unwrap();
    assert!(some.len() < bytes.len());
}

#[test]
fn a_program_reads_what_it_is_given_to_its_end() {
    let bytes = vec![b'x'; 5 * PIPE_BYTES / 2];
    let (mut writer, theirs) = to_program(&bytes).unwrap();
    let reading = thread::spawn(move || {
        let mut read = Vec::new();
        File::from(theirs).read_to_end(&mut read).unwrap();
        read
    });
    loop {
        writer.prepare();
        let Some(event) = writer.event() else { break };
        assert_eq!(wait_any(&[event], Some(LONG)).unwrap(), Some(0));
        writer.proceed();
    }
    assert_eq!(reading.join().unwrap(), bytes);
}

#[test]
fn what_nobody_reads_is_let_go_of() {
    let (mut writer, theirs) = to_program(b"unread").unwrap();
    drop(theirs);
    writer.prepare();
    if let Some(event) = writer.event() {
        assert_eq!(wait_any(&[event], Some(LONG)).unwrap(), Some(0));
    }
    writer.proceed();
    writer.prepare();
    assert!(writer.event().is_none());
}
