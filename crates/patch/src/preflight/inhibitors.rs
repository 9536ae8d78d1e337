//! What `systemd-inhibit --list` prints: a table whose columns are told by its header, or one
//! paragraph each before systemd 240.

use serde::{Deserialize, Serialize};

use crate::wire::clip;

/// How many are kept.
const MAX_KEPT: usize = 100;

/// Somebody who does not want the machine to go down or to sleep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inhibitor {
    /// Who.
    pub who: String,
    /// What: `shutdown`, `sleep`, `idle`, joined by colons.
    pub what: String,
    /// Why.
    pub why: String,
    /// `block`, `block-weak` or `delay`.
    pub mode: String,
}

impl Inhibitor {
    /// It forbids a shutdown; one that only delays it does not.
    #[must_use]
    pub fn blocks_shutdown(&self) -> bool {
        let is_shutdown = self.what.split(':').any(|what| what == "shutdown");
        is_shutdown && self.mode.starts_with("block")
    }
}

pub(super) fn read(text: &str) -> Vec<Inhibitor> {
    let mut lines = text.lines();
    let header = lines.by_ref().find(|line| line.starts_with("WHO "));
    let Some(columns) = header.and_then(columns) else {
        return paragraphs(text);
    };
    let rows = lines.take_while(|line| !line.trim().is_empty());
    rows.filter_map(|line| row(line, columns))
        .take(MAX_KEPT)
        .collect()
}

/// Where WHO ends (at UID), where WHAT, WHY and MODE begin.
fn columns(header: &str) -> Option<[usize; 4]> {
    Some([
        header.find(" UID ")?,
        header.find("WHAT ")?,
        header.find("WHY ")?,
        header.find("MODE")?,
    ])
}

fn row(line: &str, [uid, what, why, mode]: [usize; 4]) -> Option<Inhibitor> {
    let cell = |from: usize, to: usize| line.get(from..to).map(|text| clip(text, 200));
    Some(Inhibitor {
        who: cell(0, uid)?,
        what: cell(what, why)?,
        why: cell(why, mode)?,
        mode: cell(mode, line.len())?,
    })
}

/// `     Who: NAME (UID 0/root, PID 493/comm)`, `    What:`, `     Why:`, `    Mode:`.
fn paragraphs(text: &str) -> Vec<Inhibitor> {
    let mut found: Vec<Inhibitor> = Vec::new();
    for line in text.lines() {
        let Some((key, value)) = line.trim_start().split_once(": ") else {
            continue;
        };
        let value = clip(value, 200);
        if key == "Who" && found.len() < MAX_KEPT {
            let who = value.split(" (UID ").next().unwrap_or("").to_owned();
            let (what, why, mode) = Default::default();
            found.push(Inhibitor {
                who,
                what,
                why,
                mode,
            });
        } else if let Some(last) = found.last_mut() {
            match key {
                "What" => last.what = value,
                "Why" => last.why = value,
                "Mode" => last.mode = value,
                _ => {}
            }
        }
    }
    found
}
