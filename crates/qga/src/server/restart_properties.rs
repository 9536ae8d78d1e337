//! Requests by chance, halves of them and noise, each behind another.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::restart_tests::request_in;
use super::tests::{PING, events};
use super::*;

/// Where `{`, white space and a name in double quotes end, and where they begin; found by looking
/// at every place.
fn beginnings(stream: &[u8]) -> Vec<std::ops::Range<usize>> {
    let begins_at = |start: usize| {
        let rest = stream[start..].strip_prefix(b"{")?;
        let is_space = |byte: &u8| b" \t\r\n".contains(byte);
        let quoted = &rest[rest.iter().take_while(|byte| is_space(byte)).count()..];
        let name = [&b"\"execute\""[..], b"\"arguments\""]
            .into_iter()
            .find(|name| quoted.starts_with(name))?;
        Some(start..stream.len() - quoted.len() + name.len())
    };
    (0..stream.len()).filter_map(begins_at).collect()
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![
            &b"{"[..], b"}", b"[", b"]", b"\"", b"\\", b"\\\"", b" ", b"\n", b"\t", b"\r", b",", b":", b"execute",
            b"arguments", b"\"execute\"", b"\"arguments\"", b"{\"execute\"", b"{\"id\"", b"{ \"execut", b"0", b"x",
            b"\xFF", b"\x01", b"\xC3", b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", PING.as_bytes(),
        ]).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Text that looks like the protocol.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "execute",
        "arguments",
        "\"",
        "'",
        " ",
        "\\",
        "\n",
        ":",
        ",",
        "é",
        "x",
        "{\"execute\"",
        "{'execute'",
        "{ \"arguments\"",
        "{\"execute\":\"guest-ping\"}",
    ]);
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => prop::sample::select(vec![json!(null), json!(true), json!(1.5)]),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            members(inner).prop_map(Value::Object),
        ]
    })
}

/// Members with other names than a request's.
fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let name = text().prop_map(|text| text + "-");
    prop::collection::btree_map(name, value, 0..4).prop_map(|members| members.into_iter().collect())
}

/// A request, and how it is written: every choice is the next of these numbers.
fn written_request() -> impl Strategy<Value = (Request, Vec<u8>)> {
    let request = (
        text(),
        prop::option::of(members(value()).prop_map(Value::Object)),
        prop::option::of(value()),
    );
    let request = request.prop_map(|(execute, arguments, id)| Request {
        execute,
        arguments,
        id,
    });
    (request, prop::collection::vec(any::<u8>(), 1..40))
}

struct Writer<I> {
    choices: I,
    quotes: &'static [char],
    text: String,
}

impl<I: Iterator<Item = u8>> Writer<I> {
    /// Its members in any order, but an `id` is not the first where a request is to be found
    /// behind half of another.
    fn request(&mut self, request: &Request, id_may_be_first: bool) {
        let mut members = vec![("execute", Value::from(request.execute.as_str()))];
        members.extend(request.arguments.clone().map(|value| ("arguments", value)));
        let turn = self.choose(members.len());
        members.rotate_left(turn);
        if let Some(id) = request.id.clone() {
            let places = members.len() + usize::from(id_may_be_first);
            let place = members.len() - self.choose(places);
            members.insert(place, ("id", id));
        }
        let members = members.iter().map(|(name, value)| (*name, value));
        self.object(members);
    }

