//! Moving a guest from node to node: its machine goes on as it is, and only its node changes.
//!
//! ```text
//! lock ─ configuration lock? local devices? local disks? ─ lock: migrate ─ a moment ─ node changes
//!   └────────────┴─────────────┴──────────────┴──► migration aborted     └ killed: the lock stays
//! ```

use std::sync::Arc;

use tokio::time::sleep;

use super::guest::Guest;
use super::permission::Principal;
use super::power::{refuse_locked, with_lock};
use super::shared::Shared;
use super::task::Task;

/// How a guest moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transfer {
    /// It goes on running.
    Live { with_local_disks: bool },
    /// A container that is shut down for it.
    Restart,
    /// It does not run.
    Offline,
}

/// Begins a `qmigrate` or `vzmigrate` task on the guest's node.
pub(super) fn begin(
    shared: &Arc<Shared>,
    guest: &Arc<Guest>,
    who: &Principal,
    target: &str,
    how: Transfer,
) -> Arc<Task> {
    let kind = if guest.is_container() {
        "vzmigrate"
    } else {
        "qmigrate"
    };
    let (in_task, moved, target) = (Arc::clone(shared), Arc::clone(guest), target.to_owned());
    let start = |task| move_guest(in_task, moved, task, target, how);
    shared
        .tasks
        .start(&guest.node(), kind, guest.vmid, who, start)
}

async fn move_guest(
    shared: Arc<Shared>,
    guest: Arc<Guest>,
    task: Arc<Task>,
    target: String,
    how: Transfer,
) -> Result<(), String> {
    let word = if guest.is_container() { "CT" } else { "VM" };
    let vmid = guest.vmid;
    task.says(&format!(
        "starting migration of {word} {vmid} to node '{target}' (127.0.0.1)"
    ));
    let moving = async {
        refuse_locked(&shared, &guest)?;
        refuse_tied(&guest, how)?;
        set_lock(&guest, true);
        sleep(shared.layout.migration).await;
        set_lock(&guest, false);
        if shared.faults().migrations.contains(&vmid) {
            return Err("online migrate failure - unable to parse migration status".to_owned());
        }
        if !shared.is_online(&target) {
            return Err("Can't connect to destination address using public key".to_owned());
        }
        guest.set_node(&target);
        task.says("migration finished successfully (duration 00:00:01)");
        Ok(())
    };
    let moved = with_lock(&guest, &task, moving).await;
    moved.map_err(|why| {
        task.says(&format!(
            "ERROR: migration aborted (duration 00:00:00): {why}"
        ));
        "migration aborted".to_owned()
    })
}

fn refuse_tied(guest: &Guest, how: Transfer) -> Result<(), String> {
    let settings = guest.settings();
    let Transfer::Live { with_local_disks } = how else {
        return Ok(());
    };
    if !settings.local_resources.is_empty() {
        let devices = settings.local_resources.join(", ");
        return Err(format!(
            "can't migrate VM which uses local devices: {devices}"
        ));
    }
    if !settings.local_disks.is_empty() && !with_local_disks {
        return Err(
            "can't live migrate attached local disks without with-local-disks option".to_owned(),
        );
    }
    Ok(())
}

fn set_lock(guest: &Guest, locked: bool) {
    let config = &mut guest.settings().config;
    if locked {
        config.insert("lock".to_owned(), "migrate".to_owned());
    } else {
        config.remove("lock");
    }
}
