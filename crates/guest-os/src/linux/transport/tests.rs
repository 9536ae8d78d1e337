use std::fs::{self, File};
use std::io::{PipeReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver as Told, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, OFlags, mknodat, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tempfile::TempDir;

use super::*;

const LONG: Duration = Duration::from_secs(60);

/// A named pipe for a virtio port: without a writer it is "ready, hung up" and a read brings
/// nothing, as a port without a host.
struct Port {
    path: PathBuf,
    _folder: TempDir,
}

impl Port {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("port");
        mknodat(CWD, &path, FileType::Fifo, 0o600.into(), 0).unwrap();
        Self {
            path,
            _folder: folder,
        }
    }

    fn guest(&self) -> Receiver {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = open(&self.path, flags, 0.into()).unwrap();
        Receiver::virtio(fd, "the host".into()).unwrap()
    }

    fn host(&self) -> File {
        File::options().write(true).open(&self.path).unwrap()
    }
}

/// What a thread receives; `None` when it met an error.
fn received_by_a_thread(mut receiver: Receiver) -> Told<(Received, Vec<u8>)> {
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 256 << 10];
        while let Ok(received) = receiver.receive(&mut buffer) {
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

fn next(told: &Told<(Received, Vec<u8>)>) -> (Received, String) {
    let (received, bytes) = told.recv_timeout(LONG).unwrap();
    (received, String::from_utf8(bytes).unwrap())
}

#[test]
fn hosts_come_and_go_at_a_port() {
    let port = Port::new();
    let told = received_by_a_thread(port.guest());
    for word in ["one", "two", "three"] {
        let mut host = port.host();
        host.write_all(word.as_bytes()).unwrap();
        assert_eq!(next(&told), (Received::Bytes(word.len()), word.into()));
        drop(host);
        assert_eq!(next(&told), (Received::HostGone, String::new()));
    }
    assert!(told.try_recv().is_err(), "a host is gone once");
}

/// As when bytes come through a port before the news of the host that sent them.
#[test]
fn a_host_that_is_not_seen_yet_is_not_taken_for_gone() {
    let port = Port::new();
    let mut guest = port.guest();
    port.host().write_all(b"early").unwrap();
    let mut buffer = [0; 16];
    assert_eq!(guest.receive(&mut buffer).unwrap(), Received::Bytes(5));
    let told = received_by_a_thread(guest);
    let mut host = port.host();
    host.write_all(b"and more").unwrap();
    assert_eq!(next(&told), (Received::Bytes(8), "and more".into()));
    drop(host);
    assert_eq!(next(&told).0, Received::HostGone);
}

#[test]
fn a_host_that_is_never_seen_has_gone_after_a_while() {
    let port = Port::new();
    let mut guest = port.guest();
    port.host().write_all(b"brief").unwrap();
    let mut buffer = [0; 16];
    assert_eq!(guest.receive(&mut buffer).unwrap(), Received::Bytes(5));
    assert_eq!(guest.receive(&mut buffer).unwrap(), Received::HostGone);
}

#[test]
fn a_port_without_a_host_wakes_nobody() {
    let port = Port::new();
    let mut guest = port.guest();
    let mut host = port.host();
    host.write_all(b"x").unwrap();
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut buffer = [0; 16];
        let thread = rustix::thread::gettid().as_raw_nonzero();
        guest.receive(&mut buffer).unwrap();
        tell.send((thread, Received::Bytes(1))).unwrap();
        while let Ok(received) = guest.receive(&mut buffer) {
            tell.send((thread, received)).unwrap();
        }
    });
    let (thread, _) = told.recv_timeout(LONG).unwrap();
    drop(host);
    assert_eq!(told.recv_timeout(LONG).unwrap().1, Received::HostGone);
    assert!(
        until(|| is_quiet(thread.get())),
        "it wakes up again and again"
    );
}

/// Whether a thread of this process does nothing for a while.
fn is_quiet(thread: i32) -> bool {
    let (before, began) = (switches(thread), Instant::now());
    while began.elapsed() < Duration::from_millis(200) && switches(thread) == before {
        thread::yield_now();
    }
    switches(thread) == before
}

