//! What tasks about snapshots do.
//!
//! ```text
//! take      lock ─ configuration lock? name free? ─ freeze ─ disks ─ thaw ─ written down
//! delete    lock ─ configuration lock? is there?  ─ disks ─ forgotten
//! rollback  lock ─ configuration lock? is whole?  ─ power cut, if it runs ─ disks ─ start, if asked
//! ```
//!
//! While a task works, the configuration has a lock of its own; one that is killed leaves it behind,
//! and the snapshot half made.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::guest::{DiskWork, Guest, Snapshot};
use super::permission::Principal;
use super::power::{begin_start, kill_if_wanted, refuse_locked, with_lock};
use super::shared::{Shared, now};
use super::task::Task;

const PING: Duration = Duration::from_secs(3);
const FREEZE: Duration = Duration::from_secs(60);

type Ended = Result<(), String>;

/// The work of a `qmsnapshot` task.
pub(super) async fn take(
    shared: Arc<Shared>,
    guest: Arc<Guest>,
    task: Arc<Task>,
    name: String,
    description: String,
) -> Ended {
    let work = async {
        refuse_locked(&shared, &guest)?;
        prepare(&guest, &name, description)?;
        lock(&guest, "snapshot");
        kill_if_wanted(&shared, &guest, &task).await;
        let is_frozen = freeze(&guest, &task).await;
        let taken = guest.machine.disks(DiskWork::Take, &name).await;
        if is_frozen {
            tell(&guest, &task, "guest-fsfreeze-thaw").await;
        }
        unlock(&guest);
        let mut saved = guest.snapshots();
        if let Err(error) = taken {
            saved.forget(&name);
            return Err(format!("{error:#}"));
        }
        if let Some(of) = saved.all.get_mut(&name) {
            of.state = None;
        }
        saved.parent = Some(name.clone());
        Ok(())
    };
    with_lock(&guest, &task, work).await
}

fn prepare(guest: &Guest, name: &str, description: String) -> Ended {
    if guest.settings().template {
        return Err("you can't take a snapshot if it's a template".to_owned());
    }
    let mut saved = guest.snapshots();
    if saved.all.contains_key(name) {
        return Err(format!("snapshot name '{name}' already used"));
    }
    let parent = saved.parent.clone();
    let snapshot = Snapshot {
        taken: now(),
        description,
        parent,
        state: Some("prepare"),
    };
    saved.all.insert(name.to_owned(), snapshot);
    Ok(())
}

/// Freezes the file systems where an agent is configured and answers.
async fn freeze(guest: &Guest, task: &Task) -> bool {
    let configured = guest.settings().agent_is_enabled();
    let machine = &guest.machine;
    let alive = configured
        && machine.is_running()
        && machine.agent("guest-ping", json!({}), PING).await.is_ok();
    if alive {
        tell(guest, task, "guest-fsfreeze-freeze").await;
    }
    alive
}

/// An agent that does not do it is only complained about.
async fn tell(guest: &Guest, task: &Task, command: &str) {
    let told = guest.machine.agent(command, json!({}), FREEZE).await;
    if let Err(failure) = told {
        task.says(&format!("{command} problems - {failure:?}"));
    }
}

/// The work of a `qmdelsnapshot` task.
pub(super) async fn delete(
    shared: Arc<Shared>,
    guest: Arc<Guest>,
    task: Arc<Task>,
    name: String,
) -> Ended {
    let work = async {
        refuse_locked(&shared, &guest)?;
        match guest.snapshots().all.get_mut(&name) {
            Some(snapshot) => snapshot.state = Some("delete"),
            None => return Err(format!("snapshot '{name}' does not exist")),
        }
        lock(&guest, "snapshot-delete");
        kill_if_wanted(&shared, &guest, &task).await;
        let deleted = guest.machine.disks(DiskWork::Delete, &name).await;
        unlock(&guest);
        deleted.map_err(|error| format!("{error:#}"))?;
        guest.snapshots().forget(&name);
        Ok(())
    };
    with_lock(&guest, &task, work).await
}

/// The work of a `qmrollback` task.
pub(super) async fn rollback(
    shared: Arc<Shared>,
    guest: Arc<Guest>,
    task: Arc<Task>,
    name: String,
    start: Option<Principal>,
) -> Ended {
    let work = async {
        refuse_locked(&shared, &guest)?;
        whole(&guest, &name)?;
        lock(&guest, "rollback");
        kill_if_wanted(&shared, &guest, &task).await;
        shared.cut_power(&guest);
        let went = guest.machine.disks(DiskWork::GoBack, &name).await;
        unlock(&guest);
        went.map_err(|error| format!("{error:#}"))?;
        guest.snapshots().parent = Some(name.clone());
        Ok(())
    };
    with_lock(&guest, &task, work).await?;
    if let Some(who) = start {
        begin_start(&shared, &guest, &who);
    }
    Ok(())
}

fn whole(guest: &Guest, name: &str) -> Ended {
    match guest.snapshots().all.get(name).map(|it| it.state) {
        None => Err(format!("snapshot '{name}' does not exist")),
        Some(None) => Ok(()),
        Some(Some(state)) => Err(format!(
            "unable to rollback to incomplete snapshot (snapstate = {state})"
        )),
    }
}

fn lock(guest: &Guest, word: &str) {
    let mut settings = guest.settings();
    settings.config.insert("lock".to_owned(), word.to_owned());
}

fn unlock(guest: &Guest) {
    guest.settings().config.remove("lock");
}
