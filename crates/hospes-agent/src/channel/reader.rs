//! Reads one stream to its end.

use std::io::ErrorKind;
use std::sync::Arc;

use guest_os::process::{prefer_large_pages, release_program_pages};
use guest_os::transport::{Received, Receiver};
use qga::{AgentError, Call, Request, RequestDecoder, RequestEvent, RequestLimits};
use serde_json::Value;

use super::Outgoing;
use super::outbox::Outbox;
use super::queue::{Job, Queue};
use crate::agent::Agent;
use crate::execute;

/// What is read at once. Its pages are touched only as far as requests reach.
const READ_AT_ONCE: usize = 256 << 10;
/// Sessions whose commands still run, each on a thread. Beyond, a new session's commands wait
/// behind those of the last.
const MOST_SESSIONS: usize = 16;

/// Answers what comes in on `receiver` until it ends.
pub(crate) fn serve(agent: &Arc<Agent>, mut receiver: Receiver) {
    let mut reader = Reader::new(Arc::clone(agent), &receiver);
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    let mut buffer = vec![0; READ_AT_ONCE];
    while reader.cut_off().is_none() {
        match receiver.receive(&mut buffer) {
            Ok(Received::Bytes(count)) => {
                let mut input = &buffer[..count];
                while let Some(event) = decoder.next_event(&mut input) {
                    reader.take(event);
                }
                if let Some(room) = decoder.large_room() {
                    prefer_large_pages(room);
                }
            }
            // Half a request of a host that has gone is not the beginning of the next one's.
            Ok(Received::HostGone) => {
                decoder = RequestDecoder::new(RequestLimits::default());
                reader.begin_session();
                release_program_pages();
            }
            Ok(Received::End) => break,
            Err(error) => {
                agent.log.warn(format_args!("{}: {error}", reader.origin));
                break;
            }
        }
    }
    release_program_pages();
    // One that hung up needs no word.
    if reader.cut_off() == Some(ErrorKind::TimedOut) {
        agent.log.warn(format_args!(
            "{} took no reply for too long and is given up",
            reader.origin
        ));
    }
}

struct Reader {
    agent: Arc<Agent>,
    outbox: Arc<Outbox>,
    queue: Arc<Queue>,
    /// Queues of older sessions that still work.
    older: Vec<Arc<Queue>>,
    /// Who is at the other end, for the log.
    origin: Arc<str>,
    /// The other end may be taken by another host, so a reply that was cut off ends only a session.
    is_port: bool,
}

impl Reader {
    fn new(agent: Arc<Agent>, receiver: &Receiver) -> Self {
        let outbox = Arc::new(Outbox::new(receiver.sender()));
        let origin: Arc<str> = receiver.peer().into();
        Self {
            queue: Queue::new(&agent, &outbox, &origin),
            older: Vec::new(),
            is_port: receiver.is_port(),
            origin,
            agent,
            outbox,
        }
    }

    /// Why a client cannot be served any more.
    fn cut_off(&self) -> Option<ErrorKind> {
        self.outbox.cut_off().filter(|_| !self.is_port)
    }

    fn take(&mut self, event: RequestEvent) {
        match event {
            RequestEvent::Request(request) => self.request(request),
            RequestEvent::Rejected(rejected) => {
                let ticket = self.outbox.accept();
                let reply = Outgoing::reply(&rejected.into_reply());
                self.outbox.settle(ticket, Some(reply));
            }
        }
    }

    fn request(&mut self, request: Request) {
        let Request {
            execute,
            arguments,
            id,
        } = request;
        self.agent
            .log
            .debug(format_args!("{}: {execute}", self.origin));
        let call = self.agent.admit(&execute);
        match call.and_then(|()| Call::decode(&execute, arguments)) {
            Ok(call) => self.call(call, id),
            Err(error) => self.refuse(error, id),
        }
    }

    fn call(&mut self, call: Call, id: Option<Value>) {
        if matches!(call, Call::Sync(_) | Call::SyncDelimited(_)) {
            self.begin_session();
        } else if !(execute::is_short(&call) && self.outbox.is_idle()) {
            self.queue.push(Job {
                ticket: self.outbox.accept(),
                call,
                id,
            });
            return;
        }
        let ticket = self.outbox.accept();
        let reply = execute::call(&self.agent, call, id, &self.origin);
        self.outbox.settle(ticket, reply);
    }

    fn refuse(&self, error: AgentError, id: Option<Value>) {
        let ticket = self.outbox.accept();
        self.outbox.settle(ticket, Some(Outgoing::error(error, id)));
    }

    fn begin_session(&mut self) {
        self.outbox.begin_session();
        self.older.retain(|queue| queue.is_at_work());
        if self.queue.is_at_work() && self.older.len() < MOST_SESSIONS {
            let next = Queue::new(&self.agent, &self.outbox, &self.origin);
            self.older.push(std::mem::replace(&mut self.queue, next));
        }
    }
}
