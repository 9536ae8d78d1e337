//! The agent in the background and its pid file, in processes of their own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use guest_os::Error;
use guest_os::process::{PidFile, daemonize};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

const ROLE: &str = "HOSPES_TEST_ROLE";
const PATIENCE: Duration = Duration::from_secs(60);

/// What a process that these tests start does: this same program with [`ROLE`] set.
#[test]
fn role() {
    match std::env::var(ROLE).as_deref() {
        Ok("daemon") => be_a_daemon(),
        Ok("holder") => hold_a_pid_file(),
        _ => {}
    }
}

fn be_a_daemon() {
    let (mut control, file) = daemonize(|| {
        let control = UnixStream::connect("control").expect("the test listens");
        Ok((control, PidFile::create(Path::new("pid"))?))
    })
    .expect("a background process");
    writeln!(control, "{}", std::process::id()).expect("the test reads");
    tell_about_this_process(&mut control);
    control.read_exact(&mut [0]).expect("a go-ahead");
    drop(file);
    control.write_all(b"gone").expect("the test reads");
    std::process::exit(0);
}

fn tell_about_this_process(control: &mut UnixStream) {
    let umask = rustix::process::umask(rustix::fs::Mode::empty());
    let session = rustix::process::getsid(None).expect("our own session");
    let directory = std::env::current_dir().expect("a directory");
    let streams: Vec<_> = (0..3)
        .map(|number| fs::read_link(format!("/proc/self/fd/{number}")).expect("a stream"))
        .collect();
    writeln!(
        control,
        "{} {} {:o} {streams:?}",
        session.as_raw_nonzero(),
        directory.display(),
        umask.as_raw_mode(),
    )
    .expect("the test reads");
}

fn hold_a_pid_file() {
    let mut control = UnixStream::connect("control").expect("the test listens");
    let file = PidFile::create(Path::new("pid")).expect("nobody holds it");
    control.write_all(b"held\n").expect("the test reads");
    control.read_exact(&mut [0]).expect("a go-ahead");
    drop(file);
    control.write_all(b"gone").expect("the test reads");
}

/// Starts this program as `name` in `directory` and waits until it reports.
fn start(name: &str, directory: &Path) -> (Child, BufReader<UnixStream>) {
    let listener = UnixListener::bind(directory.join("control")).expect("a socket");
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "role", "--nocapture", "--test-threads=1"])
        .env(ROLE, name)
        .current_dir(directory)
        .stdout(Stdio::null())
        .spawn()
        .expect("this program");
    let timeout = Timespec::try_from(PATIENCE).expect("a minute");
    let mut waiting = [PollFd::new(&listener, PollFlags::IN)];
    assert_eq!(poll(&mut waiting, Some(&timeout)), Ok(1), "no report");
    let (stream, _) = listener.accept().expect("a report");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    (child, BufReader::new(stream))
}

fn line(stream: &mut BufReader<UnixStream>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).expect("a line");
    line.trim_end().to_owned()
}

#[test]
fn a_daemon_has_its_own_session_and_nothing_of_the_terminal() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut parent, mut control) = start("daemon", directory.path());
    let pid = line(&mut control);
    let about = line(&mut control);
    assert!(parent.wait().expect("the calling process").success());
    assert_ne!(pid, parent.id().to_string());
    assert_eq!(
        about,
        format!("{pid} / 77 [\"/dev/null\", \"/dev/null\", \"/dev/null\"]")
    );
    let written = fs::read_to_string(directory.path().join("pid")).expect("a pid file");
    assert_eq!(written, format!("{pid}\n"));
    control.get_mut().write_all(b"!").expect("the daemon reads");
    control.read_exact(&mut [0; 4]).expect("a last word");
}

#[test]
fn a_second_holder_of_the_pid_file_is_refused_until_the_first_lets_go() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("pid");
    fs::write(&path, "a longer text of an agent that was killed\n").expect("a stale file");
    let (mut holder, mut control) = start("holder", directory.path());
    assert_eq!(line(&mut control), "held");
    let held = fs::read_to_string(&path).expect("a pid file");
    assert_eq!(held, format!("{}\n", holder.id()));

    let error = PidFile::create(&path).expect_err("it is held");
    assert!(matches!(&error, Error::Os { what, .. } if what == "Cannot lock pid file"));
    assert_eq!(fs::read_to_string(&path).expect("still there"), held);

    control.get_mut().write_all(b"!").expect("the holder reads");
    control.read_exact(&mut [0; 4]).expect("a last word");
    let ours = PidFile::create(&path).expect("nobody holds it");
    assert!(path.exists());
    drop(ours);
    assert!(!path.exists());
    assert!(holder.wait().expect("the holder").success());
}

#[test]
fn a_pid_file_in_a_directory_that_does_not_exist_is_an_error() {
    let error = PidFile::create(Path::new("/no/such/directory/pid")).expect_err("no directory");
    assert!(matches!(error, Error::Os { .. }));
}
