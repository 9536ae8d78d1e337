//! How fast large requests and replies pass, and how much memory that takes:
//!
//!     cargo run --release -p qga --example decode_speed
#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use qga::{
    Call, FileReadFrame, RequestDecoder, RequestEvent, RequestLimits, decode_base64_in_place,
};

/// What an agent reads at once.
const READ: usize = 64 << 10;
const ROUNDS: usize = 5;

fn main() {
    let file: Vec<u8> = (0..45_u32 << 20).map(|at| (at ^ (at >> 7)) as u8).collect();
    let base64 = STANDARD.encode(&file);
    let head = r#"{"execute":"guest-file-write","arguments":{"handle":1000,"buf-b64":""#;
    let plain = format!("{head}{base64}\"}}}}\n");
    measure("stream -> Call", plain.len(), || drop(call(&plain)));
    let lines: Vec<&[u8]> = base64.as_bytes().chunks(76).collect();
    let wrapped = String::from_utf8(lines.join(&b'\n')).expect("ASCII");
    let escaped = format!("{head}{}\"}}}}\n", wrapped.replace('\n', "\\n"));
    measure("the same, wrapped lines", escaped.len(), || {
        drop(call(&escaped));
    });
    drop((plain, escaped));
    for (what, text) in [
        ("base64 -> bytes", &base64),
        ("the same, wrapped", &wrapped),
    ] {
        let mut texts: Vec<String> = (0..ROUNDS).map(|_| text.clone()).collect();
        measure(what, text.len(), || {
            let text = texts.pop().expect("one a round");
            assert_eq!(
                decode_base64_in_place(text).expect("base64").len(),
                file.len()
            );
        });
    }
    let mut out = Vec::new();
    measure("file -> reply (file bytes)", file.len(), || {
        out.clear();
        let mut frame = FileReadFrame::begin(&mut out);
        for piece in file.chunks(48 << 10) {
            // A program writes the reply out here.
            out.clear();
            frame.push(piece, &mut out);
        }
        frame.end(true, None, &mut out);
    });
    println!(
        "the input held here takes {} MB",
        (file.len() + 2 * base64.len()) >> 20
    );
}

fn call(stream: &str) -> Call {
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    for mut piece in stream.as_bytes().chunks(READ) {
        if let Some(event) = decoder.next_event(&mut piece) {
            let RequestEvent::Request(request) = event else {
                panic!("refused")
            };
            return Call::decode(&request.execute, request.arguments).expect("a call");
        }
    }
    panic!("no request")
}

fn measure(what: &str, bytes: usize, mut once: impl FnMut()) {
    let before = peak_kib(true);
    let best = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        once();
        start.elapsed().as_secs_f64()
    });
    let best = best.fold(f64::MAX, f64::min);
    let speed = bytes as f64 / best / 1e6;
    let (megabytes, more) = (bytes >> 20, (peak_kib(false).saturating_sub(before)) >> 10);
    println!("{what:28} {megabytes:3} MiB {speed:7.0} MB/s, at most {more:3} MiB more memory");
}

/// The most memory that this process held since the last reset.
fn peak_kib(reset: bool) -> u64 {
    if reset {
        let _ = std::fs::write("/proc/self/clear_refs", "5");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
    peak.unwrap_or_default()
}
