//! The stream of requests: JSON objects, with or without newlines between them.
//!
//! ```text
//!            word             {  [                 quote
//!  Word ◄──────────── Between ────────► Structure ◄──────► String
//!    └─ its end ────────► ▲ ◄── all closed ──┘                │
//!                         │       control character, a limit  │
//!                         └── newline, 0xFF ── Skipping ◄─────┘   0xFF anywhere: Between
//! ```

use serde_json::Value;

use super::json::{self, is_space, is_word};
use super::runs::run_length;
use crate::message::{AgentError, Answer, DELIMITER, Reply, Request};

/// The largest request that an agent takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// Bytes of one request.
    pub bytes: usize,
    /// Objects and arrays within each other.
    pub nesting: usize,
    /// JSON values in one request: a short text such as `[0,0,...]` takes many times its size in memory.
    pub values: usize,
}

impl Default for RequestLimits {
    /// The limits of QEMU's agent.
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            nesting: 1024,
            values: 2 << 20,
        }
    }
}

/// Cuts a client's bytes into requests. A new client needs a new decoder: half a request of one
/// must not become the beginning of another's.
#[derive(Debug)]
pub struct RequestDecoder {
    limits: RequestLimits,
    state: State,
    text: Vec<u8>,
    braces: usize,
    brackets: usize,
    values: usize,
}

/// One thing on the stream.
#[derive(Debug, Clone, PartialEq)]
pub enum RequestEvent {
    /// A request.
    Request(Request),
    /// Something else, which was skipped; its reply says so.
    Rejected(RejectedRequest),
}

/// What is no request, and what its sender should hear.
#[derive(Debug, Clone, PartialEq)]
pub struct RejectedRequest {
    /// The error, in words close to those of QEMU's agent.
    pub error: AgentError,
    /// The id, where there was one.
    pub id: Option<Value>,
}

