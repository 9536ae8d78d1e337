//! Failed units of systemd.

use std::collections::BTreeSet;

use crate::wire::{Frame, clip};

/// How many are kept.
const MAX_UNITS: usize = 500;

/// Prints the frame that [`failed`] takes.
pub(crate) const SCRIPT: &str = "has systemctl && r failed 20 systemctl list-units --failed --plain --no-legend --full --no-pager\n";

/// The names of failed units; none where systemd did not answer.
pub(crate) fn failed(frames: &[Frame<'_>]) -> Option<BTreeSet<String>> {
    let frame = frames.iter().find(|frame| frame.kind == "failed")?;
    let text = frame.text();
    let units = text
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let units = units.filter(|unit| unit.contains('.')).take(MAX_UNITS);
    frame
        .is_ok()
        .then(|| units.map(|unit| clip(unit, 256)).collect())
}
