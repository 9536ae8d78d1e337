//! One connection: moves bytes between the socket and the session until the call has its outcome.

use std::io;

use qga::{CallError, ClientSession, ReplyLimits, Step};
use rustix::net::{RecvFlags, recv};
use serde_json::Value;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout_at};

/// An open connection and what is known about the agent behind it.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    pub(super) session: ClientSession,
    /// The agent has spoken the protocol here.
    greeted: bool,
}

/// Why an exchange has no good outcome.
#[derive(Debug)]
pub(super) enum Failure {
    /// The session said so.
    Call(CallError),
    /// The deadline passed before everything was sent.
    Unsent(Step),
    /// The connection ended.
    Closed {
        /// What was waited for.
        step: Step,
        /// Everything had been sent.
        sent: bool,
    },
}

/// Bytes on their way to the agent.
#[derive(Debug, Default)]
struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
}

const READ_BYTES: usize = 16 << 10;

impl Connection {
    pub(super) const fn new(stream: UnixStream, limits: ReplyLimits) -> Self {
        Self {
            stream,
            session: ClientSession::new(limits),
            greeted: false,
        }
    }

    /// Whether the agent's end was still open a moment ago. The socket itself is asked: what the
    /// runtime knows about it is as old as its last turn.
    pub(super) fn is_open(&self) -> bool {
        let mut byte = [0; 1];
        match recv(
            &self.stream,
            &mut byte,
            RecvFlags::PEEK | RecvFlags::DONTWAIT,
        ) {
            Ok((_, count)) => count > 0,
            Err(error) => error == rustix::io::Errno::AGAIN,
        }
    }

    /// Carries the call that was started in the session to its outcome, at the latest when the
    /// session's deadline passes. May be dropped at any time: the next call gives this one up.
    pub(super) async fn exchange(&mut self) -> Result<Value, Failure> {
        let mut outgoing = Outgoing::default();
        let mut step = Step::Synchronising;
        loop {
            step = self.session.step().unwrap_or(step);
            self.session.handle_timeout(Instant::now().into_std());
            if let Some(outcome) = self.session.poll_outcome() {
                self.greeted |= step == Step::Answering || outcome.is_ok();
                return outcome.map_err(|error| match error {
                    CallError::TimedOut(step) if !outgoing.is_sent() => Failure::Unsent(step),
                    error => Failure::Call(error),
                });
            }
            outgoing.add(self.session.poll_output());
            if let Err(Ended) = self.turn(&mut outgoing).await {
                let sent = outgoing.is_sent();
                return Err(Failure::Closed { step, sent });
            }
        }
    }

    /// Whether the next call may use this connection too. One that never was answered is left:
    /// it may be a place in the queue behind another client, which nobody should hold for long.
    pub(super) const fn is_worth_keeping(&self, failure: &Failure) -> bool {
        self.greeted && !matches!(failure, Failure::Closed { .. })
    }

    /// Sends or receives once, or waits until one of the two is possible or the deadline passes.
    async fn turn(&mut self, outgoing: &mut Outgoing) -> Result<(), Ended> {
        let Some(deadline) = self.session.poll_timeout() else {
            return Err(Ended);
        };
        if !outgoing.is_sent() && outgoing.send(&self.stream)? {
            return Ok(());
        }
        let interest = if outgoing.is_sent() {
            Interest::READABLE
        } else {
            Interest::READABLE | Interest::WRITABLE
        };
        let ready = timeout_at(Instant::from_std(deadline), self.stream.ready(interest));
        match ready.await {
            Err(_) => Ok(()),
            Ok(Err(_)) => Err(Ended),
            Ok(Ok(ready)) if ready.is_readable() => self.receive(),
            Ok(Ok(_)) => Ok(()),
        }
    }

    fn receive(&mut self) -> Result<(), Ended> {
        let mut buffer = [0; READ_BYTES];
        match self.stream.try_read(&mut buffer) {
            Ok(0) => Err(Ended),
            Ok(count) => {
                self.session.handle_bytes(&buffer[..count]);
                Ok(())
            }
            Err(error) => passing(&error),
        }
    }
}

impl Outgoing {
    const fn is_sent(&self) -> bool {
        self.sent == self.bytes.len()
    }

    fn add(&mut self, bytes: Option<Vec<u8>>) {
        let Some(bytes) = bytes else { return };
        if self.is_sent() {
            *self = Self { bytes, sent: 0 };
        } else {
            self.bytes.extend(bytes);
        }
    }

    /// Sends what the socket takes; whether it took something.
    fn send(&mut self, stream: &UnixStream) -> Result<bool, Ended> {
        match stream.try_write(&self.bytes[self.sent..]) {
            Ok(count) => {
                self.sent += count;
                Ok(count > 0)
            }
            Err(error) => passing(&error).map(|()| false),
        }
    }
}

/// The connection has ended.
#[derive(Debug)]
struct Ended;

fn passing(error: &io::Error) -> Result<(), Ended> {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(()),
        _ => Err(Ended),
    }
}
