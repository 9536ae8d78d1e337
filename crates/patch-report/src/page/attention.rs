//! What needs a person.

use super::{Block, MatterItem, Section};
use crate::report::Report;
use crate::words::some;

/// So many members are named.
const NAMED: usize = 12;
/// So many things are told; the rest is in the JSON form.
const TOLD: usize = 200;

pub(super) fn section(report: &Report) -> Section {
    let heading = "What needs a person";
    if report.attention.is_empty() {
        let blocks = vec![Block::Words("Nothing.".to_owned())];
        return Section { heading, blocks };
    }
    let told = report.attention.iter().take(TOLD).map(|one| MatterItem {
        word: one.matter.word(),
        who: some(&one.members, NAMED),
        what: one.complaint.what.clone(),
        next: one.complaint.next.clone(),
    });
    let mut blocks = vec![Block::Matters(told.collect())];
    let others = report.attention.len().saturating_sub(TOLD);
    if others > 0 {
        let text = format!("{others} others are in the JSON form.");
        blocks.push(Block::Words(text));
    }
    Section { heading, blocks }
}
