//! Broken JSON by chance: harmless requests with bytes changed, and pieces in any order.

use crate::random::Random;
use crate::story::Story;

const CHANGED: usize = 500;
const SHUFFLED: usize = 500;

/// What can become nothing harmful, whatever becomes of it.
const REQUESTS: &[&[u8]] = &[
    br#"{"execute":"guest-ping","id":"a\"b\\c"}"#,
    br#"{"execute": "guest-sync", "arguments": {"id": 4711}, "id": {"a": [1, null, -2.5e3]}}"#,
    br#"{'execute':'guest-sync','arguments':{'id':-1}}"#,
    br#"{"execute":"guest-file-seek","arguments":{"handle":1,"offset":-3,"whence":"cur"}}"#,
    br#"{"execute":"guest-file-close","arguments":{"handle":3},"id":"\u00e9\ud83d\ude00"}"#,
    br#"{"execute":"guest-file-write","arguments":{"handle":1,"buf-b64":"aGVsbG8=","count":5}}"#,
];

const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"'",
    b"\\",
    b" ",
    b"\n",
    b"\xff",
    b"\x00",
    b"\x1b",
    b"\"execute\"",
    b"\"guest-ping\"",
    b"\"id\":1",
    b"{\"execute\":\"guest-ping\"}",
    b"null",
    b"true",
    b"false",
    b"nul",
    b"0",
    b"-1",
    b"01",
    b"1.",
    b"1e",
    b"1e5",
    b"-",
    b"+1",
    b"a",
    b"A",
    b"_",
    b"\"\\u00e4\"",
    b"\"\\u12\"",
    b"\xc3\xa4",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\x7f",
    b"\t",
    b"%d",
    b"//",
    b"\"arguments\":{}",
];

pub(crate) fn stories(random: &mut Random) -> Vec<Story> {
    let mut stories: Vec<_> = (0..CHANGED).map(|_| Story::raw(changed(random))).collect();
    stories.extend((0..SHUFFLED).map(|_| Story::raw(shuffled(random))));
    stories
}

fn changed(random: &mut Random) -> Vec<u8> {
    let mut bytes = random.of(REQUESTS).to_vec();
    for _ in 0..=random.below(2) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            1 => bytes.insert(at, u8::try_from(random.below(256)).unwrap()),
            2 => drop(bytes.splice(at..at, random.of(PIECES).iter().copied())),
            3 => drop(bytes.remove(at)),
            _ => {
                let end = bytes.len().min(at + 1 + random.below(8));
                let piece = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, piece));
            }
        }
    }
    bytes
}

fn shuffled(random: &mut Random) -> Vec<u8> {
    let count = 1 + random.below(8);
    let pieces: Vec<_> = (0..count).map(|_| random.of(PIECES)).collect();
    pieces.concat()
}
