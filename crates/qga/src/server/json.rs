//! JSON as QEMU's agent reads it: RFC 8259, and strings in single quotes. Not recursive: the
//! nesting allowed on this side is deeper than a small stack.

use serde_json::{Map, Number, Value};

use super::strings;
use super::text::Lifted;

/// Why a text is not JSON, in words close to the reference's.
pub(super) type Problem = &'static str;

/// Reads one value, which must be all there is.
pub(super) fn parse(text: &[u8], lifted: Option<Lifted>, nesting: usize) -> Result<Value, Problem> {
    let mut parser = Parser {
        text,
        lifted,
        at: 0,
        open: Vec::new(),
        nesting,
    };
    loop {
        let Some(value) = parser.begin_value()? else {
            continue;
        };
        if let Some(whole) = parser.place(value)? {
            return parser.end(whole);
        }
    }
}

struct Parser<'a> {
    text: &'a [u8],
    lifted: Option<Lifted>,
    at: usize,
    open: Vec<Container>,
    nesting: usize,
}

enum Container {
    Array(Vec<Value>),
    /// With the name of the member whose value comes next.
    Object(Map<String, Value>, String),
}

impl Parser<'_> {
    /// A whole scalar or empty container, or `None` after opening a container with content.
    fn begin_value(&mut self) -> Result<Option<Value>, Problem> {
        match self.peek() {
            Some(b'[') => {
                self.at += 1;
                if self.take(b']') {
                    return Ok(Some(Value::Array(Vec::new())));
                }
                self.push(Container::Array(Vec::new()))
            }
            Some(b'{') => {
                self.at += 1;
                if self.take(b'}') {
                    return Ok(Some(Value::Object(Map::new())));
                }
                let name = self.member_name()?;
                self.push(Container::Object(Map::new(), name))
            }
            Some(b'"' | b'\'') => Ok(Some(Value::String(self.string()?))),
            Some(b'-' | b'0'..=b'9') => Ok(Some(Value::Number(self.number()?))),
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.keyword().map(Some),
            _ => Err("expecting value"),
        }
    }

    fn push(&mut self, container: Container) -> Result<Option<Value>, Problem> {
        if self.open.len() >= self.nesting {
            return Err("nesting limit exceeded");
        }
        self.open.push(container);
        Ok(None)
    }

    /// Puts a value where it belongs and closes what ends with it; yields the outermost value.
    fn place(&mut self, mut value: Value) -> Result<Option<Value>, Problem> {
        while let Some(container) = self.open.pop() {
            match self.attach(container, value)? {
                Some(closed) => value = closed,
                None => return Ok(None),
            }
        }
        Ok(Some(value))
    }

    /// Puts `value` into `container`, and yields the container if it ends there; else it stays open.
    fn attach(&mut self, container: Container, value: Value) -> Result<Option<Value>, Problem> {
        match container {
            Container::Array(mut items) => {
                items.push(value);
                if self.take(b']') {
                    return Ok(Some(Value::Array(items)));
                }
                self.separator("expected separator in list")?;
                self.open.push(Container::Array(items));
            }
            Container::Object(mut members, name) => {
                if members.contains_key(&name) {
                    return Err("duplicate key");
                }
                members.insert(name, value);
                if self.take(b'}') {
                    return Ok(Some(Value::Object(members)));
                }
                self.separator("expected separator in dict")?;
                let name = self.member_name()?;
                self.open.push(Container::Object(members, name));
            }
        }
        Ok(None)
    }

    fn separator(&mut self, problem: Problem) -> Result<(), Problem> {
        if self.take(b',') {
            Ok(())
        } else {
            Err(problem)
        }
    }

    fn member_name(&mut self) -> Result<String, Problem> {
        if !matches!(self.peek(), Some(b'"' | b'\'')) {
            return Err("key is not a string in object");
        }
        let name = self.string()?;
        if self.take(b':') {
            Ok(name)
        } else {
            Err("missing : in object pair")
        }
    }

    fn end(&mut self, value: Value) -> Result<Value, Problem> {
        if self.peek().is_some() {
            Err("expecting end")
        } else {
            Ok(value)
        }
    }

    fn number(&mut self) -> Result<Number, Problem> {
        match self.word() {
            // An integer to QEMU's agent, a fraction to serde_json.
            b"-0" => Ok(Number::from(0)),
            text => serde_json::from_slice(text).map_err(|_| "invalid number"),
        }
    }

    fn keyword(&mut self) -> Result<Value, Problem> {
        match self.word() {
            b"true" => Ok(Value::Bool(true)),
            b"false" => Ok(Value::Bool(false)),
            b"null" => Ok(Value::Null),
            _ => Err("invalid keyword"),
        }
    }

    fn word(&mut self) -> &[u8] {
        let start = self.at;
        let rest = &self.text[start..];
        self.at += rest.iter().take_while(|&&byte| is_word(byte)).count();
        &self.text[start..self.at]
    }

    /// A string in the quotes that it begins with.
    fn string(&mut self) -> Result<String, Problem> {
        let quote = self.next().ok_or("expecting value")?;
        if let Some(lifted) = self.lifted.take_if(|lifted| lifted.at == self.at) {
            self.at += 1;
            return read(lifted.inside, lifted.has_escapes);
        }
        let raw = strings::raw(&self.text[self.at..], quote)?;
        let end = self.at + raw.length;
        let inside = self.text[self.at..end].to_vec();
        self.at = end + 1;
        read(inside, raw.has_escapes)
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.text.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    /// The next byte after white space, which is passed over.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text[self.at..];
        self.at += rest.iter().take_while(|&&byte| is_space(byte)).count();
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }
}

