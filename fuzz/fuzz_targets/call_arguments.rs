//! Any JSON as the arguments of every command.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qga::{COMMANDS, Call, decode_base64_in_place};
use serde_json::{Value, json};

const NAMES: &[&str] = &[
    "id",
    "time",
    "mode",
    "path",
    "handle",
    "count",
    "buf-b64",
    "offset",
    "whence",
    "mountpoints",
    "minimum",
    "arg",
    "env",
    "input-data",
    "capture-output",
    "pid",
    "vcpus",
    "logical-id",
    "online",
    "can-offline",
    "mem-blks",
    "phys-index",
    "username",
    "password",
    "crypted",
    "keys",
    "reset",
];
const WORDS: &[&str] = &[
    "",
    "powerdown",
    "halt",
    "reboot",
    "set",
    "cur",
    "end",
    "none",
    "stdout",
    "stderr",
    "separated",
    "merged",
    "aGk=",
    "aGkK",
    "aGk",
    "a",
    "\n",
    "=",
    "é",
    "\0",
];

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes;
    let (name, arguments) = (byte(&mut bytes), object(&mut bytes, 0));
    // Most bytes for one command each, but whatever it is, none may mind it.
    read(
        COMMANDS[usize::from(name) % COMMANDS.len()].name,
        &arguments,
    );
    for command in COMMANDS {
        read(command.name, &arguments);
    }
    let _ = Call::decode("guest-ping", Some(value(&mut bytes, 0)));
});

fn read(name: &str, arguments: &Value) {
    match Call::decode(name, Some(arguments.clone())) {
        Err(error) => {
            assert!(!error.is_command_not_found(), "{name}");
            assert!(
                error.desc.len() < 4096,
                "{name}: {} bytes",
                error.desc.len()
            );
        }
        Ok(call) => {
            assert_eq!(
                Call::decode(name, Some(arguments.clone())),
                Ok(call.clone())
            );
            let mut more = arguments.clone();
            more["no such argument"] = json!(1);
            let error = Call::decode(name, Some(more)).expect_err("one argument too many");
            assert_eq!(error.desc, "Parameter 'no such argument' is unexpected");
            if let Call::FileWrite { base64, .. } = call {
                let decoded = decode_base64_in_place(base64.clone()).ok();
                assert_eq!(decoded, decoded_slowly(&base64), "{base64:?}");
            }
        }
    }
}

/// Base64 letter by letter: `None` for whatever is wrong with it.
fn decoded_slowly(text: &str) -> Option<Vec<u8>> {
    let letters: Vec<u8> = text.bytes().filter(|&byte| byte != b'\n').collect();
    let mut decoded = Vec::new();
    for group in letters.chunks(4) {
        let used = group.iter().take_while(|&&byte| byte != b'=').count();
        let is_surplus = used == 0 && group.len() < 4;
        if group[used..].iter().any(|&byte| byte != b'=') || (used < 2 && !is_surplus) {
            return None;
        }
        let mut bits = 0_u32;
        for &letter in &group[..used] {
            let sextet = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(sextet);
        }
        bits <<= 6 * (4 - used);
        let bytes = bits.to_be_bytes();
        decoded.extend_from_slice(&bytes[1..1 + (used * 3) / 4]);
    }
    Some(decoded)
}

fn byte(bytes: &mut &[u8]) -> u8 {
    let Some((&first, rest)) = bytes.split_first() else {
        return 0;
    };
    *bytes = rest;
    first
}

fn object(bytes: &mut &[u8], depth: usize) -> Value {
    let mut members = serde_json::Map::new();
    for _ in 0..byte(bytes) % 8 {
        let name = match usize::from(byte(bytes)) {
            name if name < 250 => NAMES[name % NAMES.len()].to_owned(),
            _ => text(bytes),
        };
        members.insert(name, value(bytes, depth + 1));
    }
    Value::Object(members)
}

fn value(bytes: &mut &[u8], depth: usize) -> Value {
    let kind = byte(bytes);
    match kind % 12 {
        0 => Value::Null,
        1 => json!(kind & 16 != 0),
        2 => json!(i64::from(byte(bytes)) - 3),
        3 => json!(u64::MAX - u64::from(byte(bytes))),
        4 => json!(i64::MIN + i64::from(byte(bytes))),
        5 => json!(f64::from(byte(bytes)) / 2.0),
        6 => json!(WORDS[usize::from(byte(bytes)) % WORDS.len()]),
        7 => json!(text(bytes)),
        // Long enough for more than one block of base64.
        8 => json!(text(bytes).repeat(usize::from(byte(bytes)) * 8)),
        9 if depth < 4 => (0..byte(bytes) % 5)
            .map(|_| value(bytes, depth + 1))
            .collect(),
        10 if depth < 4 => object(bytes, depth),
        _ => json!(1),
    }
}

/// Bytes of the input, and words from the list in between.
fn text(bytes: &mut &[u8]) -> String {
    let mut text = String::new();
    for _ in 0..byte(bytes) % 16 {
        match byte(bytes) {
            letter if letter < 128 => text.push(char::from(letter)),
            word => text.push_str(WORDS[usize::from(word) % WORDS.len()]),
        }
    }
    text
}
