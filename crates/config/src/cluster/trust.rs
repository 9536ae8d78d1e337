//! Where a cluster's API is, and how it is known to be the right one.

use pve::{Endpoint, Trust};

use crate::address::host_and_port;
use toml_file::value::{Text, text, texts};
use toml_file::{Fault, Mistakes, Table, Value};

use crate::value::Origin;

/// Where `pveproxy` listens.
const PORT: u16 = 8006;

/// The addresses of the API, one or more.
pub(super) fn endpoints(table: &Table<'_>, mistakes: &mut Mistakes) -> Option<Vec<Endpoint>> {
    if !table.has("endpoints") {
        let lacks = format!("{} lacks `endpoints`", table.title());
        let note = r#"add endpoints = ["pve1.example.net"]"#;
        mistakes.push(Fault::new(table.span(), lacks).with_note(note));
    }
    table.read("endpoints", mistakes, |value| listed(value, endpoint))
}

/// The certificates that are named, else the authorities that are, else those of the system.
pub(super) fn trust(table: &Table<'_>, origin: Origin<'_>, mistakes: &mut Mistakes) -> Trust {
    let pinned = table.read("fingerprint", mistakes, |value| listed(value, fingerprint));
    let authorities = table.read("ca-file", mistakes, |value| origin.path(text(value)?));
    if table.has("fingerprint") {
        let note = "certificates are known by their fingerprints, or by who signed them";
        table.refuse("ca-file", "is there beside `fingerprint`", note, mistakes);
    }
    match (pinned, authorities) {
        (Some(pinned), _) => Trust::Pinned(pinned),
        (None, Some(file)) => Trust::Authorities(file),
        (None, None) => Trust::System,
    }
}

fn listed<'t, T>(
    value: &'t Value<'t>,
    parse: impl Fn(Text<'t>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let items: Vec<T> = texts(value)?
        .into_iter()
        .map(parse)
        .collect::<Result<_, _>>()?;
    if items.is_empty() {
        return Err(Fault::new(value.span(), "is an empty list"));
    }
    Ok(items)
}

fn endpoint((text, span): Text<'_>) -> Result<Endpoint, Fault> {
    let wanted = "expects `host`, `host:8006` or `[2001:db8::1]:8006`, without https://";
    let (host, port) = host_and_port(text).ok_or_else(|| Fault::new(span, wanted))?;
    Ok(Endpoint {
        host: host.to_owned(),
        port: port.unwrap_or(PORT),
    })
}

/// Hexadecimal, with colons or without, as `openssl` and the web interface show it.
fn fingerprint((text, span): Text<'_>) -> Result<[u8; 32], Fault> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| *c != ':')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()
        .unwrap_or_default();
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect();
    let exact = digits.len() == 64;
    <[u8; 32]>::try_from(bytes)
        .ok()
        .filter(|_| exact)
        .ok_or_else(|| {
            Fault::new(
                span,
                "expects a certificate's SHA-256 fingerprint, 32 bytes such as `AB:CD:...`",
            )
            .with_note("`pvenode cert info` shows it on the node, and so does the web interface")
        })
}
