//! Any bytes, in any pieces: the same events, no panic, bounded memory.

use proptest::prelude::*;
use qga::{ReplyDecoder, ReplyEvent, ReplyLimits, RequestDecoder, RequestEvent, RequestLimits};

const REPLY_LIMITS: ReplyLimits = ReplyLimits {
    line_bytes: 64,
    values: 8,
};
const REQUEST_LIMITS: RequestLimits = RequestLimits {
    bytes: 96,
    nesting: 5,
    values: 16,
};

/// Pieces of the protocol and of noise, so that random streams meet its corners.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        &b"{\"return\": {}, \"id\": 7}"[..],
        b"{\"return\": [0,0,0,0,0,0,0,0,0]}",
        b"{\"error\": {\"class\": \"GenericError\", \"desc\": \"x\"}}",
        b"{\"execute\": \"guest-ping\", \"id\": \"a\\\"b\"}",
        b"{'execute': 'guest-ping', 'arguments': {'a': [1, {}]}}",
        b"{\"execute\": \"guest-sync-delimited\", ",
        b"\n",
        b"\xFF",
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"'",
        b"\\",
        b",",
        b" garbage ",
        b"\xC3\x28",
        b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ])
    .prop_map(<[u8]>::to_vec);
    let noise = prop::collection::vec(any::<u8>(), 0..8);
    prop::collection::vec(prop_oneof![4 => pieces, 1 => noise], 0..24)
        .prop_map(|pieces| pieces.concat())
}

/// The stream cut at each of the places.
fn pieces<'a>(stream: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    places.extend([0, stream.len()]);
    places.sort_unstable();
    places
        .windows(2)
        .map(|pair| &stream[pair[0]..pair[1]])
        .collect()
}

fn replies(pieces: &[&[u8]]) -> Vec<ReplyEvent> {
    let mut decoder = ReplyDecoder::new(REPLY_LIMITS);
    let mut events = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        while let Some(event) = decoder.next_event(&mut input) {
            events.push(event);
            assert!(decoder.held() <= REPLY_LIMITS.line_bytes);
        }
        assert!(input.is_empty());
        assert!(decoder.held() <= REPLY_LIMITS.line_bytes);
    }
    events
}

fn requests(pieces: &[&[u8]]) -> Vec<RequestEvent> {
    let mut decoder = RequestDecoder::new(REQUEST_LIMITS);
    let mut events = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        while let Some(event) = decoder.next_event(&mut input) {
            events.push(event);
            assert!(decoder.held() <= REQUEST_LIMITS.bytes);
        }
        assert!(input.is_empty());
        assert!(decoder.held() <= 1024.max(REQUEST_LIMITS.bytes));
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn replies_do_not_depend_on_how_the_stream_is_cut(
        stream in stream(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..16),
    ) {
        let whole = replies(&[&stream]);
        prop_assert_eq!(&replies(&pieces(&stream, &cuts)), &whole);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        prop_assert_eq!(&replies(&bytes), &whole);
    }

    #[test]
    fn requests_do_not_depend_on_how_the_stream_is_cut(
        stream in stream(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..16),
    ) {
        let whole = requests(&[&stream]);
        prop_assert_eq!(&requests(&pieces(&stream, &cuts)), &whole);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        prop_assert_eq!(&requests(&bytes), &whole);
    }

    #[test]
    fn a_reply_after_a_delimiter_is_read_whatever_came_before(stream in stream()) {
        let mut stream = stream;
        stream.extend(b"\xFF{\"return\": 41, \"id\": 42}\n");
        let last = replies(&[&stream]).pop();
        let is_delimited = matches!(&last, Some(ReplyEvent::Reply { delimited: true, .. }));
        prop_assert!(is_delimited, "{last:?}");
    }

    #[test]
    fn a_request_after_a_delimiter_is_read_whatever_came_before(stream in stream()) {
        let mut stream = stream;
        stream.extend(b"\xFF{\"execute\": \"guest-ping\"}");
        let last = requests(&[&stream]).pop();
        prop_assert!(matches!(&last, Some(RequestEvent::Request(_))), "{last:?}");
    }

    #[test]
    fn requests_and_replies_come_out_as_they_went_in(
        execute in ".{0,20}",
        text in "\\PC*|[\u{0}-\u{1f}\"'\\\\]*",
        id in any::<u64>(),
    ) {
        let id = Some(serde_json::json!({"n": id, "t": text}));
        let request = qga::Request {
            execute,
            arguments: Some(serde_json::json!({ "text": text })),
            id: id.clone(),
        };
        let mut decoder = RequestDecoder::new(RequestLimits::default());
        let event = decoder.next_event(&mut request.encode().as_slice());
        prop_assert_eq!(event, Some(RequestEvent::Request(request)));

        let reply = qga::Reply { answer: qga::Answer::Return(text.into()), id };
        let mut decoder = ReplyDecoder::new(ReplyLimits::default());
        let event = decoder.next_event(&mut reply.encode_delimited().as_slice());
        prop_assert_eq!(event, Some(ReplyEvent::Reply { reply, delimited: true }));
    }
}
