//! Half a request of a client that has gone, and what the next client sends.

use serde_json::json;

use super::tests::{PING, events, told};
use super::*;

const HALVES: [&str; 4] = [
    r#"{"execute": "guest-info", "argum"#,
    r#"{"execute": "guest-get-host-name", "id": ""#,
    "[[[[",
    r#"{"execute": "guest-exec", "arguments": {"path": "/bin/sh", "arg": ["-c", ""#,
];

fn told_by_default(input: &[u8]) -> Vec<String> {
    told(input, RequestLimits::default())
}

/// The only request in `text`.
pub(super) fn request_in(text: &str) -> Request {
    let decoder = &mut RequestDecoder::new(RequestLimits::default());
    let mut events = events(decoder, text.as_bytes());
    assert_eq!(events.len(), 1, "{text}: {events:?}");
    match events.remove(0) {
        RequestEvent::Request(request) => request,
        RequestEvent::Rejected(rejected) => panic!("{text}: {rejected:?}"),
    }
}

#[test]
fn half_a_request_is_dropped_without_a_word_when_the_next_one_begins() {
    let sync = r#"{"execute":"guest-sync","arguments":{"id":1}}"#;
    for half in HALVES {
        for next in [
            sync,
            r#"{ "execute" : "guest-sync", "arguments" : { "id" : 1 } }"#,
            r#"{"arguments":{"id":1},"execute":"guest-sync"}"#,
            "{\n\t\"execute\": \"guest-sync\",\r\n\t\"arguments\": {\"id\": 1}\r\n}",
            "{\t\n  \"arguments\": {\"id\": 1},\n  \"execute\": \"guest-sync\"\n}",
        ] {
            let stream = format!("{half}{next}\n{PING}");
            assert_eq!(told_by_default(stream.as_bytes()), [sync, PING], "{stream}");
            for cut in 0..stream.len() {
                let mut decoder = RequestDecoder::new(RequestLimits::default());
                let (first, second) = stream.as_bytes().split_at(cut);
                let mut told = events(&mut decoder, first);
                told.extend(events(&mut decoder, second));
                let expected = [sync, PING].map(|text| RequestEvent::Request(request_in(text)));
                assert_eq!(told, expected, "{stream} cut at {cut}");
            }
        }
    }
}

#[test]
fn half_a_request_at_every_byte_is_dropped() {
    let whole = r#"{"execute": "guest-exec", "arguments": {"path": "{ \\\"\u007b", "arg": ["{", "a{", "{}"],
        "capture-output": true, "input-data": null}, "id": [{"execut": -1.5e3}, [[]]]}"#;
    for cut in 0..whole.len() {
        let stream = format!("{}{PING}", &whole[..cut]);
        assert_eq!(told_by_default(stream.as_bytes()), [PING], "{stream}");
        let twice = format!("{}{stream}", &whole[..cut]);
        assert_eq!(told_by_default(twice.as_bytes()), [PING], "{twice}");
    }
}

