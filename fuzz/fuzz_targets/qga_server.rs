//! What a client says, in pieces, to an agent's decoder, and the commands in it.
#![no_main]

use std::ops::Range;

use libfuzzer_sys::fuzz_target;
use qga::{Call, RequestDecoder, RequestEvent, RequestLimits};

const LIMITS: RequestLimits = RequestLimits {
    bytes: 512,
    nesting: 16,
    values: 64,
};
const PING: &[u8] = b"\xFF{\"execute\":\"guest-ping\"}";

fuzz_target!(|bytes: &[u8]| {
    let Some((&size, stream)) = bytes.split_first() else {
        return;
    };
    let mut whole = RequestDecoder::new(LIMITS);
    let mut pieces = RequestDecoder::new(LIMITS);
    let told = events(&mut whole, stream);
    let again: Vec<_> = stream
        .chunks(usize::from(size).max(1))
        .flat_map(|piece| events(&mut pieces, piece))
        .collect();
    assert_eq!(told, again);

    for event in told {
        if let RequestEvent::Request(request) = event {
            let _ = Call::decode(&request.execute, request.arguments.clone());
            let mut fresh = RequestDecoder::new(RequestLimits::default());
            let line = request.encode();
            // An `id` may be an object that begins like a request; encoding sorts its members.
            if beginnings(&line).count() == 1 {
                assert_eq!(events(&mut fresh, &line), [RequestEvent::Request(request)]);
            }
        }
    }
    if !stream.contains(&b'\'') {
        for beginning in beginnings(stream) {
            let mut torn = RequestDecoder::new(LIMITS);
            let mut fresh = RequestDecoder::new(LIMITS);
            events(&mut torn, &stream[..beginning.end]);
            events(&mut fresh, &stream[beginning.clone()]);
            let rest = &stream[beginning.end..];
            assert_eq!(events(&mut torn, rest), events(&mut fresh, rest));
        }
        let last = events(&mut whole, &PING[1..]).pop();
        assert!(matches!(last, Some(RequestEvent::Request(_))));
    }
    let last = events(&mut whole, PING).pop();
    assert!(matches!(last, Some(RequestEvent::Request(_))));
});

fn events(decoder: &mut RequestDecoder, mut input: &[u8]) -> Vec<RequestEvent> {
    let events = std::iter::from_fn(|| decoder.next_event(&mut input)).collect();
    assert!(decoder.held() <= 1024);
    events
}

/// Where a brace, white space and `"execute"` or `"arguments"` stand.
fn beginnings(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    (0..bytes.len()).filter_map(|start| {
        let rest = bytes[start..].strip_prefix(b"{")?;
        let space = rest.iter().take_while(|byte| b" \t\r\n".contains(byte));
        let quoted = &rest[space.count()..];
        let mut names = [&b"\"execute\""[..], b"\"arguments\""].into_iter();
        let name = names.find(|name| quoted.starts_with(name))?;
        Some(start..bytes.len() - quoted.len() + name.len())
    })
}
