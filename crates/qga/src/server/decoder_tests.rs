//! What the decoder makes of requests, good and bad.

use proptest::prelude::*;
use serde_json::json;

use super::*;

pub(super) fn events(decoder: &mut RequestDecoder, mut input: &[u8]) -> Vec<RequestEvent> {
    std::iter::from_fn(|| decoder.next_event(&mut input)).collect()
}

/// Requests as they would be sent, rejections as their text (and id).
pub(super) fn told(input: &[u8], limits: RequestLimits) -> Vec<String> {
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

pub(super) const PING: &str = r#"{"execute":"guest-ping","id":1}"#;

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
fn a_number_in_an_id_comes_back_as_the_number_that_was_sent() {
    for id in [
        "-2111111111111000000003714226525966317795",
        "0.1000000000000000055511151231257827",
        "18446744073709551616",
        "8.98846567431158e307",
    ] {
        let request = format!(r#"{{"execute":"x","id":{id}}}"#);
        let [echoed] = &told(request.as_bytes(), RequestLimits::default())[..] else {
            panic!("{id}: no request");
        };
        let (_, echoed) = echoed.split_once(r#""id":"#).unwrap();
        let echoed: f64 = echoed.trim_end_matches('}').parse().unwrap();
        assert_eq!(
            echoed.to_bits(),
            id.parse::<f64>().unwrap().to_bits(),
            "{id}"
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
        let stray = "JSON parse error, stray '\u{FFFD}'";
        assert_eq!(
            told(&input, RequestLimits::default()),
            [stray, PING],
            "{half}"
        );
    }
}

#[test]
fn a_lost_quote_costs_its_line_up_to_the_next_request() {
    let input = format!("{{\"execute\":\"guest-ping\n{PING}\n{{\"a\tb\":1}} {PING}\n{PING}");
    let problem = "JSON parse error, control character in string";
    assert_eq!(
        told(input.as_bytes(), RequestLimits::default()),
        [problem, PING, problem, PING, PING]
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
    assert!(decoder.text.capacity() <= crate::server::text::KEPT_CAPACITY);
    let rejected = rejected("JSON parse error, x".to_owned(), Some(json!(1)));
    let RequestEvent::Rejected(rejected) = rejected else {
        unreachable!()
    };
    assert_eq!(rejected.into_reply().id, Some(json!(1)));
}

/// What comes out when every byte is looked at on its own.
fn events_by_steps(decoder: &mut RequestDecoder, mut input: &[u8]) -> Vec<RequestEvent> {
    let mut events = Vec::new();
    while let Some((&byte, rest)) = input.split_first() {
        input = match decoder.step(byte) {
            Outcome::More => rest,
            Outcome::EventBefore(event) => {
                events.push(event);
                input
            }
            Outcome::Event(event) => {
                events.push(event);
                rest
            }
        };
    }
    events
}

/// Streams whose strings are about as long as the blocks that runs are looked at in, and as the
/// limit.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-zé]{0,70}".prop_map(String::into_bytes),
        4 => prop::sample::select(vec![
            &b"{\"execute\":\""[..], b"\",\"id\":\"", b"\"}", b"\"", b"'", b"\\", b"\\\"", b"\\u00e9",
            b"\n", b"\xFF", b"\x01", b"{", b"}", b" ", b"\xC3", PING.as_bytes(), b"\t", b"execute",
            b"{ 'arguments'", b"{\n\"execute\"",
        ]).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn runs_are_taken_as_their_bytes_would_be(
        stream in streams(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let limits = RequestLimits { bytes: 200, nesting: 4, values: 20 };
        let mut bytewise = RequestDecoder::new(limits);
        let expected = events_by_steps(&mut bytewise, &stream);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        places.extend([0, stream.len()]);
        places.sort_unstable();
        let mut decoder = RequestDecoder::new(limits);
        let told: Vec<_> = places
            .windows(2)
            .flat_map(|pair| events(&mut decoder, &stream[pair[0]..pair[1]]))
            .collect();
        prop_assert_eq!(told, expected);
        prop_assert_eq!(&decoder.text, &bytewise.text);
        prop_assert_eq!(decoder.state, bytewise.state);
        prop_assert_eq!(decoder.beginning, bytewise.beginning);
    }
}
