//! A configuration in a folder of its own, the program, its server, and a guest that asks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Far longer than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Home(TempDir);

impl Home {
    /// With the guests `web1` and `web2`, and `more` of a configuration.
    pub(crate) fn new(more: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let text = format!(
            "state-dir = \"state\"\n\
             guest.web1 = {{ qmp = \"web1.qmp\", tags = [\"front\"] }}\n\
             [guest.web2]\nqmp = \"web2.qmp\"\n{more}"
        );
        std::fs::write(dir.path().join("hospes.toml"), text).expect("written");
        Self(dir)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).expect("written");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hospes"));
        command
            .args(["--config", "hospes.toml", "metadata"])
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("HOME", self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("hospes runs")
    }

    /// What a command that succeeds prints.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", err(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    pub(crate) fn document(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.says(&arguments)).expect("JSON")
    }

    /// A server that listens at every socket.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    pub(crate) fn serve_with(&self, options: &[&str]) -> Server {
        let arguments = [&["serve"], options].concat();
        let mut child = self.command(&arguments).spawn().expect("hospes runs");
        let told = told_by(child.stderr.take().expect("piped"));
        let mut server = Server {
            child,
            told,
            log: String::new(),
        };
        // The control socket and one for each guest; addresses are told after them.
        for _ in 0..3 {
            server.hears("listening at ");
        }
        server
    }

    /// A guest's connection to its socket.
    pub(crate) fn guest(&self, name: &str) -> UnixStream {
        let path = self.path(&format!("state/metadata/{name}.sock"));
        let stream = UnixStream::connect(path).expect("a server");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream
    }

    /// What a guest is answered at its socket.
    pub(crate) fn asks(&self, name: &str, target: &str) -> Reply {
        Reply::to(self.guest(name), target)
    }
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Each line that is said, as it comes.
pub(crate) fn told_by(stderr: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(stderr).lines();
        for line in lines.map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A running `hospes metadata serve`, killed when the test ends.
pub(crate) struct Server {
    child: Child,
    told: Receiver<String>,
    log: String,
}

impl Server {
    /// The next line that has `part` in it.
    pub(crate) fn hears(&mut self, part: &str) -> String {
        loop {
            let line = self.told.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no `{part}` in:\n{}", self.log));
            self.log.push_str(&line);
            self.log.push('\n');
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Ends it by SIGTERM; its exit code, and all that it has said.
    pub(crate) fn ends(mut self) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("a living server");
        let status = self.child.wait().expect("an end");
        while let Ok(line) = self.told.recv() {
            self.log.push_str(&line);
            self.log.push('\n');
        }
        (status.code(), std::mem::take(&mut self.log))
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a living server");
        self.child.wait().expect("an end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a guest was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) etag: String,
    pub(crate) body: String,
}

pub(crate) fn request(target: &str) -> String {
    format!(
        "GET /computeMetadata/v1/{target} HTTP/1.1\r\nHost: metadata\r\n\
         Metadata-Flavor: Google\r\nConnection: close\r\n\r\n"
    )
}

impl Reply {
    pub(crate) fn to(mut stream: impl Read + Write, target: &str) -> Self {
        stream.write_all(request(target).as_bytes()).expect("sent");
        Self::read(stream)
    }

    pub(crate) fn read(mut stream: impl Read) -> Self {
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("a whole answer");
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{text}"));
        let mut words = head.split(' ');
        let etag = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("etag").then(|| value.to_owned())
        });
        Self {
            status: words
                .nth(1)
                .and_then(|code| code.parse().ok())
                .expect("a status"),
            etag: etag.unwrap_or_default(),
            body: body.to_owned(),
        }
    }
}

/// A guest's connection over TCP.
pub(crate) fn over_tcp(port: u16, target: &str) -> Reply {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("a server");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    Reply::to(stream, target)
}

/// A child whose standard output is read line by line; killed when the test ends.
pub(crate) struct Watcher {
    pub(crate) child: Child,
    lines: Receiver<String>,
}

impl Watcher {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("hospes runs");
        let lines = told_by(child.stdout.take().expect("piped"));
        Self { child, lines }
    }

    pub(crate) fn prints(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line in time")
    }

    pub(crate) fn stderr(&mut self) -> ChildStderr {
        self.child.stderr.take().expect("piped")
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
