//! A document as rows for people; drawing them is the caller's.

use conditions::Timestamp;

use super::{Document, LeftOut, PlannedGroup, PlannedMember};
use crate::window::Zone;

/// What stands in the columns of a [`Row`].
pub const COLUMNS: [&str; 6] = ["WHO", "NODE", "GROUP", "WAVE", "NOT BEFORE", "NOTE"];

/// A line of the table, a text a column.
pub type Row = [String; COLUMNS.len()];

const NOTHING: &str = "-";

impl Document {
    /// Everybody: first who is patched, in the order of groups and waves, then who is not, and why.
    #[must_use]
    pub fn table(&self) -> Vec<Row> {
        let zones = self.groups.iter().map(|group| (group, self.zone(group)));
        let planned = zones.flat_map(|(group, zone)| planned(group, &zone));
        planned.chain(self.left_out.iter().map(left_out)).collect()
    }
}

fn planned(group: &PlannedGroup, zone: &Zone) -> Vec<Row> {
    let mut rows = Vec::new();
    for (place, wave) in group.waves.iter().enumerate() {
        let number = place + 1;
        let named = match &wave.name {
            Some(name) => format!("{number} {name}"),
            None => number.to_string(),
        };
        let approval = wave.approval.as_ref();
        let note = approval.map_or_else(String::new, |word| format!("waits for the word `{word}`"));
        let row = |member: &PlannedMember| -> Row {
            [
                member.id.to_string(),
                shown(member.host.as_ref()),
                group.name.clone(),
                named.clone(),
                when(member.earliest, zone),
                note.clone(),
            ]
        };
        rows.extend(wave.members.iter().map(row));
    }
    rows
}

fn when(earliest: Option<Timestamp>, zone: &Zone) -> String {
    match earliest {
        Some(at) => format!("{} {}", zone.shown(at), zone.name()),
        None => "after the deadline".to_owned(),
    }
}

fn left_out(left_out: &LeftOut) -> Row {
    [
        left_out.id.to_string(),
        shown(left_out.host.as_ref()),
        shown(left_out.group.as_ref()),
        NOTHING.to_owned(),
        NOTHING.to_owned(),
        left_out.reason.to_string(),
    ]
}

fn shown(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), ToString::to_string)
}
