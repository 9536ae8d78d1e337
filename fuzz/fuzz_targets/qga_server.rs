//! What a client says, in pieces, to an agent's decoder, and the commands in it.
#![no_main]

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
            assert_eq!(events(&mut fresh, &line), [RequestEvent::Request(request)]);
        }
    }
    let last = events(&mut whole, PING).pop();
    assert!(matches!(last, Some(RequestEvent::Request(_))));
});

fn events(decoder: &mut RequestDecoder, mut input: &[u8]) -> Vec<RequestEvent> {
    let events = std::iter::from_fn(|| decoder.next_event(&mut input)).collect();
    assert!(decoder.held() <= 1024);
    events
}
