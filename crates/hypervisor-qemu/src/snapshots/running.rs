//! Snapshots of a machine whose monitor answers.

use lifecycle::ports::{HypervisorError, Snapshot, SnapshotName, Taken};
use serde_json::Value;
use tokio::time::Instant;

use super::disk::{Disk, Whereabouts, inside, listed, unfit, whereabouts};
use crate::guest::LocalGuest;
use crate::observe::lock_of;
use crate::qmp::{Change, Monitor, QmpError, Question};

/// A machine's monitor, and its writable disks at the last look.
#[derive(Debug)]
pub(super) struct Running {
    monitor: Monitor,
    lock: Option<String>,
    disks: Vec<Disk>,
}

impl Running {
    /// Connects and looks at the disks, and for what else is at work on them.
    pub(super) async fn connect(guest: &LocalGuest) -> Result<Self, QmpError> {
        let mut monitor = Monitor::connect(&guest.qmp, guest.deadlines).await?;
        let about_work = [Question::Migration, Question::BlockJobs];
        let mut answers = monitor.ask(&about_work).await?.into_iter();
        let mut next = || answers.next().and_then(Result::ok);
        let lock = lock_of(next(), next());
        let disks = disks_of(&mut monitor, guest).await?;
        Ok(Self {
            monitor,
            lock,
            disks,
        })
    }

    /// The same, unless a block job or a migration works on the disks: it hides what is in them.
    pub(super) fn unlocked(self) -> Result<Self, HypervisorError> {
        match &self.lock {
            None => Ok(self),
            Some(lock) => Err(HypervisorError::Refused(format!(
                "nothing was done to snapshots: {lock} is active; wait until it ends"
            ))),
        }
    }

    pub(super) fn list(&self) -> Vec<Snapshot> {
        listed(&self.disks)
    }

    /// One snapshot of all disks at one moment.
    pub(super) async fn take(
        mut self,
        guest: &LocalGuest,
        name: &SnapshotName,
        end: Instant,
    ) -> Result<Taken, HypervisorError> {
        if let Some(reason) = objection(&self.disks) {
            return Err(HypervisorError::Refused(format!(
                "{name} was not taken: {reason}"
            )));
        }
        match whereabouts(&self.disks, name.as_str()) {
            Whereabouts::Everywhere => return Ok(self.taken(name, true)),
            Whereabouts::Nowhere => {}
            Whereabouts::MissingIn(disks) => {
                let disks = disks.join(", ");
                return Err(HypervisorError::Refused(format!(
                    "{name} was not taken: some disks have a snapshot of that name, and {disks} \
                     has none; delete it and take it again"
                )));
            }
        }
        let devices = self.disks.iter().map(|it| it.name.clone()).collect();
        let change = Change::Take {
            devices,
            name: name.to_string(),
        };
        self.perform(&change, end).await?;
        if let Ok(disks) = disks_of(&mut self.monitor, guest).await {
            self.disks = disks;
        }
        Ok(self.taken(name, false))
    }

    fn taken(&self, name: &SnapshotName, was_there: bool) -> Taken {
        let mut all = self.list().into_iter();
        let at = all.find(|it| it.name == name.as_str());
        let disks: Vec<_> = self.disks.iter().map(|it| it.name.as_str()).collect();
        let how = if was_there {
            "query-block"
        } else {
            "transaction"
        };
        Taken {
            name: name.clone(),
            at: at.and_then(|it| it.at),
            was_there,
            evidence: format!("{how}: {name} is in {}", disks.join(", ")),
        }
    }

    /// Deletes it from each disk that has it.
    pub(super) async fn delete(
        mut self,
        name: &SnapshotName,
        end: Instant,
    ) -> Result<String, HypervisorError> {
        let mut deleted = Vec::new();
        let holding = self.disks.iter().flat_map(|disk| {
            let same = disk.inside.iter().filter(|it| it.name == name.as_str());
            same.map(|_| disk.name.clone())
        });
        for device in holding.collect::<Vec<_>>() {
            let change = Change::Delete {
                device: device.clone(),
                name: name.to_string(),
            };
            self.perform(&change, end).await?;
            deleted.push(device);
        }
        Ok(super::told_deleted(name, &deleted))
    }

