//! What a comparison found.

use std::collections::BTreeMap;
use std::io::Write;

use crate::agreement::Verdict;
use crate::differences::{DIFFERENCES, Seen};
use crate::line::Line;
use crate::story::Step;

/// Findings that are printed; more would hide the first.
const SHOWN: usize = 40;

#[derive(Default)]
pub(crate) struct Report {
    seed: u64,
    exact: usize,
    in_shape: usize,
    listed: usize,
    by_key: BTreeMap<&'static str, usize>,
    different: Vec<String>,
}

impl Report {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, step: &Step, peer: &[Line], ours: &[Line], verdict: Verdict) {
        match verdict {
            Verdict::Exact => self.exact += 1,
            Verdict::Shape => self.in_shape += 1,
            Verdict::Listed(keys) => {
                self.listed += 1;
                if std::env::var("HOSPES_LISTED").is_ok_and(|key| keys.contains(&key.as_str())) {
                    println!("{}", exchange(step, peer, ours));
                }
                for key in keys {
                    *self.by_key.entry(key).or_default() += 1;
                }
            }
            Verdict::Different(why) => {
                let exchange = exchange(step, peer, ours);
                self.different.push(format!("{why}: {exchange}"));
            }
        }
    }

    /// Prints the figures and fails when an answer differed as nothing says, or when the table
    /// says what is not so.
    pub(crate) fn conclude(self, peer_commands: &[String]) {
        let all = self.exact + self.in_shape + self.listed + self.different.len();
        tell(&format!(
            "{all} requests compared with qemu-ga (seed {}): {} the same, {} the same in class \
             and shape, {} different as listed, {} different",
            self.seed,
            self.exact,
            self.in_shape,
            self.listed,
            self.different.len()
        ));
        for (key, count) in &self.by_key {
            println!("  {count:5} {key}");
        }
        let shown = std::env::var("HOSPES_SHOWN").map_or(SHOWN, |text| text.parse().unwrap());
        for finding in self.different.iter().take(shown) {
            println!("\n{finding}");
        }
        assert!(
            self.different.is_empty(),
            "{} answers differ; repeat with HOSPES_SEED={}",
            self.different.len(),
            self.seed
        );
        self.unseen(peer_commands);
    }

    /// An entry that is sure to be seen and was not has become untrue.
    fn unseen(&self, peer_commands: &[String]) {
        let sure = DIFFERENCES
            .iter()
            .filter(|difference| match difference.seen {
                Seen::Always => true,
                Seen::WithPeerThatLacks(command) => {
                    !peer_commands.iter().any(|name| name == command)
                }
                Seen::Perhaps => false,
            });
        let unseen: Vec<_> = sure
            .map(|difference| difference.key)
            .filter(|key| !self.by_key.contains_key(key))
            .collect();
        let is_subject = std::env::var_os("HOSPES_AGENT").is_none();
        assert!(
            unseen.is_empty() || !is_subject,
            "listed and not seen: {unseen:?}"
        );
    }
}

fn exchange(step: &Step, peer: &[Line], ours: &[Line]) -> String {
    let (step, peer, ours) = (step.shown(), shown(peer), shown(ours));
    format!("{step}\n  qemu-ga {peer}\n  ours    {ours}")
}

fn shown(lines: &[Line]) -> String {
    let lines: Vec<_> = lines.iter().map(Line::shown).collect();
    lines.join("\n          ")
}

/// Shows a line even of a test that passes.
pub(crate) fn tell(line: &str) {
    // Nobody may be there to read it.
    let _ = writeln!(std::io::stderr(), "{line}");
}
