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
        while let Some((&byte, rest)) = input.split_first() {
            match self.step(byte) {
                Outcome::More => *input = rest,
                Outcome::EventBefore(event) => return Some(event),
                Outcome::Event(event) => {
                    *input = rest;
                    return Some(event);
                }
            }
        }
        None
    }

    /// Bytes held of an unfinished request.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.text.len()
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
        match json::parse(&self.text, self.limits.nesting) {
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
mod tests {
    use serde_json::json;

    use super::*;

    fn events(decoder: &mut RequestDecoder, mut input: &[u8]) -> Vec<RequestEvent> {
        std::iter::from_fn(|| decoder.next_event(&mut input)).collect()
    }

    /// Requests as they would be sent, rejections as their text (and id).
    fn told(input: &[u8], limits: RequestLimits) -> Vec<String> {
        let told = |event| match event {
            RequestEvent::Request(request) => String::from_utf8(request.encode())
                .unwrap()
                .trim_end()
                .to_owned(),
            RequestEvent::Rejected(rejected) => match rejected.id {
                Some(id) => format!("{} ({id})", rejected.error.desc),
                None => rejected.error.desc,
            },
        };
        events(&mut RequestDecoder::new(limits), input)
            .into_iter()
            .map(told)
            .collect()
    }

    const PING: &str = r#"{"execute":"guest-ping","id":1}"#;

    #[test]
    fn requests_need_no_newline_and_may_be_pipelined_or_single_quoted() {
        for (input, expected) in [
            (PING.to_owned(), vec![PING]),
            (format!("{PING}{PING}\r\n {PING}"), vec![PING, PING, PING]),
            ("{'execute':'guest-ping','id':1}".to_owned(), vec![PING]),
            (
                r#"{"arguments":{"path":"}]'\"\\"},"execute":"x"}"#.to_owned(),
                vec![r#"{"execute":"x","arguments":{"path":"}]'\"\\"}}"#],
            ),
            (
                r#"{"execute":"x","id":{"a":[1,null]}}"#.to_owned(),
                vec![r#"{"execute":"x","id":{"a":[1,null]}}"#],
            ),
        ] {
            assert_eq!(
                told(input.as_bytes(), RequestLimits::default()),
                expected,
                "{input}"
            );
        }
    }

    #[test]
    fn what_is_no_request_is_answered_as_qemu_ga_answers_it() {
        for (input, expected) in [
            (r#"{"id":7}"#, "QMP input lacks member 'execute' (7)"),
            (
                r#"{"execute":"x","y":3,"id":8}"#,
                "QMP input member 'y' is unexpected (8)",
            ),
            (
                r#"{"execute":5,"id":8}"#,
                "QMP input member 'execute' must be a string (8)",
            ),
            (
                r#"{"execute":"x","arguments":3,"id":8}"#,
                "QMP input member 'arguments' must be an object (8)",
            ),
            ("[1,2]", "QMP input must be a JSON object"),
            ("\"str\"", "QMP input must be a JSON object"),
            ("'str'", "QMP input must be a JSON object"),
            ("12 ", "QMP input must be a JSON object"),
            ("garbage ", "JSON parse error, invalid keyword"),
            ("}", "JSON parse error, expecting value"),
            ("{]", "JSON parse error, key is not a string in object"),
            (
                r#"{"execute":"x","execute":"y"}"#,
                "JSON parse error, duplicate key",
            ),
            ("\u{1}", "JSON parse error, stray character"),
            ("é", "JSON parse error, stray character"),
        ] {
            let limits = RequestLimits::default();
            assert_eq!(told(input.as_bytes(), limits), [expected], "{input}");
            let followed = format!("{input}\n{PING}");
            assert_eq!(
                told(followed.as_bytes(), limits),
                [expected, PING],
                "{followed}"
            );
        }
    }

    #[test]
    fn a_delimiter_resets_the_parser_wherever_it_stands() {
        for half in [
            "",
            "{",
            r#"{"execute":"guest-pi"#,
            r#"{"execute":{"a":[{"#,
            "'x\\",
        ] {
            let mut input = half.as_bytes().to_vec();
            input.push(DELIMITER);
            input.extend_from_slice(PING.as_bytes());
            let stray = "JSON parse error, stray '\\uFFFD'";
            assert_eq!(
                told(&input, RequestLimits::default()),
                [stray, PING],
                "{half}"
            );
        }
    }

    #[test]
    fn a_lost_quote_costs_its_line() {
        let input = format!("{{\"execute\":\"guest-ping\n{PING}\n{{\"a\tb\":1}} {PING}\n{PING}");
        let problem = "JSON parse error, control character in string";
        assert_eq!(
            told(input.as_bytes(), RequestLimits::default()),
            [problem, PING, problem, PING]
        );
    }

    #[test]
    fn limits_hold_and_the_next_line_is_read() {
        let limits = RequestLimits {
            bytes: 100,
            nesting: 4,
            values: 10,
        };
        for (input, problem) in [
            (
                format!("{{\"execute\":\"{}\"}}", "x".repeat(100)),
                "token size limit exceeded",
            ),
            ("[[[[[1]]]]]".to_owned(), "nesting limit exceeded"),
            (
                "[0,0,0,0,0,0,0,0,0,0,0]".to_owned(),
                "token count limit exceeded",
            ),
            ("x".repeat(WORD_BYTES + 1), "token size limit exceeded"),
        ] {
            let followed = format!("{input}\n{PING}");
            let expected = [format!("JSON parse error, {problem}"), PING.to_owned()];
            assert_eq!(told(followed.as_bytes(), limits), expected, "{input}");
        }
        assert_eq!(
            told(b"[[[[1]]]]", limits),
            ["QMP input must be a JSON object"]
        );
    }

    #[test]
    fn the_deepest_nesting_allowed_is_read() {
        let limits = RequestLimits::default();
        let id = format!("{}{}", "[".repeat(1023), "]".repeat(1023));
        let input = format!("{{\"execute\":\"x\",\"id\":{id}}}");
        assert_eq!(told(input.as_bytes(), limits), [input.as_str()]);
        let deeper = format!("{}{}", "[".repeat(1025), "]".repeat(1025));
        assert!(told(deeper.as_bytes(), limits)[0].contains("nesting limit"));
    }

    #[test]
    fn an_endless_string_is_not_kept() {
        let limits = RequestLimits {
            bytes: 1 << 20,
            ..RequestLimits::default()
        };
        let mut decoder = RequestDecoder::new(limits);
        assert_eq!(events(&mut decoder, b"{\"execute\":\""), []);
        let chunk = vec![b'x'; 64 << 10];
        let told: usize = (0..100).map(|_| events(&mut decoder, &chunk).len()).sum();
        assert_eq!((told, decoder.held()), (1, 0));
        assert!(decoder.text.capacity() <= KEPT_CAPACITY);
        let rejected = rejected("JSON parse error, x".to_owned(), Some(json!(1)));
        let RequestEvent::Rejected(rejected) = rejected else {
            unreachable!()
        };
        assert_eq!(rejected.into_reply().id, Some(json!(1)));
    }
}