/// Of a thread of this process (proc(5)).
fn status(thread: i32, field: &str) -> String {
    let text = fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap().trim().to_owned()
}

fn switches(thread: i32) -> (String, String) {
    let of = |kind: &str| status(thread, &format!("{kind}_ctxt_switches"));
    (of("voluntary"), of("nonvoluntary"))
}

fn until(mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + LONG;
    while !condition() && Instant::now() < deadline {
        thread::yield_now();
    }
    condition()
}

#[test]
fn pages_of_a_port_come_together() {
    let port = Port::new();
    let mut guest = port.guest();
    let mut host = port.host();
    host.write_all(&[b'x'; 40_000]).unwrap();
    let mut buffer = vec![0; 256 << 10];
    assert_eq!(guest.receive(&mut buffer).unwrap(), Received::Bytes(40_000));
    host.write_all(&[b'y'; 10_000]).unwrap();
    assert_eq!(
        guest.receive(&mut buffer[..4096]).unwrap(),
        Received::Bytes(4096)
    );
    assert_eq!(guest.receive(&mut buffer).unwrap(), Received::Bytes(5904));
}

#[test]
fn writing_to_a_port_whose_host_takes_nothing_ends_in_time() {
    for port in PORTS {
        let (guest, _host) = port();
        let error = guest
            .sender()
            .send(&[0; 1 << 20], Duration::from_millis(20))
            .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    }
}

#[test]
fn a_large_reply_reaches_a_slow_host_whole() {
    for port in PORTS {
        let (guest, mut host) = port();
        let reply: Vec<u8> = (0..1_000_000_u32)
            .map(|number| number.to_le_bytes()[0])
            .collect();
        let (sender, sent) = (guest.sender(), reply.clone());
        let writer = thread::spawn(move || sender.send(&sent, LONG));
        let mut read = vec![0; reply.len()];
        for piece in read.chunks_mut(1000) {
            host.read_exact(piece).unwrap();
        }
        writer.join().unwrap().unwrap();
        assert!(read == reply);
    }
}

#[test]
fn writing_to_a_port_whose_host_leaves_ends_at_once() {
    for port in PORTS {
        let (guest, mut host) = port();
        let sender = guest.sender();
        let writer = thread::spawn(move || sender.send(&[0; 1 << 20], LONG));
        host.read_exact(&mut [0; 4096]).unwrap();
        drop(host);
        let began = Instant::now();
        let error = writer.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
        assert!(began.elapsed() < LONG);
    }
}

/// A port of each kind that can only be written to, with the host's end.
const PORTS: [fn() -> (Receiver, PipeReader); 2] = [
    || {
        let (guest, host) = written_port();
        (Receiver::serial(guest, "the host".into()), host)
    },
    || {
        let (guest, host) = written_port();
        (Receiver::virtio(guest, "the host".into()).unwrap(), host)
    },
];

fn written_port() -> (OwnedFd, PipeReader) {
    let (host, guest) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&guest, true).unwrap();
    (guest.into(), host)
}

#[test]
fn a_serial_port_passes_every_byte_both_ways() {
    let (master, path) = terminal();
    let mut guest = isa_serial(&path).unwrap();
    let speed = rustix::termios::tcgetattr(&master).unwrap().input_speed();
    assert_eq!(speed, 38_400);
    let all: Vec<u8> = (0..=255).collect();
    rustix::io::write(&master, &all).unwrap();
    let mut buffer = vec![0; 1024];
    let mut read = Vec::new();
    while read.len() < all.len() {
        let Received::Bytes(count) = guest.receive(&mut buffer).unwrap() else {
            panic!("the line ended");
        };
        read.extend_from_slice(&buffer[..count]);
    }
    assert_eq!(read, all);
    guest.sender().send(&all, LONG).unwrap();
    let mut written = Vec::new();
    while written.len() < all.len() {
        let count = rustix::io::read(&master, &mut *buffer).unwrap();
        written.extend_from_slice(&buffer[..count]);
    }
    assert_eq!(written, all, "nothing is echoed or translated");
    assert!(guest.is_port());
    drop(master);
    assert_eq!(guest.receive(&mut buffer).unwrap(), Received::End);
}

