#![allow(unsafe_code, reason = "the host's end of a named pipe")]

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::windows::io::{AsRawHandle, FromRawHandle};
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver as Told, channel};
use std::thread;
use std::time::Duration;

use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::Storage::FileSystem::PIPE_ACCESS_DUPLEX;
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, DisconnectNamedPipe, PIPE_TYPE_BYTE, PIPE_WAIT,
};

use super::*;
use crate::windows::overlapped::Operation;
use crate::windows::wide::wide;
use crate::windows::words::AGENTS;

const LONG: Duration = Duration::from_secs(60);

/// A port: a named pipe, and the host's end of it.
struct Host {
    path: PathBuf,
    pipe: File,
}

impl Host {
    /// Waits for nobody: the guest connects when it opens the path.
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!(r"\\.\pipe\hospes-port-{}-{count}", std::process::id());
        let path = wide(&name);
        // SAFETY: the path ends with a zero and lives during the call.
        let pipe = unsafe {
            CreateNamedPipeW(
                path.as_ptr(),
                PIPE_ACCESS_DUPLEX,
                PIPE_TYPE_BYTE | PIPE_WAIT,
                1,
                4096,
                4096,
                0,
                null(),
            )
        };
        assert_ne!(pipe, INVALID_HANDLE_VALUE);
        // SAFETY: it was just made and belongs to nobody else.
        let pipe = unsafe { File::from_raw_handle(pipe) };
        let path = PathBuf::from(name);
        Self { path, pipe }
    }

    /// The host's end, and the guest's.
    fn connected() -> (Self, Receiver) {
        let host = Self::new();
        let guest = virtio_serial(&host.path).unwrap();
        // SAFETY: the pipe is open; somebody is connected to it, so this does not wait.
        unsafe { ConnectNamedPipe(host.pipe.as_raw_handle(), null_mut()) };
        (host, guest)
    }

    /// Throws away what was not read.
    fn leave(self) {
        // SAFETY: the pipe is open.
        unsafe { DisconnectNamedPipe(self.pipe.as_raw_handle()) };
    }
}

/// What a thread receives, until the end or an error.
fn received_by_a_thread(mut guest: Receiver) -> Told<(Received, Vec<u8>)> {
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 256 << 10];
        while let Ok(received) = guest.receive(&mut buffer) {
            let count = match received {
                Received::Bytes(count) => count,
                Received::HostGone | Received::End => 0,
            };
            if tell.send((received, buffer[..count].to_vec())).is_err() || received == Received::End
            {
                return;
            }
        }
    });
    told
}

