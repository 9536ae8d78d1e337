//! A writable disk, and the snapshots inside it.

use std::collections::BTreeMap;
use std::time::Duration;

use conditions::Timestamp;
use lifecycle::ports::Snapshot;
use serde_json::Value;

/// A writable disk of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disk {
    /// What QEMU calls it, or its file.
    pub(super) name: String,
    /// Its image format.
    pub(super) format: String,
    /// In the order of their making.
    pub(super) inside: Vec<Inside>,
}

/// A snapshot inside one disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inside {
    pub(super) name: String,
    pub(super) at: Option<Timestamp>,
}

/// The only format that holds snapshots.
pub(super) const QCOW2: &str = "qcow2";

/// Where a snapshot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// In each disk.
    Everywhere,
    /// In none.
    Nowhere,
    /// In some; these lack it.
    MissingIn(Vec<String>),
}

impl Disk {
    pub(super) fn holds(&self, name: &str) -> bool {
        self.inside.iter().any(|it| it.name == name)
    }
}

/// The snapshots in what QEMU and qemu-img alike tell of an image (`ImageInfo`).
pub(super) fn inside(image: &Value) -> Vec<Inside> {
    let rows = image.get("snapshots").and_then(Value::as_array);
    let rows = rows.map(Vec::as_slice).unwrap_or_default().iter();
    rows.filter_map(|row| {
        let name = row.get("name")?.as_str()?;
        let printable = name.chars().filter(|it| !it.is_control());
        Some(Inside {
            name: printable.take(LONGEST_NAME).collect(),
            at: taken_at(row),
        })
    })
    .collect()
}

/// As much of a name as is taken over. Those of hospes are shorter.
const LONGEST_NAME: usize = 200;

fn taken_at(row: &Value) -> Option<Timestamp> {
    let part = |key: &str| row.get(key).and_then(Value::as_u64);
    let (seconds, nanos) = (part("date-sec")?, part("date-nsec").unwrap_or(0));
    let since = Duration::from_secs(seconds).checked_add(Duration::from_nanos(nanos))?;
    let millis = u64::try_from(since.as_millis()).ok()?;
    (millis > 0).then(|| Timestamp::from_millis(millis))
}

/// The disks that can hold no snapshot, for people.
pub(super) fn unfit(disks: &[Disk]) -> Option<String> {
    let unfit = disks.iter().filter(|it| it.format != QCOW2);
    let named = unfit.map(|it| format!("{} ({})", it.name, it.format));
    let named: Vec<_> = named.collect();
    (!named.is_empty()).then(|| named.join(", "))
}

/// Where a snapshot is among the disks. One that is in no disk at all is nowhere.
pub(super) fn whereabouts(disks: &[Disk], name: &str) -> Whereabouts {
    let lacking: Vec<_> = disks.iter().filter(|it| !it.holds(name)).collect();
    if lacking.len() == disks.len() {
        return Whereabouts::Nowhere;
    }
    if lacking.is_empty() {
        return Whereabouts::Everywhere;
    }
    Whereabouts::MissingIn(lacking.into_iter().map(|it| it.name.clone()).collect())
}

/// The snapshots of the machine, oldest first.
pub(super) fn listed(disks: &[Disk]) -> Vec<Snapshot> {
    let mut times: BTreeMap<&str, Option<Timestamp>> = BTreeMap::new();
    for inside in disks.iter().flat_map(|disk| &disk.inside) {
        let at = times.entry(&inside.name).or_default();
        *at = (*at).max(inside.at);
    }
    let snapshots = times.into_iter().map(|(name, at)| Snapshot {
        name: name.to_owned(),
        at,
        is_whole: whereabouts(disks, name) == Whereabouts::Everywhere,
    });
    let mut snapshots: Vec<_> = snapshots.collect();
    snapshots.sort_by_key(|it| it.at);
    snapshots
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn disk(name: &str, format: &str, snapshots: &Value) -> Disk {
        Disk {
            name: name.to_owned(),
            format: format.to_owned(),
            inside: inside(&json!({ "snapshots": snapshots })),
        }
    }

    #[test]
    fn a_snapshot_is_whole_where_each_writable_disk_has_it() {
        let of =
            |name: &str, at: u64| json!({"name": name, "date-sec": at, "date-nsec": 5_000_000});
        let a = disk("a", QCOW2, &json!([of("new", 30), of("both", 20)]));
        let b = disk(
            "b",
            QCOW2,
            &json!([of("both", 21), {"name": "old"}, {"id": "7"}, 3]),
        );
        let told = |disks: &[Disk]| {
            let listed = listed(disks).into_iter();
            let told = listed.map(|it| {
                let at = it.at.map_or(0, |at| at.as_millis());
                format!("{} {at} {}", it.name, it.is_whole)
            });
            told.collect::<Vec<_>>()
        };
        let both = [a, b];
        assert_eq!(
            told(&both),
            ["old 0 false", "both 21005 true", "new 30005 false"]
        );
        let missing = Whereabouts::MissingIn(vec!["b".to_owned()]);
        assert_eq!(whereabouts(&both, "new"), missing);
        assert_eq!(whereabouts(&both, "none"), Whereabouts::Nowhere);
        assert_eq!(whereabouts(&[], "none"), Whereabouts::Nowhere);
        assert_eq!(unfit(&both), None);

        let with_raw = [&both[..], &[disk("c", "raw", &json!(null))]].concat();
        assert_eq!(unfit(&with_raw).as_deref(), Some("c (raw)"));
        assert!(told(&with_raw).iter().all(|it| it.ends_with("false")));
    }
}