fn terminal() -> (OwnedFd, PathBuf) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    (master, PathBuf::from(name.into_string().unwrap()))
}

#[test]
fn a_port_that_is_not_there_or_no_port_is_refused() {
    let refused = |opened: crate::Result<Receiver>| opened.unwrap_err().to_string();
    let missing = Path::new("/dev/null/port");
    for opened in [virtio_serial(missing), isa_serial(missing)] {
        let text = refused(opened);
        assert_eq!(
            text,
            "error opening channel '/dev/null/port': Not a directory"
        );
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(refused(virtio_serial(file.path())).ends_with("': Operation not permitted"));
    assert!(
        isa_serial(Path::new("/dev/null")).is_ok(),
        "as QEMU's agent"
    );
}

#[test]
fn two_clients_of_a_socket_are_served_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = unix_listen(&path).unwrap();
    assert_eq!(listener.family(), Family::Unix);
    let mut clients: Vec<_> = (0..2)
        .map(|_| UnixStream::connect(&path).unwrap())
        .collect();
    let mut servers: Vec<_> = (0..2).map(|_| listener.accept().unwrap()).collect();
    let uid = rustix::process::getuid().as_raw();
    for (client, server) in clients.iter_mut().zip(&mut servers).rev() {
        assert_eq!(
            server.peer(),
            format!("uid {uid} pid {}", std::process::id())
        );
        assert!(!server.is_port());
        client.write_all(b"ping").unwrap();
        let mut buffer = [0; 16];
        assert_eq!(server.receive(&mut buffer).unwrap(), Received::Bytes(4));
        let sender = server.sender();
        thread::spawn(move || sender.send(b"pong", LONG))
            .join()
            .unwrap()
            .unwrap();
        client.read_exact(&mut buffer[..4]).unwrap();
        assert_eq!(&buffer[..4], b"pong");
    }
    for (client, mut server) in clients.into_iter().zip(servers) {
        drop(client);
        assert_eq!(server.receive(&mut [0; 16]).unwrap(), Received::End);
        let error = server.sender().send(b"late", LONG).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    }
}

#[test]
fn a_client_that_reads_nothing_holds_no_thread_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = unix_listen(&path).unwrap();
    let client = UnixStream::connect(&path).unwrap();
    let server = listener.accept().unwrap();
    let sender = server.sender();
    let error = sender
        .send(&vec![0; 4 << 20], Duration::from_millis(20))
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    let writer = thread::spawn(move || sender.send(&vec![0; 4 << 20], LONG));
    drop(client);
    let error = writer.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
}

#[test]
fn a_socket_takes_the_place_of_an_older_one_but_of_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    drop(unix_listen(&path).unwrap());
    assert!(path.exists(), "a leftover");
    let listener = unix_listen(&path).unwrap();
    let _client = UnixStream::connect(&path).unwrap();
    listener.accept().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "precious").unwrap();
    let refused = unix_listen(&file).unwrap_err().to_string();
    assert_eq!(
        refused,
        format!(
            "Failed to bind socket to {}: Address already in use",
            file.display()
        )
    );
    assert_eq!(fs::read(file).unwrap(), b"precious");
}

#[test]
fn a_path_that_no_socket_can_have_is_refused() {
    let long = format!("/tmp/{}", "x".repeat(120));
    for (path, expected) in [
        (
            long.as_str(),
            format!("UNIX socket path '{long}' is too long"),
        ),
        (
            "/dev/null/socket",
            "Failed to bind socket to /dev/null/socket: Not a directory".into(),
        ),
    ] {
        assert_eq!(
            unix_listen(Path::new(path)).unwrap_err().to_string(),
            expected
        );
    }
}

#[test]
fn vsock_listens_where_the_machine_has_it() {
    // Any port: the kernel chooses one.
    match vsock_listen(u32::MAX, u32::MAX) {
        Ok(listener) => assert_eq!(listener.family(), Family::Vsock),
        Err(error) => {
            eprintln!("skipped: {error}");
            assert!(
                error
                    .to_string()
                    .starts_with("Failed to create socket vsock:")
            );
        }
    }
}