#[test]
fn a_port_passes_every_byte_both_ways() {
    let (mut host, mut guest) = Host::connected();
    assert!(guest.is_port());
    assert!(
        guest
            .peer()
            .starts_with(r"the hypervisor, through \\.\pipe\")
    );
    let all: Vec<u8> = (0..=255).collect();
    host.pipe.write_all(&all).unwrap();
    let (mut read, mut small) = (Vec::new(), [0; 100]);
    while read.len() < all.len() {
        let Received::Bytes(count) = guest.receive(&mut small).unwrap() else {
            panic!("the port ended");
        };
        read.extend_from_slice(&small[..count]);
    }
    assert_eq!(read, all);
    guest.sender().send(&all, LONG).unwrap();
    guest.sender().send(b"", LONG).unwrap();
    let mut written = vec![0; all.len()];
    host.pipe.read_exact(&mut written).unwrap();
    assert_eq!(written, all);
}

#[test]
fn replies_are_written_while_a_read_waits() {
    let (mut host, guest) = Host::connected();
    let sender = guest.sender();
    let told = received_by_a_thread(guest);
    for word in ["one", "two", "three"] {
        sender.send(word.as_bytes(), LONG).unwrap();
        let mut read = vec![0; word.len()];
        host.pipe.read_exact(&mut read).unwrap();
        host.pipe.write_all(&read).unwrap();
        let (received, bytes) = told.recv_timeout(LONG).unwrap();
        assert_eq!(received, Received::Bytes(word.len()));
        assert_eq!(bytes, word.as_bytes());
    }
}

#[test]
fn a_long_reply_reaches_a_slow_host_whole() {
    let (mut host, guest) = Host::connected();
    let reply: Vec<u8> = (0..500_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let (sender, sent) = (guest.sender(), reply.clone());
    let writer = thread::spawn(move || sender.send(&sent, LONG));
    let mut read = vec![0; reply.len()];
    for piece in read.chunks_mut(1000) {
        host.pipe.read_exact(piece).unwrap();
    }
    writer.join().unwrap().unwrap();
    assert!(read == reply);
}

#[test]
fn a_host_that_reads_nothing_holds_no_thread_for_ever() {
    let (host, guest) = Host::connected();
    let sender = guest.sender();
    let much = vec![0; 4 << 20];
    let error = sender.send(&much, Duration::from_millis(50)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let writer = thread::spawn(move || sender.send(&much, LONG));
    host.leave();
    let error = writer.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_pipe_whose_server_goes_has_ended() {
    let (mut host, mut guest) = Host::connected();
    host.pipe.write_all(b"last").unwrap();
    assert_eq!(guest.receive(&mut [0; 9]).unwrap(), Received::Bytes(4));
    let sender = guest.sender();
    let told = received_by_a_thread(guest);
    drop(host);
    assert_eq!(told.recv_timeout(LONG).unwrap().0, Received::End);
    let error = sender.send(b"late", LONG).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

/// The answers of a driver.
static HOST_IS_THERE: AtomicBool = AtomicBool::new(true);

#[test]
fn a_host_that_leaves_is_told_once_and_the_next_ones_bytes_come() {
    let mut host = Host::new();
    let port = Arc::new(port::open(&host.path).unwrap());
    let presence = presence::Presence {
        ask: |_| Some(HOST_IS_THERE.load(Ordering::Relaxed)),
        every: Duration::from_millis(10),
    };
    let told = received_by_a_thread(Receiver::new(port, "the host".into(), presence).unwrap());
    for word in ["one", "two"] {
        HOST_IS_THERE.store(true, Ordering::Relaxed);
        host.pipe.write_all(word.as_bytes()).unwrap();
        let (_, bytes) = told.recv_timeout(LONG).unwrap();
        assert_eq!(bytes, word.as_bytes());
        HOST_IS_THERE.store(false, Ordering::Relaxed);
        assert_eq!(told.recv_timeout(LONG).unwrap().0, Received::HostGone);
        assert!(told.try_recv().is_err());
    }
}

/// The kernel may write into what is read into until the read has ended.
#[test]
fn a_port_is_dropped_while_a_read_and_a_write_are_under_way() {
    for _ in 0..50 {
        let host = Host::new();
        let port = Arc::new(port::open(&host.path).unwrap());
        let mut reading = Operation::new(&port, 4096).unwrap();
        reading.read().unwrap();
        assert_eq!(reading.wait(Some(Duration::ZERO)).unwrap(), None);
        assert!(reading.is_under_way() && reading.bytes().is_empty());
        assert!(reading.read().is_err(), "one at a time");
        let mut writing = Operation::new(&port, 1 << 20).unwrap();
        writing.write(&[0; 1 << 20]).unwrap();
        drop((reading, writing));
        let mut pipe = &host.pipe;
        drop(port);
        let _ = pipe.write(b"too late");
    }
}

#[test]
fn what_was_cancelled_leaves_its_bytes_to_the_next_read() {
    let mut host = Host::new();
    let port = Arc::new(port::open(&host.path).unwrap());
    let mut reading = Operation::new(&port, 16).unwrap();
    reading.read().unwrap();
    assert!(reading.cancel().is_err());
    assert!(!reading.is_under_way());
    host.pipe.write_all(b"kept").unwrap();
    reading.read().unwrap();
    assert_eq!(reading.wait(Some(LONG)).unwrap(), Some(4));
    assert_eq!(&reading.bytes()[..4], b"kept");
}

#[test]
fn a_port_has_one_agent_and_it_is_known_that_it_has() {
    let host = Host::new();
    assert_eq!(place(&host.path).unwrap(), Place::Device);
    let (host, _guest) = Host::connected();
    let refused = virtio_serial(&host.path).unwrap_err().to_string();
    assert!(
        refused.starts_with(r"error opening channel '\\.\pipe\"),
        "{refused}"
    );
    assert!(refused.contains("another agent has it open"), "{refused}");
    assert_eq!(place(&host.path).unwrap(), Place::Device);
    // Which agents run on this machine is not ours to say.
    if let Some(named) = holder(&host.path) {
        let is_agent = AGENTS.contains(&named.name.as_str());
        assert!(is_agent || named.process == 0, "{named:?}");
    }
}

#[test]
fn what_is_not_there_or_no_port_is_told() {
    let missing = Path::new(r"\\.\Global\org.qemu.guest_agent.missing");
    for opened in [virtio_serial(missing), isa_serial(Path::new("COM97"))] {
        let refused = opened.unwrap_err().to_string();
        assert!(refused.contains("no such port"), "{refused}");
    }
    assert!(place(missing).is_err());
    assert_eq!(holder(missing), None);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "precious").unwrap();
    let refused = virtio_serial(&file).unwrap_err().to_string();
    assert!(refused.ends_with("it is a file, not a port"), "{refused}");
    assert_eq!(place(&file).unwrap(), Place::Other);
    assert_eq!(place(folder.path()).unwrap(), Place::Other);
    assert_eq!(fs::read(file).unwrap(), b"precious");
}

#[test]
fn there_are_no_sockets() {
    for refused in [unix_listen(Path::new("x")), vsock_listen(2, 3)] {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("-listen on Windows"), "{refused}");
    }
    assert!(activated().unwrap().is_none());
}
