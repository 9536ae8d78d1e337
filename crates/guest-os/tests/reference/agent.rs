//! The agent as a process, and a connection to it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

const PROGRAM: &str = "/usr/sbin/qemu-ga";

/// Never to be called on a machine that somebody uses.
const FORBIDDEN: &str = "guest-shutdown,guest-suspend-disk,guest-suspend-ram,\
    guest-suspend-hybrid,guest-fsfreeze-freeze,guest-fsfreeze-freeze-list,guest-fsfreeze-thaw,\
    guest-fstrim,guest-set-time,guest-set-user-password,guest-set-vcpus,guest-set-memory-blocks";

/// A running agent and a connection to it.
pub(crate) struct Reference {
    agent: Child,
    replies: BufReader<UnixStream>,
    _folder: TempDir,
}

impl Reference {
    /// Starts it; `None`, with the reason printed, where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            eprintln!("skipped: {PROGRAM} is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let agent = Command::new(PROGRAM)
            .args(["-m", "unix-listen", "-b", FORBIDDEN, "-p"])
            .arg(&socket)
            .arg("-t")
            .arg(folder.path())
            .arg("-f")
            .arg(folder.path().join("pid"))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let stream = connected(&socket);
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        Some(Self {
            agent,
            replies: BufReader::new(stream),
            _folder: folder,
        })
    }

    /// What it returns, or the text of its error.
    pub(crate) fn call(&mut self, command: &str, arguments: Value) -> Result<Value, String> {
        let request = json!({"execute": command, "arguments": arguments});
        let mut bytes = serde_json::to_vec(&request).unwrap();
        bytes.push(b'\n');
        self.replies.get_ref().write_all(&bytes).unwrap();
        let mut line = String::new();
        self.replies.read_line(&mut line).unwrap();
        let mut reply: Value = serde_json::from_str(&line).unwrap();
        match reply.get_mut("error") {
            Some(error) => Err(error["desc"].as_str().unwrap().to_owned()),
            None => Ok(reply["return"].take()),
        }
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

fn connected(socket: &Path) -> UnixStream {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < deadline, "no agent at the socket: {error}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
}
