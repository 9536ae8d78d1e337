//! The stream of requests: JSON objects, with or without newlines between them.
//!
//! ```text
//!            word             {  [                 quote
//!  Word ◄──────────── Between ────────► Structure ◄──────► String
//!    └─ its end ────────► ▲ ◄── all closed ──┘                │
//!                         │       control character, a limit  │
//!                         └── newline, 0xFF ── Skipping ◄─────┘   0xFF anywhere: Between
//! ```
//!
//! A request that begins within what is unfinished or skipped takes its place, without a word: the
//! sender of the older one has most likely gone away, and a host that connects again at once looks
//! to the guest like one that goes on. What a beginning is, `beginning.rs` tells.

use serde_json::Value;

use super::beginning::{Beginning, is_quote};
use super::json::{is_space, is_word};
use super::runs::run_length;
use super::text::Text;
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

/// Cuts a client's bytes into requests.
///
/// Where clients can be told apart each gets a new decoder. Where they cannot, half a request of one
/// that has gone is dropped when the next one's begins, with `{"execute"` or `{"arguments"` (or in
/// single quotes). Only within a string in quotes of the other kind these may be content. An `id`
/// that is an object which begins so is taken for a new request.
#[derive(Debug)]
pub struct RequestDecoder {
    limits: RequestLimits,
    state: State,
    /// Follows the bytes through all states.
    beginning: Beginning,
    text: Text,
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
    /// In a string that white space after a `{` has spoiled, unless a new request begins there.
    Torn { quote: u8, newline: bool },
    /// In what is given up, up to a newline or `0xFF`. After an apostrophe a beginning may be the
    /// content of a string.
    Skipping { apostrophe: bool },
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
const CONTROL: &str = "control character in string";

impl RequestDecoder {
    /// A decoder at the start of a client's stream.
    #[must_use]
    pub const fn new(limits: RequestLimits) -> Self {
        Self {
            limits,
            state: State::Between,
            beginning: Beginning::Nowhere,
            text: Text::new(),
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

    /// Memory that has just been set aside for the rest of a large request, so that whoever runs the
    /// decoder can tell the system how it will be used.
    pub fn large_room(&mut self) -> Option<&mut [std::mem::MaybeUninit<u8>]> {
        self.text.large_room(self.limits.bytes)
    }

    /// Bytes held of an unfinished request.
    #[must_use]
    pub fn held(&self) -> usize {
        self.text.len()
    }

    /// Takes at once what [`Self::step`] would keep or skip, byte by byte, without changing state.
    fn take_run(&mut self, input: &mut &[u8]) {
        let length = match self.state {
            State::Skipping { apostrophe: true } => run_length(input, ends_skipping),
            State::Skipping { apostrophe: false } => {
                run_length(input, |byte| is_quote(byte) || ends_skipping(byte))
            }
            State::String {
                quote,
                escaped: false,
            } => {
                let ends =
                    |byte| byte == quote || byte == b'\\' || byte < 0x20 || byte == DELIMITER;
                let room = self.limits.bytes.saturating_sub(self.text.len());
                run_length(&input[..room.min(input.len())], ends)
            }
            _ => return,
        };
        let (run, rest) = input.split_at(length);
        if self.state != (State::Skipping { apostrophe: true }) {
            self.beginning.take_run(run);
        }
        if let State::String { .. } = self.state {
            self.text.extend(run);
        }
        *input = rest;
    }

    fn step(&mut self, byte: u8) -> Outcome {
        if let Some(name) = self.begun_with(byte) {
            return self.begin_anew(name, byte);
        }
        match self.state {
            State::Skipping { apostrophe } => {
                self.state = if ends_skipping(byte) {
                    State::Between
                } else {
                    State::Skipping {
                        apostrophe: apostrophe || byte == b'\'',
                    }
                };
                Outcome::More
            }
            State::Between => self.between(byte),
            State::Word if is_word(byte) => self.keep(byte),
            State::Word => Outcome::EventBefore(self.read()),
            State::Structure | State::String { .. } | State::Torn { .. } if byte == DELIMITER => {
                Outcome::Event(self.reject("stray '\u{FFFD}'", State::Between))
            }
            State::Structure => self.structure(byte),
            State::String { quote, escaped } => self.string(byte, quote, escaped),
            State::Torn { quote, newline } => self.torn(byte, quote, newline),
        }
    }

    /// The name in a beginning that is complete with `byte`.
    fn begun_with(&mut self, byte: u8) -> Option<&'static [u8]> {
        if byte != b'{' && self.beginning == Beginning::Nowhere {
            return None;
        }
        if self.is_content(byte) {
            self.beginning.interrupt();
            return None;
        }
        self.beginning.take(byte)
    }

    /// Whether `byte` is, or may be, a quote within a string in quotes of the other kind.
    fn is_content(&self, byte: u8) -> bool {
        match self.state {
            State::String { quote, .. } | State::Torn { quote, .. } => {
                is_quote(byte) && byte != quote
            }
            State::Skipping { apostrophe } => apostrophe || byte == b'\'',
            _ => false,
        }
    }

    /// Drops all that came before a beginning. Of the first request of a stream that is nothing, and
    /// this changes nothing but its white space.
    fn begin_anew(&mut self, name: &[u8], quote: u8) -> Outcome {
        self.reset(State::Structure);
        (self.braces, self.values) = (1, 1);
        self.text.extend(&[b'{', quote]);
        self.text.extend(name);
        self.keep(quote)
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
            DELIMITER => Outcome::Event(self.reject("stray '\u{FFFD}'", State::Between)),
            _ => self.give_up("stray character"),
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
                return self.give_up("stray character");
            }
            _ => {}
        }
        self.values += usize::from(matches!(byte, b'{' | b'[' | b','));
        if self.braces + self.brackets == 0 {
            return self.keep_and_read(byte);
        }
        if self.braces + self.brackets > self.limits.nesting {
            return self.give_up("nesting limit exceeded");
        }
        if self.values > self.limits.values {
            return self.give_up("token count limit exceeded");
        }
        self.keep(byte)
    }

