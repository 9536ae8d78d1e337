//! A client of an agent.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// QEMU's test suite waits no longer for an agent's socket.
const SOCKET_WITHIN: Duration = Duration::from_secs(10);

/// One connection.
pub(crate) struct Stream {
    socket: UnixStream,
    held: Vec<u8>,
    /// Up to where `held` is known to hold no newline.
    searched: usize,
}

impl Stream {
    /// Connects once somebody listens; `told` says what an agent that never does has said.
    pub(crate) fn dial(path: &Path, told: impl Fn() -> String) -> Self {
        let began = Instant::now();
        loop {
            match UnixStream::connect(path) {
                Ok(socket) => return Self::new(socket),
                Err(error) if began.elapsed() > SOCKET_WITHIN => {
                    panic!("no socket within {SOCKET_WITHIN:?}: {error}; {}", told())
                }
                Err(_) => sleep(Duration::from_millis(2)),
            }
        }
    }

    fn new(socket: UnixStream) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Self {
            socket,
            held: Vec::new(),
            searched: 0,
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    /// Sends to an agent that may have hung up.
    pub(crate) fn offer(&mut self, bytes: &[u8]) -> bool {
        self.socket.write_all(bytes).is_ok()
    }

    /// The next line with its newline, and whatever bytes the agent sent before it.
    /// `None`: the agent has closed the connection.
    pub(crate) fn next_line(&mut self) -> Option<Vec<u8>> {
        self.line_in_time().unwrap_or_else(|why| panic!("{why}"))
    }

    /// As [`next_line`](Self::next_line), and an error when none comes.
    pub(crate) fn line_in_time(&mut self) -> Result<Option<Vec<u8>>, String> {
        let until = Instant::now() + PATIENCE;
        let mut piece = vec![0; 64 << 10];
        loop {
            let newline = self.held[self.searched..]
                .iter()
                .position(|byte| *byte == b'\n');
            if let Some(newline) = newline {
                let rest = self.held.split_off(self.searched + newline + 1);
                self.searched = 0;
                return Ok(Some(std::mem::replace(&mut self.held, rest)));
            }
            self.searched = self.held.len();
            if Instant::now() > until {
                return Err(format!("no line in {PATIENCE:?}"));
            }
            match self.socket.read(&mut piece) {
                Ok(0) => return Ok(None),
                Ok(count) => self.held.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(format!("no line in {PATIENCE:?}: {error}")),
            }
        }
    }

    /// The next line as JSON.
    pub(crate) fn next_reply(&mut self) -> Value {
        let line = self.next_line().expect("the agent keeps the connection");
        serde_json::from_slice(&line)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&line)))
    }

    /// Sends a command.
    pub(crate) fn order(&mut self, command: &str, arguments: Value) {
        let request = json!({"execute": command, "arguments": arguments});
        self.send(request.to_string().as_bytes());
    }

    /// Sends a command and reads its reply.
    pub(crate) fn reply(&mut self, command: &str, arguments: Value) -> Value {
        self.order(command, arguments);
        self.next_reply()
    }

    /// Sends a command that succeeds, and reads its result.
    pub(crate) fn ask(&mut self, command: &str, arguments: Value) -> Value {
        let mut reply = self.reply(command, arguments);
        let result = reply.get_mut("return").map(Value::take);
        result.unwrap_or_else(|| panic!("{command}: {reply}"))
    }

    /// Nothing was sent that is not read yet.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.socket.set_nonblocking(true).unwrap();
        let count = self.socket.read(&mut [0; 64]);
        self.socket.set_nonblocking(false).unwrap();
        self.held.is_empty() && count.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}
