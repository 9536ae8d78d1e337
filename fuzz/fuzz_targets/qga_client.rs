//! What an agent says, in pieces, to a client that calls, times out and calls again.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use qga::commands::{
    self, ExecStatus, FileHandle, FileRead, FreezeStatus, GuestInfo, HostName, Interfaces,
};
use qga::{CallId, ClientSession, ReplyDecoder, ReplyLimits, Step};

const LIMITS: ReplyLimits = ReplyLimits {
    line_bytes: 512,
    values: 64,
};

fuzz_target!(|bytes: &[u8]| {
    let mut session = ClientSession::new(LIMITS);
    let mut decoder = ReplyDecoder::new(LIMITS);
    let mut now = Instant::now();
    let mut number = 0;
    // The first byte of each piece is its length, and what happens after it.
    let mut rest = bytes;
    while let Some((&head, tail)) = rest.split_first() {
        let (piece, next) = tail.split_at(usize::from(head >> 2).min(tail.len()));
        rest = next;
        if session.step().is_none() {
            number += 1;
            session.start(
                commands::ping(),
                CallId::new(number),
                now + Duration::from_secs(1),
            );
        }
        session.handle_bytes(piece);
        answer_the_sync(&mut session, head, number);
        if let Some(Ok(value)) = session.poll_outcome() {
            read_as_everything(&value);
            assert!(mentions(bytes, number * 2 + 1), "an answer without its id");
        }
        if head & 2 != 0 {
            now += Duration::from_secs(2);
            session.handle_timeout(now);
            session.poll_outcome();
        }
        let mut input = piece;
        while decoder.next_event(&mut input).is_some() {}
        assert!(decoder.held() <= LIMITS.line_bytes);
    }
});

/// Random bytes rarely hold a sync's answer: now and then the agent is a good one.
fn answer_the_sync(session: &mut ClientSession, head: u8, number: u64) {
    if head & 1 != 0 && session.step() == Some(Step::Synchronising) {
        let id = number * 2;
        let reply = format!("{{\"return\":{id},\"id\":{id}}}\n");
        session.handle_bytes(b"\xFF");
        session.handle_bytes(reply.as_bytes());
        session.poll_output();
    }
}

/// Whether the input holds the number, as digits: without ids an answer needs none, but then the
/// sync's answer must have come from the input, and held the number before it.
fn mentions(bytes: &[u8], id: u64) -> bool {
    let holds = |number: u64| {
        let digits = number.to_string();
        bytes
            .windows(digits.len())
            .any(|window| window == digits.as_bytes())
    };
    holds(id) || holds(id - 1)
}

fn read_as_everything(value: &serde_json::Value) {
    let _ = GuestInfo::from_result(value.clone());
    let _ = HostName::from_result(value.clone());
    let _ = FreezeStatus::from_result(value.clone());
    let _ = Interfaces::from_result(value.clone()).map(|interfaces| interfaces.mac_addresses());
    let _ = ExecStatus::from_result(value.clone());
    let _ = FileHandle::from_result(value.clone());
    let _ = FileRead::from_result(value.clone());
}
