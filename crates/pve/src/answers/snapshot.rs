//! Snapshots of one virtual machine.

use serde_json::Value;

use super::field::{flag, number, word};

/// One snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VmSnapshot {
    /// Its name.
    pub name: String,
    /// When it was taken, in seconds since 1970.
    pub taken: Option<u64>,
    /// It holds the machine's memory: going back to it starts the machine.
    pub memory: bool,
    /// What is done to it, or was begun and not ended (`prepare`, `delete`).
    pub state: Option<String>,
}

/// The row for what the machine is now.
const CURRENT: &str = "current";

impl VmSnapshot {
    /// The snapshots in the answer to [`crate::call::snapshot::list`], in its order.
    #[must_use]
    pub fn list(data: &Value) -> Vec<Self> {
        let rows = data.as_array().map(Vec::as_slice).unwrap_or_default();
        let rows = rows.iter().filter_map(Self::read);
        rows.filter(|it| it.name != CURRENT).collect()
    }

    fn read(row: &Value) -> Option<Self> {
        Some(Self {
            name: word(row, "name")?,
            taken: number(row, "snaptime").filter(|it| *it > 0),
            memory: flag(row, "vmstate").unwrap_or(false),
            state: word(row, "snapstate"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_machine_is_now_is_no_snapshot_and_a_row_without_a_name_is_none() {
        let answer = json!([
            {"name": "hospes-7", "snaptime": 1_795_360_274, "vmstate": 0, "description": "x\n"},
            {"name": "ready", "snaptime": "1795360275", "vmstate": 1, "parent": "hospes-7"},
            {"name": "half", "snaptime": 0, "snapstate": "prepare", "later": {}},
            {"snaptime": 3}, 7,
            {"name": "current", "running": 1, "parent": "ready", "description": "You are here!"},
        ]);
        let told = VmSnapshot::list(&answer).into_iter();
        let told: Vec<_> = told
            .map(|it| (it.name, it.taken, it.memory, it.state))
            .collect();
        let prepare = Some("prepare".to_owned());
        assert_eq!(
            told,
            [
                ("hospes-7".to_owned(), Some(1_795_360_274), false, None),
                ("ready".to_owned(), Some(1_795_360_275), true, None),
                ("half".to_owned(), None, false, prepare),
            ]
        );
        for nothing in [json!(null), json!({}), json!("x")] {
            assert!(VmSnapshot::list(&nothing).is_empty());
        }
    }
}
