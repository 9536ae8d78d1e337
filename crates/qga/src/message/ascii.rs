//! JSON as QEMU's agent writes it: ASCII only, and a space after each colon and comma.
//!
//! Proxmox reads a reply as characters (Perl's `from_json`), not as UTF-8: other text than ASCII
//! must come escaped to arrive as it is. Scripts that look for `{"return": {}}` find it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

/// Appends a value to `out`.
pub(super) fn append(value: &Value, out: &mut Vec<u8>) {
    let mut serializer = Serializer::with_formatter(out, Ascii);
    value
        .serialize(&mut serializer)
        .expect("a Vec takes any bytes, and a JSON value holds only what JSON has");
}

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut rest = fragment;
        loop {
            let plain = crate::server::run_length(rest.as_bytes(), |byte| byte >= 0x7F);
            let (run, more) = rest.split_at(plain);
            writer.write_all(run.as_bytes())?;
            let mut characters = more.chars();
            let Some(character) = characters.next() else {
                return Ok(());
            };
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04X}")?;
            }
            rest = characters.as_str();
        }
    }

    fn begin_array_value<W>(&mut self, writer: &mut W, first: bool) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        separate(writer, first)
    }

    fn begin_object_key<W>(&mut self, writer: &mut W, first: bool) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        separate(writer, first)
    }

    fn begin_object_value<W>(&mut self, writer: &mut W) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        writer.write_all(b": ")
    }
}

fn separate<W: ?Sized + Write>(writer: &mut W, first: bool) -> io::Result<()> {
    if first {
        Ok(())
    } else {
        writer.write_all(b", ")
    }
}
