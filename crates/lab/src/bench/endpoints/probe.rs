//! What a healthy Debian 12 guest answers to the scripts of a check.
//!
//! The first answer was recorded in a real one, but for what tells guests apart. Later scripts ask for
//! units by name: each is loaded, does nothing and names no other.

use std::fmt::Write as _;

const RECORDED: &str = include_str!("../../../../../fuzz/samples/probe.out");

/// What the recorded guest was.
const BOOT_ID: &str = "de2ce308-897c-4c7d-816a-48b9b697b54c";
const HOST: &str = "@host 0 3\nlab\n";
const MAC: &str = "52:54:00:12:34:56";

/// The address of every simulated guest's interface.
const OWN_MAC: &str = "bc:24:11:00:00:01";

const BEGIN: &str = "@hospes-probe 1 0\n\n";
const END: &str = "@end 0 0\n\n";

/// The answer to `script`, if it is one of a check.
pub(super) fn answer(script: &[u8], boot_id: &str, host: &str) -> Option<Vec<u8>> {
    let script = std::str::from_utf8(script).ok()?;
    if !script.contains("@hospes-probe") {
        return None;
    }
    let text = match script.contains("v boot-id") {
        true => first(script)
            .replacen(BOOT_ID, boot_id, 1)
            .replacen(HOST, &format!("@host 0 {}\n{host}\n", host.len()), 1)
            .replacen(MAC, OWN_MAC, 1),
        false => later(script),
    };
    Some(text.into_bytes())
}

/// The recorded answer; of units only what the script asks for, as systemctl does.
fn first(script: &str) -> String {
    let keys: Vec<&str> = asked(script).map_or_else(Vec::new, |(keys, _)| keys);
    let is_asked = |line: &&str| {
        let key = line.split_once('=').map(|(key, _)| key);
        key.is_none_or(|key| keys.contains(&key))
    };
    let mut rest = RECORDED.strip_prefix(BEGIN).unwrap_or_default();
    let mut text = BEGIN.to_owned();
    while let Some((head, after)) = rest.split_once('\n') {
        let length = head
            .rsplit(' ')
            .next()
            .and_then(|length| length.parse().ok());
        let Some((body, after)) = length.and_then(|length| after.split_at_checked(length)) else {
            break;
        };
        match head.starts_with("@units ") {
            true => {
                let units: Vec<&str> = body.lines().filter(is_asked).collect();
                frame(&mut text, "@units 0", &units.join("\n"));
            }
            false => frame(
                &mut text,
                head.rsplit_once(' ').map_or("", |(head, _)| head),
                body,
            ),
        }
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    text
}

fn frame(text: &mut String, head: &str, body: &str) {
    // Writing to a String cannot fail.
    let _ = write!(text, "{head} {}\n{body}\n", body.len());
}

/// Properties and units of `s units show --no-pager -p KEY,KEY -- 'UNIT' 'UNIT'`.
fn asked(script: &str) -> Option<(Vec<&str>, &str)> {
    let mut lines = script.lines();
    let asked = lines.find_map(|line| line.strip_prefix("s units show --no-pager -p "))?;
    let (keys, names) = asked.split_once(" -- ")?;
    Some((keys.split(',').collect(), names))
}

fn later(script: &str) -> String {
    let mut text = BEGIN.to_owned();
    if let Some((keys, names)) = asked(script) {
        frame(&mut text, "@units 0", &units(&keys, names));
    }
    text + END
}

fn units(keys: &[&str], names: &str) -> String {
    let block = |name: &str| {
        let lines = keys
            .iter()
            .map(|key| format!("{key}={}\n", value(key, name)));
        lines.collect::<String>()
    };
    let names = names.split_whitespace().map(|name| name.trim_matches('\''));
    let blocks: Vec<String> = names.map(block).collect();
    blocks.join("\n").trim_end().to_owned()
}

fn value<'a>(key: &str, unit: &'a str) -> &'a str {
    match key {
        "Id" | "Names" => unit,
        "LoadState" => "loaded",
        "ActiveState" => "active",
        "SubState" => "running",
        "UnitFileState" => "static",
        "NeedDaemonReload" | "Transient" => "no",
        key if key.ends_with("Action") => "none",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use conditions::{Probe, ProbeStep, Via};

    use super::*;

    #[test]
    fn the_probe_reads_a_guest_to_its_end() {
        let mut probe = Probe::new(Via::Ssh);
        let mut script = probe.script();
        let mut rounds = 1;
        let facts = loop {
            let answer = answer(script.as_bytes(), &super::super::boot_id(7), "g00007").unwrap();
            match probe.handle(&answer).unwrap() {
                ProbeStep::Run(next) => script = next,
                ProbeStep::Done(facts) => break facts,
            }
            rounds += 1;
        };
        assert!(rounds > 1, "units are asked for by name");
        assert_eq!(facts.marks.host_name.as_deref(), Some("g00007"));
        assert!(facts.marks.macs.contains(OWN_MAC));
        let boot = facts.marks.boot_id.unwrap();
        assert_eq!(boot.as_str(), super::super::boot_id(7));
        assert!(facts.gaps.is_empty(), "{:?}", facts.gaps);
    }

    #[test]
    fn other_scripts_are_not_answered() {
        assert_eq!(answer(b"reboot", "", ""), None);
    }
}