fn read(inside: Vec<u8>, has_escapes: bool) -> Result<String, Problem> {
    if has_escapes {
        strings::unescape(inside)
    } else {
        strings::plain(inside)
    }
}

/// White space between tokens.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// What numbers and keywords are made of.
pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &[u8], nesting: usize) -> Result<Value, Problem> {
        parse(text, None, nesting)
    }

    #[test]
    fn single_quotes_and_all_escapes_are_read() {
        for (text, value) in [
            ("{'a': 'b'}", json!({"a": "b"})),
            (
                r#"['x\'y', "x\"y", 'x"y', "x'y"]"#,
                json!(["x'y", "x\"y", "x\"y", "x'y"]),
            ),
            (r#""\b\f\n\r\t\/\\""#, json!("\u{8}\u{c}\n\r\t/\\")),
            (r#""\u00e9\ud83d\ude00\u0000""#, json!("é😀\0")),
            (" [ ] ", json!([])),
            (
                "[{}, {\"a\": [1, -2.5e3, true, null]}]",
                json!([{}, {"a": [1, -2500.0, true, null]}]),
            ),
            ("18446744073709551615", json!(u64::MAX)),
            ("-0", json!(0)),
        ] {
            assert_eq!(read(text.as_bytes(), 8), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_told() {
        let cases: &[(&[u8], Problem)] = &[
            (b"", "expecting value"),
            (b"{\"a\" 1}", "missing : in object pair"),
            (b"{\"a\": 1,}", "key is not a string in object"),
            (b"{\"a\": 1 \"b\": 2}", "expected separator in dict"),
            (b"{\"a\": 1, \"a\": 2}", "duplicate key"),
            (b"[1 2]", "expected separator in list"),
            (b"[1,]", "expecting value"),
            (b"[1}", "expected separator in list"),
            (b"nul", "invalid keyword"),
            (b"01", "invalid number"),
            (b"1e999", "invalid number"),
            (b"1 2", "expecting end"),
            (b"\"a", "unterminated string"),
            (b"\"\\x\"", "invalid escape sequence in string"),
            (b"\"\\ud800\"", "invalid \\u escape sequence in string"),
            (
                b"\"\\ud800\\u0041\"",
                "invalid \\u escape sequence in string",
            ),
            (b"\"\\udc00\"", "invalid \\u escape sequence in string"),
            (b"\"\xC3(\"", "invalid UTF-8 sequence in string"),
            (b"\"a\nb\"", "control character in string"),
            (b"[[[[[[[[[1]]]]]]]]]", "nesting limit exceeded"),
        ];
        for (text, problem) in cases {
            assert_eq!(
                read(text, 8),
                Err(*problem),
                "{}",
                String::from_utf8_lossy(text)
            );
        }
    }

    #[test]
    fn a_string_that_was_lifted_keeps_its_memory() {
        for (plain, escaped) in [("x", "x"), ("é\n/😀", r"\u00e9\n\/\ud83d\ude00")] {
            let (plain, inside) = (plain.repeat(1000), escaped.repeat(1000).into_bytes());
            let text = br#"{"a": [1, ''], "b": "{", "c": "" }"#;
            let place = inside.as_ptr();
            let lifted = Lifted {
                at: 11,
                inside,
                has_escapes: escaped.contains('\\'),
            };
            let value = parse(text, Some(lifted), 8).unwrap();
            assert_eq!(value, json!({"a": [1, plain], "b": "{", "c": ""}));
            assert_eq!(value["a"][1].as_str().map(str::as_ptr), Some(place));
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "\\PC*|[\u{0}-\u{1f}\"'\\\\]*".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_json_text_reads_as_serde_json_reads_it(value in any_json()) {
            prop_assert_eq!(read(value.to_string().as_bytes(), 16), Ok(value.clone()));
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(read(pretty.as_bytes(), 16), Ok(value));
        }

        #[test]
        fn what_serde_json_refuses_is_refused(text in r#"[\[\]{}",:0-9a-z.\\ -]{0,24}"#) {
            prop_assume!(!text.contains("-0"));
            if let Ok(value) = read(text.as_bytes(), 64) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(value));
            }
        }
    }
}