    async fn perform(&mut self, change: &Change, end: Instant) -> Result<(), HypervisorError> {
        let what = change.name();
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(HypervisorError::Unreachable(format!(
                "{what} was not sent: the deadline was over before"
            )));
        }
        match self.monitor.perform(change, left).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(words)) => Err(HypervisorError::Refused(format!("{what}: {words}"))),
            Err(error) => Err(HypervisorError::TimedOut(format!(
                "whether {what} had its effect is not known: {error}"
            ))),
        }
    }
}

/// Why no snapshot of these disks can be taken.
fn objection(disks: &[Disk]) -> Option<String> {
    if disks.is_empty() {
        return Some("the machine has no writable disk".to_owned());
    }
    let unfit = unfit(disks)?;
    Some(format!(
        "{unfit} is writable and no qcow2 image, which alone holds snapshots; while the machine is \
         off, convert it with `qemu-img convert -O qcow2` and change the guest's command, or go on \
         without a snapshot"
    ))
}

async fn disks_of(monitor: &mut Monitor, guest: &LocalGuest) -> Result<Vec<Disk>, QmpError> {
    let answer = monitor.ask(&[Question::Disks]).await?.pop();
    let unreadable = |detail: String| QmpError::Garbage {
        path: guest.qmp.clone(),
        detail: format!("query-block: {detail}"),
    };
    let rows = answer.unwrap_or_else(|| Err("no answer".to_owned()));
    let rows = rows.map_err(unreadable)?;
    let rows = rows.as_array().map(Vec::as_slice);
    let rows = rows.ok_or_else(|| unreadable("the answer is no list".to_owned()))?;
    Ok(rows.iter().filter_map(writable).collect())
}

/// The disk of one row of `query-block`, if something writable is inserted.
fn writable(row: &Value) -> Option<Disk> {
    let inserted = row.get("inserted")?;
    if inserted.get("ro").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    let text = |of: &Value, key: &str| {
        let text = of.get(key).and_then(Value::as_str);
        text.filter(|it| !it.is_empty()).map(str::to_owned)
    };
    // A device that was made with `-device` alone has no name: its root node has.
    let name = text(row, "device").or_else(|| text(inserted, "node-name"));
    Some(Disk {
        name: name.unwrap_or_else(|| "a disk without a name".to_owned()),
        format: text(inserted, "drv").unwrap_or_else(|| "unknown format".to_owned()),
        inside: inside(inserted.get("image").unwrap_or(&Value::Null)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_read_only_or_empty_is_no_disk_to_take() {
        let rows = json!([
            {"device": "virtio0", "inserted": {"ro": false, "drv": "qcow2", "node-name": "#b1",
             "image": {"snapshots": [{"name": "hospes-7", "date-sec": 7}]}}},
            {"device": "", "inserted": {"ro": false, "drv": "raw", "node-name": "vars"}},
            {"device": "cd", "inserted": {"ro": true, "drv": "raw"}},
            {"device": "", "removable": true},
            {"device": "odd", "inserted": 7},
        ]);
        let rows = rows.as_array().unwrap();
        let disks: Vec<_> = rows.iter().filter_map(writable).collect();
        let told: Vec<_> = disks
            .iter()
            .map(|it| (it.name.as_str(), it.format.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("virtio0", "qcow2"),
                ("vars", "raw"),
                ("odd", "unknown format")
            ]
        );
        assert!(disks[0].holds("hospes-7"));
        let reason = objection(&disks).unwrap();
        assert!(
            reason.starts_with("vars (raw), odd (unknown format) is writable"),
            "{reason}"
        );
        assert_eq!(objection(&disks[..1]), None);
        assert!(objection(&[]).unwrap().contains("no writable disk"));
    }
}
