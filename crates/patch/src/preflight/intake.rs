//! Takes the frames of an answer into the facts.

use super::{LockHolder, Os, Pin, Preflight, Space, audit, inhibitors};
use crate::reboot::Signs;
use crate::units;
use crate::wire::{Frame, clip};

/// How many things of a kind are kept.
const MAX_KEPT: usize = 500;

pub(super) fn take(frames: &[Frame<'_>]) -> Preflight {
    let mut facts = Preflight {
        reboot: Signs::read(frames),
        failed_units: units::failed(frames),
        ..Preflight::default()
    };
    for frame in frames {
        let text = frame.text();
        match frame.kind {
            "os" => facts.os = os(&text),
            "boot-id" => facts.boot_id = text.parse().ok(),
            "uid" => facts.as_root = text == "0",
            "systemd" => facts.has_systemd = frame.is_ok(),
            "apt" if frame.is_ok() => {
                facts.apt = text.split_whitespace().nth(1).map(|v| clip(v, 40));
            }
            "held" if frame.is_ok() => facts.held = lines(&text).collect(),
            "check" if !frame.is_ok() => facts.broken = Some(broken(&text)),
            "policy" if frame.is_ok() => facts.pins = pins(&text),
            "audit" => facts.unsettled = audit(&text),
            "journal" => facts.journal = text.parse().unwrap_or(0),
            "locks" => facts.locks = text.lines().filter_map(lock).take(MAX_KEPT).collect(),
            "inhibitors" if frame.is_ok() => facts.inhibitors = inhibitors::read(&text),
            "molly-guard" => facts.molly_guard = true,
            kind => {
                let path = kind.strip_prefix("space:").filter(|_| frame.is_ok());
                let space = path.and_then(|path| space(path, &text));
                facts.space.extend(space);
            }
        }
    }
    facts
}

fn lines(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().map(|line| clip(line, 200));
    lines.filter(|line| !line.is_empty()).take(MAX_KEPT)
}

/// `KEY=value`, the value perhaps in quotes.
fn os(text: &str) -> Os {
    let value = |key: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        let found = lines.find(|(name, _)| *name == key);
        found.map_or(String::new(), |(_, value)| {
            clip(value.trim_matches(['"', '\'']), 120)
        })
    };
    Os {
        id: value("ID"),
        like: value("ID_LIKE"),
        version: value("VERSION_ID"),
        codename: value("VERSION_CODENAME"),
        pretty: value("PRETTY_NAME"),
    }
}

/// The last line of `df -kP`: file system, size, used, free, percent, mount point.
fn space(path: &str, text: &str) -> Option<Space> {
    let line = text.lines().last()?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let percent = words.iter().position(|word| word.ends_with('%'))?;
    Some(Space {
        path: path.to_owned(),
        mount: clip(&words[percent + 1..].join(" "), 200),
        free: words.get(percent.checked_sub(1)?)?.parse().ok()?,
    })
}

/// What `apt-get check` complains: the dependencies, then the errors.
fn broken(text: &str) -> String {
    let is_word = |line: &&str| line.starts_with(' ') || line.starts_with("E: ");
    let words: Vec<&str> = text.lines().filter(is_word).collect();
    let said = if words.is_empty() {
        text.to_owned()
    } else {
        words.join(" ")
    };
    clip(&said, 400)
}

/// `     openssl -> 3.0.19-1 with priority 1001`, after `Pinned packages:`.
fn pins(text: &str) -> Vec<Pin> {
    let lines = text.lines().skip_while(|line| *line != "Pinned packages:");
    let pins = lines.skip(1).filter_map(|line| {
        let (package, rest) = line.trim().split_once(" -> ")?;
        let (version, priority) = rest.split_once(" with priority ")?;
        Some(Pin {
            package: clip(package, 200),
            version: clip(version, 200),
            priority: priority.parse().ok()?,
        })
    });
    pins.take(MAX_KEPT).collect()
}

/// `PID FILE UNIT COMMAND`.
fn lock(line: &str) -> Option<LockHolder> {
    let mut words = line.splitn(4, ' ');
    let pid = words.next()?.parse().ok()?;
    let file = words.next()?.to_owned();
    let unit = words.next()?;
    Some(LockHolder {
        file,
        pid,
        command: clip(words.next().unwrap_or(""), 80),
        unit: (unit.ends_with(".service") || unit.ends_with(".scope")).then(|| clip(unit, 200)),
    })
}
