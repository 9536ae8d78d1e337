//! The host's end of the port: a named pipe's server.

use std::time::Duration;

use qga::{AgentError, Answer, Reply, ReplyDecoder, ReplyEvent, ReplyLimits, Request};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::windows::named_pipe::{NamedPipeServer, ServerOptions};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::process::PATIENCE;

/// A port, and what came through it.
pub(crate) struct Port {
    pipe: NamedPipeServer,
    runtime: Runtime,
    decoder: ReplyDecoder,
    unread: Vec<u8>,
}

impl Port {
    /// A port that an agent can open by this name.
    pub(crate) fn create(name: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let inside = runtime.enter();
        let pipe = ServerOptions::new().create(name).unwrap();
        drop(inside);
        Self {
            pipe,
            runtime,
            decoder: ReplyDecoder::new(ReplyLimits::default()),
            unread: Vec::new(),
        }
    }

    /// Whether an agent has opened it, or does within this time.
    pub(crate) fn is_opened_within(&self, time: Duration) -> bool {
        let opened = async { timeout(time, self.pipe.connect()).await };
        matches!(self.runtime.block_on(opened), Ok(Ok(())))
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let pipe = &mut self.pipe;
        let sent = async { timeout(PATIENCE, pipe.write_all(bytes)).await };
        let sent = self.runtime.block_on(sent);
        sent.expect("the agent reads in time").unwrap();
    }

    /// Sends a command.
    pub(crate) fn order(&mut self, command: &str, arguments: Value) {
        let request = Request {
            execute: command.to_owned(),
            arguments: Some(arguments),
            id: None,
        };
        self.send(&request.encode());
    }

    /// What the agent says next.
    pub(crate) fn next_event(&mut self) -> ReplyEvent {
        loop {
            let mut input = self.unread.as_slice();
            let event = self.decoder.next_event(&mut input);
            let read = self.unread.len() - input.len();
            self.unread.drain(..read);
            match event {
                Some(event) => return event,
                None => self.receive(),
            }
        }
    }

    fn receive(&mut self) {
        let mut piece = vec![0; 64 << 10];
        let pipe = &mut self.pipe;
        let read = async { timeout(PATIENCE, pipe.read(&mut piece)).await };
        let read = self.runtime.block_on(read);
        let count = read.expect("the agent answers in time").unwrap();
        assert_ne!(count, 0, "the agent keeps the port open");
        self.unread.extend_from_slice(&piece[..count]);
    }

    /// The next reply, before which no `0xFF` stands.
    pub(crate) fn next_reply(&mut self) -> Reply {
        match self.next_event() {
            ReplyEvent::Reply {
                reply,
                delimited: false,
            } => reply,
            other => panic!("a plain reply was expected: {other:?}"),
        }
    }

    /// What the agent says to a command.
    pub(crate) fn answer(&mut self, command: &str, arguments: Value) -> Answer {
        self.order(command, arguments);
        self.next_reply().answer
    }

    /// The result of a command that succeeds.
    pub(crate) fn ask(&mut self, command: &str, arguments: Value) -> Value {
        match self.answer(command, arguments) {
            Answer::Return(value) => value,
            Answer::Error(error) => panic!("{command}: {error}"),
        }
    }

    /// The error of a command that fails.
    pub(crate) fn refusal(&mut self, command: &str, arguments: Value) -> AgentError {
        match self.answer(command, arguments) {
            Answer::Error(error) => error,
            Answer::Return(value) => panic!("{command} succeeds: {value}"),
        }
    }
}