#[test]
fn half_a_request_in_single_quotes_is_dropped_too() {
    let single = "{ 'execute': 'guest-ping', 'id': 1}";
    for (half, next) in [
        ("{'execute': 'guest-info', ", PING),
        ("{'execute': 'guest-info', ", single),
        ("{'execute': 'guest-in", single),
        (r#"{"execute": "guest-info", "id": ["#, single),
    ] {
        let stream = format!("{half}{next}");
        assert_eq!(told_by_default(stream.as_bytes()), [PING], "{stream}");
    }
}

#[test]
fn a_request_that_only_looks_like_two_is_one() {
    for (text, arguments) in [
        (
            r#"{"execute":"x","arguments":{"a":"{\"execute\": 1}","b":"{\"arguments\""}}"#,
            json!({"a": "{\"execute\": 1}", "b": "{\"arguments\""}),
        ),
        (
            r#"{"execute":"x","arguments":{"a":["{", "execute"],"b":["{ ","arguments"]}}"#,
            json!({"a": ["{", "execute"], "b": ["{ ", "arguments"]}),
        ),
        (
            r#"{"arguments":{"{":"execute","a{":{"executes":1,"execute":2}},"execute":"x"}"#,
            json!({"{": "execute", "a{": {"executes": 1, "execute": 2}}),
        ),
        (
            "{'execute': 'x', 'arguments': {'a': '{\"execute\": 1}', 'b': ['{ \"arguments\"']}}",
            json!({"a": "{\"execute\": 1}", "b": ["{ \"arguments\""]}),
        ),
        (
            r#"{'arguments': {'a': '{\'execute\': "{"}', 'b': "{'execute': 1}"}, 'execute': 'x'}"#,
            json!({"a": "{'execute': \"{\"}", "b": "{'execute': 1}"}),
        ),
        (
            r#"{"execute":"x","arguments":{"a":"{'execute':1}{ 'arguments'","b":"\\{"}}"#,
            json!({"a": "{'execute':1}{ 'arguments'", "b": "\\{"}),
        ),
    ] {
        let request = request_in(text);
        assert_eq!(request.execute, "x", "{text}");
        assert_eq!(request.arguments, Some(arguments), "{text}");
    }
}

#[test]
fn an_object_within_another_that_begins_like_a_request_is_one() {
    let stray = "JSON parse error, expecting value";
    for (text, expected) in [
        (
            format!(r#"{{"execute":"x","id":{PING}}}"#),
            vec![PING, stray],
        ),
        (format!("[{PING}]"), vec![PING, stray]),
        (
            r#"{"execute":"x","id":{"a":1,"execute":2}}"#.to_owned(),
            vec![r#"{"execute":"x","id":{"a":1,"execute":2}}"#],
        ),
        (
            r#"{"execute":"x","id":{"\u0065xecute":2}}"#.to_owned(),
            vec![r#"{"execute":"x","id":{"execute":2}}"#],
        ),
    ] {
        assert_eq!(told_by_default(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn what_a_string_in_other_quotes_holds_is_no_request_up_to_its_line() {
    let problem = "JSON parse error, control character in string";
    for hidden in [
        format!("{{'execute': 'x', 'id': '{PING}"),
        "{\"execute\": \"x\", \"id\": \"{'execute': 'guest-ping'}".to_owned(),
        format!("{{'execute': 'x', 'id': 'a\tb {PING}"),
        format!("{{'execute': 'x', 'id': '{{\t{PING}"),
    ] {
        let stream = format!("{hidden}\n{PING}");
        assert_eq!(
            told_by_default(stream.as_bytes()),
            [problem, PING],
            "{stream}"
        );
    }
    let pretty = "{'execute': 'x', 'id': '{\n\"execute\": \"guest-ping\"}";
    let told = told_by_default(pretty.as_bytes());
    assert!(!told.contains(&PING.replace(",\"id\":1", "")), "{told:?}");
}

#[test]
fn a_string_spoiled_behind_a_brace_is_told_when_no_request_begins_there() {
    let control = "JSON parse error, control character in string";
    let stray = "JSON parse error, stray '\u{FFFD}'";
    for (text, expected) in [
        ("{\"a{\t \"b\" PING\nPING", vec![control, PING, PING]),
        ("{\"a{\t b\nPING", vec![control, PING]),
        ("{\"a{\t'{\"execute\"\nPING", vec![control, PING]),
        ("{\"a{\t{ PING", vec![PING]),
        ("{\"a{\n{ PING", vec![control, PING]),
        ("{\"a{\n\n PING", vec![control, PING]),
        (
            "{\"a{\n \u{1}\nPING",
            vec![control, "JSON parse error, stray character", PING],
        ),
        (
            "{\"a{\n]\nPING",
            vec![control, "JSON parse error, expecting value", PING],
        ),
    ] {
        let stream = text.replace("PING", PING);
        assert_eq!(told_by_default(stream.as_bytes()), expected, "{text}");
    }
    let delimiter = [b"{\"a{\n\xFF", PING.as_bytes()].concat();
    assert_eq!(told_by_default(&delimiter), [stray, PING]);
}

#[test]
fn a_request_behind_garbage_on_its_line_is_read() {
    for (garbage, problem) in [
        ("\u{1b}[6n", "stray character"),
        ("\u{feff}", "stray character"),
        ("é \"quoted\" {\"execute ", "stray character"),
        ("{\"a\tb", "control character in string"),
        ("{\"a\tb {\"execute", "control character in string"),
        ("[\u{1}[", "stray character"),
    ] {
        for next in [
            PING,
            "{ \"execute\": \"guest-ping\", \"id\": 1}",
            "{\"arguments\":{}}",
        ] {
            let stream = format!("{garbage}{next}\n{PING}");
            let told = told_by_default(stream.as_bytes());
            assert_eq!(told[0], format!("JSON parse error, {problem}"), "{stream}");
            assert_eq!(told[1], told_by_default(next.as_bytes())[0], "{stream}");
            assert_eq!(told[2..], [PING], "{stream}");
        }
        // It may be the content of a string.
        let stream = format!("{garbage}'{PING}\n{PING}");
        assert_eq!(told_by_default(stream.as_bytes()).len(), 2, "{stream}");
    }
}

#[test]
fn what_is_dropped_does_not_count_against_the_limits() {
    let limits = RequestLimits {
        bytes: 60,
        nesting: 4,
        values: 8,
    };
    let large = r#"{"execute":"xxxxxxxxxxxxxxxxxxxx","id":[[[1,2,3]]]}"#;
    for half in [
        &large[..large.len() - 1],
        "[[[",
        "[0,0,0,0,0,0",
        "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        let stream = format!("{half}{large}");
        assert_eq!(told(stream.as_bytes(), limits), [large], "{stream}");
    }
    // A half that leaves no room for the beginning is told, and the request is read all the same.
    for (half, limit) in [
        ("[[[[".to_owned(), "nesting"),
        ("[0,0,0,0,0,0,0,0".to_owned(), "token count"),
        (format!("{{\"{}", "x".repeat(50)), "token size"),
        (format!("{{\"{}", "x".repeat(57)), "token size"),
        (format!("{{\"{}", "x".repeat(60)), "token size"),
    ] {
        let stream = format!("{half}{large}");
        let problem = format!("JSON parse error, {limit} limit exceeded");
        assert_eq!(
            told(stream.as_bytes(), limits),
            [&problem, large],
            "{stream}"
        );
    }
    let exact = RequestLimits {
        values: 7,
        ..limits
    };
    let larger = large.replace("3]", "3,4]");
    for (text, expected) in [
        (large, large),
        (&larger, "JSON parse error, token count limit exceeded"),
    ] {
        let stream = format!("[[{text}");
        assert_eq!(told(stream.as_bytes(), exact), [expected], "{stream}");
    }
    let tiny = RequestLimits { bytes: 5, ..limits };
    let told = told(PING.as_bytes(), tiny);
    assert!(
        told.iter().all(|told| told.ends_with(" limit exceeded")),
        "{told:?}"
    );
}

#[test]
fn memory_of_what_is_dropped_is_given_back() {
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    let half = format!("{{\"execute\":\"{}", "x".repeat(1 << 20));
    assert_eq!(events(&mut decoder, half.as_bytes()), []);
    assert_eq!(events(&mut decoder, b"{\"execute\""), []);
    assert_eq!(decoder.held(), 10);
    assert!(decoder.text.capacity() <= crate::server::text::KEPT_CAPACITY);
}