    fn begin_string(&mut self, quote: u8) -> Outcome {
        self.state = State::String {
            quote,
            escaped: false,
        };
        self.text.begin_string();
        self.keep(quote)
    }

    fn string(&mut self, byte: u8, quote: u8, escaped: bool) -> Outcome {
        if byte < 0x20 {
            if self.beginning.is_after_brace() {
                // White space, and perhaps that of a new request.
                let newline = byte == b'\n';
                self.reset(State::Torn { quote, newline });
                return Outcome::More;
            }
            if byte == b'\n' {
                // A string never spans lines: most likely its end was lost.
                return Outcome::Event(self.reject(CONTROL, State::Between));
            }
            return self.give_up(CONTROL);
        }
        if byte != quote || escaped {
            self.state = State::String {
                quote,
                escaped: !escaped && byte == b'\\',
            };
            return self.keep(byte);
        }
        self.text.end_string();
        if self.braces + self.brackets == 0 {
            return self.keep_and_read(byte);
        }
        self.state = State::Structure;
        self.keep(byte)
    }

    /// Waits for what follows `{` and white space: the rest of a beginning, or something that makes
    /// them part of a broken string.
    fn torn(&mut self, byte: u8, quote: u8, newline: bool) -> Outcome {
        let newline = newline || byte == b'\n';
        if self.beginning != Beginning::Nowhere && !(newline && byte == b'{') {
            self.state = State::Torn { quote, newline };
            return Outcome::More;
        }
        let next = if newline {
            State::Between
        } else {
            let apostrophe = quote == b'\'';
            State::Skipping { apostrophe }
        };
        Outcome::EventBefore(self.reject(CONTROL, next))
    }

    fn keep(&mut self, byte: u8) -> Outcome {
        let limit = if self.state == State::Word {
            WORD_BYTES
        } else {
            self.limits.bytes
        };
        if self.text.len() >= limit {
            return self.give_up("token size limit exceeded");
        }
        self.text.push(byte);
        Outcome::More
    }

    fn keep_and_read(&mut self, byte: u8) -> Outcome {
        self.text.push(byte);
        Outcome::Event(self.read())
    }

    fn read(&mut self) -> RequestEvent {
        match self.text.read(self.limits.nesting) {
            Err(problem) => self.reject(problem, State::Between),
            Ok(value) => {
                self.reset(State::Between);
                request(value)
            }
        }
    }

    fn give_up(&mut self, problem: &str) -> Outcome {
        let apostrophe = matches!(self.state, State::String { quote: b'\'', .. });
        if apostrophe {
            self.beginning.interrupt();
        }
        Outcome::Event(self.reject(problem, State::Skipping { apostrophe }))
    }

    fn reject(&mut self, problem: &str, next: State) -> RequestEvent {
        self.reset(next);
        rejected(format!("JSON parse error, {problem}"), None)
    }

    fn reset(&mut self, state: State) {
        self.state = state;
        self.text.clear();
        (self.braces, self.brackets, self.values) = (0, 0, 0);
    }
}

const fn ends_skipping(byte: u8) -> bool {
    matches!(byte, b'\n' | DELIMITER)
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

#[cfg(test)]
#[path = "restart_tests.rs"]
mod restart_tests;

#[cfg(test)]
#[path = "restart_properties.rs"]
mod restart_properties;
