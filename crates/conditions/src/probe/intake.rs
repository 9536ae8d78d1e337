//! Takes the frames of an answer into the facts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_script::Frame;

use super::script::FILE_LIMIT;
use super::show;
use super::wants::Wants;
use crate::facts::{AGENT_PACKAGES, FileFacts, GuestFacts, PackageFacts};

/// How many units are kept, and how many files: what follows takes time for each pair of them.
const MAX_KEPT: usize = 1024;

/// Adds what `frames` say to `facts`; what was asked for and left out for its size is taken off
/// `asked` again.
pub(super) fn take(frames: &[Frame<'_>], asked: &mut Wants, facts: &mut GuestFacts) {
    let mut sizes = None;
    for frame in frames {
        let text = String::from_utf8_lossy(frame.body);
        match frame.kind {
            "boot-id" => facts.marks.boot_id = text.parse().ok(),
            "host" => facts.marks.host_name = Some(text.into_owned()).filter(|t| !t.is_empty()),
            "macs" => facts.marks.macs = text.lines().filter_map(mac).collect(),
            "uptime" => facts.uptime = uptime(&text),
            "uid" => facts.as_root = text == "0",
            "port" => facts.port_in_guest = Some(text == "yes"),
            "state" => facts.system_state = Some(text.into_owned()).filter(|t| is_word(t)),
            "jobs" if frame.status == "0" => facts.jobs = Some(jobs(&text)),
            "dpkg" | "rpm" => packages(frame, &text, facts),
            "rpm-scripts" if frame.status == "0" => {
                let path = "rpm -q --scripts qemu-guest-agent".to_owned();
                keep(facts, path, file(frame.body, frame.status == "cut"));
            }
            "units" => units(frame, &text, asked, facts),
            "command" => {
                if let Some((name, path)) = text.split_once(' ') {
                    facts.commands.insert(name.to_owned(), path.to_owned());
                    asked.programs.insert(path.to_owned());
                }
            }
            "denied" => {
                facts.gaps.insert(format!("{text} may not be read"));
            }
            "empty" => {
                keep(facts, text.into_owned(), file(b"", false));
            }
            "sizes" => sizes = Some((frame.status, text)),
            "content" => {
                if let Some((read, listed)) = &sizes {
                    contents(frame.body, read, listed, asked, facts);
                }
            }
            _ => {}
        }
    }
    if let Some(("0", listed)) = sizes {
        facts.gaps.insert(format!(
            "too much to read: {}",
            listed.lines().next().unwrap_or("")
        ));
    }
}

/// A MAC address in the usual form; none for interfaces without one.
fn mac(line: &str) -> Option<String> {
    let line = line.trim().to_ascii_lowercase();
    let is_mac = line.len() == 17
        && line.bytes().enumerate().all(|(at, b)| match at % 3 {
            2 => b == b':',
            _ => b.is_ascii_hexdigit(),
        });
    (is_mac && line != "00:00:00:00:00:00").then_some(line)
}

fn uptime(text: &str) -> Option<Duration> {
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() < 40
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn jobs(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.trim().to_owned());
    lines
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .take(200)
        .collect()
}

/// dpkg-query ends with 1 when it does not know a package; rpm with the number of those.
fn packages(frame: &Frame<'_>, text: &str, facts: &mut GuestFacts) {
    let mut found = BTreeMap::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        if let [name, status, version] = fields[..] {
            told.insert(name);
            let facts = PackageFacts {
                status: status.to_owned(),
                version: version.to_owned(),
            };
            found.insert(name.to_owned(), facts);
        } else if line.ends_with(" is not installed") {
            told.extend(line.split(' ').nth(1));
        }
    }
    let is_complete = match frame.kind {
        "dpkg" => matches!(frame.status, "0" | "1"),
        _ => AGENT_PACKAGES.iter().all(|name| told.contains(name)),
    };
    if is_complete {
        facts.packages.get_or_insert_default().extend(found);
    }
}

fn units(frame: &Frame<'_>, text: &str, asked: &Wants, facts: &mut GuestFacts) {
    if frame.status == "cut" {
        facts
            .gaps
            .insert("systemctl show printed too much".to_owned());
    }
    for unit in show::units(text) {
        if facts.units.len() >= MAX_KEPT {
            facts.gaps.insert("too many units to judge".to_owned());
            return;
        }
        let aliases = unit
            .words("Names")
            .into_iter()
            .filter(|name| asked.units.contains(name));
        for name in aliases.chain(unit.words("Id")) {
            facts.units.entry(name).or_insert_with(|| unit.clone());
        }
    }
}

fn keep(facts: &mut GuestFacts, path: String, file: FileFacts) {
    if facts.files.len() < MAX_KEPT {
        facts.files.insert(path, file);
    } else {
        facts.gaps.insert("too many files to judge".to_owned());
    }
}

fn file(body: &[u8], truncated: bool) -> FileFacts {
    FileFacts {
        text: String::from_utf8_lossy(body).into_owned(),
        truncated,
    }
}

/// Cuts the heads of the first `read` files apart by the sizes that `wc -c` printed.
fn contents(body: &[u8], read: &str, listed: &str, asked: &mut Wants, facts: &mut GuestFacts) {
    let count = read.parse().unwrap_or(0);
    let mut rest = body;
    for (at, line) in listed.lines().enumerate() {
        let Some((size, path)) = line.trim_start().split_once(' ') else {
            continue;
        };
        if at >= count {
            asked.files.remove(path);
            asked.programs.remove(path);
            continue;
        }
        let size: usize = size.parse().unwrap_or(0);
        let (head, tail) = rest.split_at(size.min(FILE_LIMIT).min(rest.len()));
        rest = tail;
        if !head.starts_with(b"\x7fELF") {
            keep(facts, path.to_owned(), file(head, size > FILE_LIMIT));
        }
    }
}