    fn object<'a>(&mut self, members: impl Iterator<Item = (&'a str, &'a Value)>) {
        self.text.push('{');
        for (number, (name, value)) in members.enumerate() {
            self.separate(number);
            self.string(name);
            self.space();
            self.text.push(':');
            self.space();
            self.value(value);
        }
        self.space();
        self.text.push('}');
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.string(text),
            Value::Object(members) => {
                self.object(members.iter().map(|(name, value)| (name.as_str(), value)));
            }
            Value::Array(items) => {
                self.text.push('[');
                for (number, item) in items.iter().enumerate() {
                    self.separate(number);
                    self.value(item);
                }
                self.space();
                self.text.push(']');
            }
            other => self.text += &other.to_string(),
        }
    }

    fn string(&mut self, text: &str) {
        let quote = self.quotes[self.choose(self.quotes.len())];
        self.text.push(quote);
        for character in text.chars() {
            match character {
                '\n' => self.text += "\\n",
                '\\' => self.text += "\\\\",
                _ if character == quote => self.text.extend(['\\', quote]),
                _ => self.text.push(character),
            }
        }
        self.text.push(quote);
    }

    fn separate(&mut self, number: usize) {
        self.text += if number == 0 { "" } else { "," };
        self.space();
    }

    fn space(&mut self) {
        let spaces = ["", "", " ", "\n", "  ", "\t", "\r\n "];
        let space = spaces[self.choose(spaces.len())];
        self.text += space;
    }

    fn choose(&mut self, count: usize) -> usize {
        usize::from(self.choices.next().unwrap_or(0)) % count
    }
}

fn write(
    (request, choices): &(Request, Vec<u8>),
    quotes: &'static [char],
    id_may_be_first: bool,
) -> String {
    let mut writer = Writer {
        choices: choices.iter().copied().cycle(),
        quotes,
        text: String::new(),
    };
    writer.request(request, id_may_be_first);
    writer.text
}

/// The quotes that `half` ends within.
fn open_quote(half: &str) -> Option<char> {
    let mut open = None;
    let mut characters = half.chars();
    while let Some(character) = characters.next() {
        match (open, character) {
            (Some(_), '\\') => drop(characters.next()),
            (Some(quote), _) if character == quote => open = None,
            (None, '"' | '\'') => open = Some(character),
            _ => {}
        }
    }
    open
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The rule itself, without strings in single quotes: at the end of every beginning the decoder
    /// is as one that saw nothing else.
    #[test]
    fn after_a_beginning_nothing_is_left_of_what_came_before(noise in noise()) {
        let stream: Vec<u8> = noise.into_iter().filter(|byte| *byte != b'\'').collect();
        let limits = RequestLimits { bytes: 120, nesting: 4, values: 20 };
        for beginning in beginnings(&stream) {
            let mut decoder = RequestDecoder::new(limits);
            events(&mut decoder, &stream[..beginning.end]);
            let mut fresh = RequestDecoder::new(limits);
            prop_assert_eq!(events(&mut fresh, &stream[beginning.clone()]), []);
            prop_assert_eq!(format!("{decoder:?}"), format!("{fresh:?}"));
        }
    }

    #[test]
    fn a_valid_request_is_one_however_it_is_written(request in written_request()) {
        for quotes in [&['"'][..], &['\''], &['"', '\'']] {
            let text = write(&request, quotes, true);
            prop_assert_eq!(&request_in(&text), &request.0, "{}", text);
        }
    }

    #[test]
    fn a_request_behind_half_of_any_other_is_read_as_itself(
        first in written_request(),
        second in written_request(),
        styles in prop::array::uniform2(prop::sample::select(vec![&['"'][..], &['\''], &['"', '\'']])),
        cut in any::<prop::sample::Index>(),
    ) {
        let [first, next] = [write(&first, styles[0], true), write(&second, styles[1], false)];
        let places: Vec<usize> = first.char_indices().map(|(place, _)| place).collect();
        let half = &first[..places[cut.index(places.len())]];
        let stream = format!("{half}{next}");
        let mut decoder = RequestDecoder::new(RequestLimits::default());
        let told = events(&mut decoder, stream.as_bytes());
        let own_quote = next.chars().find(|character| matches!(character, '"' | '\''));
        if open_quote(half).is_none_or(|quote| Some(quote) == own_quote) {
            prop_assert_eq!(told, [RequestEvent::Request(second.0)], "{}", stream);
        } else {
            // Hidden in a string that nobody closed.
            let line = format!("\n{PING}");
            let last = events(&mut decoder, line.as_bytes()).pop();
            prop_assert_eq!(last, Some(RequestEvent::Request(request_in(PING))), "{}", stream);
        }
    }
}