impl RejectedRequest {
    /// The reply to send.
    #[must_use]
    pub fn into_reply(self) -> Reply {
        Reply {
            answer: Answer::Error(self.error),
            id: self.id,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a value.
    Between,
    /// In a number or keyword that stands alone.
    Word,
    /// In an object or array.
    Structure,
    /// In a string, in quotes of this kind.
    String { quote: u8, escaped: bool },
    /// In what is given up, up to a newline or `0xFF`.
    Skipping,
}

/// What one byte led to.
enum Outcome {
    More,
    Event(RequestEvent),
    /// The byte begins what comes next and is looked at again.
    EventBefore(RequestEvent),
}

/// No number or keyword is longer.
const WORD_BYTES: usize = 1024;
/// A buffer that has grown beyond this is given back after its request.
const KEPT_CAPACITY: usize = 8 << 10;

impl RequestDecoder {
    /// A decoder at the start of a client's stream.
    #[must_use]
    pub const fn new(limits: RequestLimits) -> Self {
        let text = Vec::new();
        Self {
            limits,
            state: State::Between,
            text,
            braces: 0,
            brackets: 0,
            values: 0,
        }
    }

    /// Reads on in `input`, moving it past what was used, up to the next event.
    /// `None`: all of it was used and more is needed.
    pub fn next_event(&mut self, input: &mut &[u8]) -> Option<RequestEvent> {
        loop {
            self.take_run(input);
            let (&byte, rest) = input.split_first()?;
            match self.step(byte) {
                Outcome::More => *input = rest,
                Outcome::EventBefore(event) => return Some(event),
                Outcome::Event(event) => {
                    *input = rest;
                    return Some(event);
                }
            }
        }
    }

    /// Bytes held of an unfinished request.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.text.len()
    }

    /// Takes at once what [`Self::step`] would keep or skip, byte by byte, without changing state.
    fn take_run(&mut self, input: &mut &[u8]) {
        let (run, rest) = match self.state {
            State::Skipping => {
                let ends = |byte| matches!(byte, b'\n' | DELIMITER);
                (&[][..], &input[run_length(input, ends)..])
            }
            State::String {
                quote,
                escaped: false,
            } => {
                let ends =
                    |byte| byte == quote || byte == b'\\' || byte < 0x20 || byte == DELIMITER;
                let room = self.limits.bytes.saturating_sub(self.text.len());
                let room = &input[..room.min(input.len())];
                input.split_at(run_length(room, ends))
            }
            _ => return,
        };
        self.text.extend_from_slice(run);
        *input = rest;
    }

    fn step(&mut self, byte: u8) -> Outcome {
        match self.state {
            State::Skipping => {
                if matches!(byte, b'\n' | DELIMITER) {
                    self.state = State::Between;
                }
                Outcome::More
            }
            State::Between => self.between(byte),
            State::Word if is_word(byte) => self.keep(byte),
            State::Word => Outcome::EventBefore(self.read()),
            State::Structure | State::String { .. } if byte == DELIMITER => {
                Outcome::Event(self.reject("stray '\\uFFFD'", State::Between))
            }
            State::Structure => self.structure(byte),
            State::String { quote, escaped } => self.string(byte, quote, escaped),
        }
    }

    fn between(&mut self, byte: u8) -> Outcome {
        match byte {
            _ if is_space(byte) => Outcome::More,
            b'{' | b'[' => {
                self.state = State::Structure;
                self.structure(byte)
            }
            b'"' | b'\'' => self.begin_string(byte),
            b'}' | b']' | b',' | b':' => {
                Outcome::Event(self.reject("expecting value", State::Between))
            }
            _ if is_word(byte) => {
                self.state = State::Word;
                self.keep(byte)
            }
            DELIMITER => Outcome::Event(self.reject("stray '\\uFFFD'", State::Between)),
            _ => Outcome::Event(self.reject("stray character", State::Skipping)),
        }
    }

    fn structure(&mut self, byte: u8) -> Outcome {
        match byte {
            b'{' => self.braces += 1,
            b'[' => self.brackets += 1,
            // One that closes nothing ends the text, and reading it tells what is wrong.
            b'}' if self.braces == 0 => return self.keep_and_read(byte),
            b']' if self.brackets == 0 => return self.keep_and_read(byte),
            b'}' => self.braces -= 1,
            b']' => self.brackets -= 1,
            b'"' | b'\'' => return self.begin_string(byte),
            _ if byte < 0x20 && !is_space(byte) => {
                return Outcome::Event(self.reject("stray character", State::Skipping));
            }
            _ => {}
        }
        self.values += usize::from(matches!(byte, b'{' | b'[' | b','));
        if self.braces + self.brackets == 0 {
            return self.keep_and_read(byte);
        }
        if self.braces + self.brackets > self.limits.nesting {
            return Outcome::Event(self.reject("nesting limit exceeded", State::Skipping));
        }
        if self.values > self.limits.values {
            return Outcome::Event(self.reject("token count limit exceeded", State::Skipping));
        }
        self.keep(byte)
    }

    fn begin_string(&mut self, quote: u8) -> Outcome {
        self.state = State::String {
            quote,
            escaped: false,
        };
        self.keep(quote)
    }

    fn string(&mut self, byte: u8, quote: u8, escaped: bool) -> Outcome {
        if byte < 0x20 {
            // A string never spans lines: most likely its end was lost.
            let next = if byte == b'\n' {
                State::Between
            } else {
                State::Skipping
            };
            return Outcome::Event(self.reject("control character in string", next));
        }
        if byte != quote || escaped {
            self.state = State::String {
                quote,
                escaped: !escaped && byte == b'\\',
            };
            return self.keep(byte);
        }
        if self.braces + self.brackets == 0 {
            return self.keep_and_read(byte);
        }
        self.state = State::Structure;
        self.keep(byte)
    }

    fn keep(&mut self, byte: u8) -> Outcome {
        let limit = if self.state == State::Word {
            WORD_BYTES
        } else {
            self.limits.bytes
        };
        if self.text.len() >= limit {
            return Outcome::Event(self.reject("token size limit exceeded", State::Skipping));
        }
        self.text.push(byte);
        Outcome::More
    }

    fn keep_and_read(&mut self, byte: u8) -> Outcome {
        self.text.push(byte);
        Outcome::Event(self.read())
    }

    fn read(&mut self) -> RequestEvent {
        match json::parse(&mut self.text, self.limits.nesting) {
            Err(problem) => self.reject(problem, State::Between),
            Ok(value) => {
                self.reset(State::Between);
                request(value)
            }
        }
    }

    fn reject(&mut self, problem: &str, next: State) -> RequestEvent {
        self.reset(next);
        rejected(format!("JSON parse error, {problem}"), None)
    }

    fn reset(&mut self, state: State) {
        self.state = state;
        self.text.clear();
        self.text.shrink_to(KEPT_CAPACITY);
        (self.braces, self.brackets, self.values) = (0, 0, 0);
    }
}

fn request(value: Value) -> RequestEvent {
    let Value::Object(mut members) = value else {
        return rejected("QMP input must be a JSON object".to_owned(), None);
    };
    let id = members.remove("id");
    let (execute, arguments) = (members.remove("execute"), members.remove("arguments"));
    if let Some((name, _)) = members.iter().next() {
        let name: String = name.chars().take(80).collect();
        return rejected(format!("QMP input member '{name}' is unexpected"), id);
    }
    let problem = match (execute, arguments) {
        (Some(Value::String(execute)), arguments @ (None | Some(Value::Object(_)))) => {
            return RequestEvent::Request(Request {
                execute,
                arguments,
                id,
            });
        }
        (Some(Value::String(_)), Some(_)) => "QMP input member 'arguments' must be an object",
        (Some(_), _) => "QMP input member 'execute' must be a string",
        (None, _) => "QMP input lacks member 'execute'",
    };
    rejected(problem.to_owned(), id)
}

fn rejected(problem: String, id: Option<Value>) -> RequestEvent {
    RequestEvent::Rejected(RejectedRequest {
        error: AgentError::generic(problem),
        id,
    })
}

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;
