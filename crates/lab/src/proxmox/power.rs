//! What power tasks do.
//!
//! ```text
//! shutdown ─ lock ─ configuration lock? ─ ping 3 s ─┬ answers: guest-shutdown ─┐
//!                                                   └ silent: ACPI ────────────┴─ off in time? ─ OK
//!                                                                                └ no: got timeout
//! reboot   the same, with a request: whoever sees the guest go off starts it in a task of its own
//! start    lock ─ configuration lock? ─ power on
//! HA       a shutdown only queues; the resource manager then forces: a power cut
//! ```

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use super::guest::Guest;
use super::permission::Principal;
use super::shared::Shared;
use super::task::Task;

const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
const PING: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Between telling the guest and the end of a task that is to be killed.
const BEFORE_KILL: Duration = Duration::from_millis(300);
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// What a shutdown was asked with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shutdown {
    pub(super) timeout: Duration,
    pub(super) force: bool,
}

type Ended = Result<(), String>;

/// Does something while it holds the guest's lock, which others wait ten seconds for.
pub(super) async fn with_lock<T>(
    guest: &Guest,
    task: &Task,
    work: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    let lock = if let Ok(lock) = guest.operation.try_lock() {
        lock
    } else {
        task.says("trying to acquire lock...");
        let lock = timeout(LOCK_TIMEOUT, guest.operation.lock()).await;
        let lock = lock.map_err(|_| {
            let file = format!("/var/lock/qemu-server/lock-{}.conf", guest.vmid);
            format!("can't lock file '{file}' - got timeout")
        })?;
        task.says(" OK");
        lock
    };
    let outcome = work.await;
    drop(lock);
    outcome
}

pub(super) fn refuse_locked(shared: &Shared, guest: &Guest) -> Ended {
    let lock = shared.config_lock(guest);
    lock.map_or(Ok(()), |word| Err(format!("VM is locked ({word})")))
}

/// The work of a `qmshutdown` task.
pub(super) async fn shutdown(
    shared: Arc<Shared>,
    guest: Arc<Guest>,
    task: Arc<Task>,
    asked: Shutdown,
) -> Ended {
    with_lock(&guest, &task, power_down(&shared, &guest, &task, asked)).await
}

async fn power_down(shared: &Shared, guest: &Guest, task: &Task, asked: Shutdown) -> Ended {
    if !guest.machine.is_running() {
        return Ok(());
    }
    refuse_locked(shared, guest)?;
    tell(shared, guest, task).await?;
    kill_if_wanted(shared, guest, task).await;
    if is_off_within(guest, asked.timeout).await {
        return Ok(());
    }
    if !asked.force {
        return Err("VM quit/powerdown failed - got timeout".to_owned());
    }
    task.says("VM still running - terminating now with SIGTERM");
    shared.cut_power(guest);
    Ok(())
}

/// Tells the guest through its agent, or else by ACPI.
async fn tell(shared: &Shared, guest: &Guest, task: &Task) -> Ended {
    if shared.faults().agent_dies.contains(&guest.vmid) {
        guest.machine.kill_agent().await;
    }
    let machine = &guest.machine;
    let configured = guest.settings().agent_is_enabled();
    if configured && machine.agent("guest-ping", json!({}), PING).await.is_ok() {
        return machine
            .agent_shutdown()
            .await
            .map_err(|_| "VM quit/powerdown failed".to_owned());
    }
    if configured {
        let vmid = guest.vmid;
        task.says(&format!(
            "QEMU Guest Agent is not running - VM {vmid} qga command 'guest-ping' failed - got timeout"
        ));
    }
    let pressed = machine.powerdown().await;
    pressed.map_err(|error| format!("VM quit/powerdown failed - {error}"))
}

pub(super) async fn kill_if_wanted(shared: &Shared, guest: &Guest, task: &Task) {
    let wanted = shared.faults().killed_next.remove(&guest.vmid);
    if wanted {
        sleep(BEFORE_KILL).await;
        task.kill();
        // The kill ends this future here.
        std::future::pending::<()>().await;
    }
}

async fn is_off_within(guest: &Guest, time: Duration) -> bool {
    let end = Instant::now() + time;
    while guest.machine.is_running() {
        if Instant::now() >= end {
            return false;
        }
        sleep(LOOK_AGAIN).await;
    }
    true
}

/// The work of a `qmreboot` task. It is over when the guest is off; the start is another task.
pub(super) async fn reboot(
    shared: Arc<Shared>,
    guest: Arc<Guest>,
    task: Arc<Task>,
    time: Duration,
) -> Ended {
    let asked = Shutdown {
        timeout: time,
        force: false,
    };
    let work = async {
        guest.ask_for_reboot(true);
        tokio::spawn(start_when_off(Arc::clone(&shared), Arc::clone(&guest)));
        let ended = power_down(&shared, &guest, &task, asked).await;
        if ended.is_err() {
            // So that a later power-off is not taken for this reboot: the guest stays off then.
            guest.ask_for_reboot(false);
        }
        ended
    };
    with_lock(&guest, &task, work).await
}

/// What sees a guest go off, and starts it again where that is asked for.
async fn start_when_off(shared: Arc<Shared>, guest: Arc<Guest>) {
    while guest.reboot_is_asked() {
        if guest.machine.is_running() {
            sleep(LOOK_AGAIN).await;
        } else {
            // The task that waits for the power-off looks too, and its end comes first.
            sleep(LOOK_AGAIN * 3).await;
            if guest.take_reboot_request() {
                begin_start(&shared, &guest, &Principal::user("root@pam"));
            }
        }
    }
}

/// Begins a `qmstart` task.
pub(super) fn begin_start(shared: &Arc<Shared>, guest: &Arc<Guest>, who: &Principal) -> Arc<Task> {
    let (in_task, machine) = (Arc::clone(shared), Arc::clone(guest));
    shared
        .tasks
        .start(&guest.node(), "qmstart", guest.vmid, who, |task| {
            start(in_task, machine, task)
        })
}

/// The work of a `qmstart` task.
async fn start(shared: Arc<Shared>, guest: Arc<Guest>, task: Arc<Task>) -> Ended {
    let work = async {
        refuse_locked(&shared, &guest)?;
        if guest.settings().template {
            return Err("you can't start a vm if it's a template".to_owned());
        }
        if guest.machine.is_running() {
            return Err(format!("VM {} already running", guest.vmid));
        }
        kill_if_wanted(&shared, &guest, &task).await;
        let started = guest.machine.start().await;
        started.map_err(|error| format!("{error:#}"))?;
        apply_pending(&guest);
        Ok(())
    };
    with_lock(&guest, &task, work).await
}

/// What waited for the next start is in force.
fn apply_pending(guest: &Guest) {
    use super::guest::PendingChange;
    let mut settings = guest.settings();
    for (key, change) in std::mem::take(&mut settings.pending) {
        match change {
            PendingChange::Value(value) => {
                settings.config.insert(key, value);
            }
            PendingChange::Delete => {
                settings.config.remove(&key);
            }
        }
    }
}

/// The work of a `hastop` task, which only queues.
pub(super) async fn queue_stop(
    shared: Arc<Shared>,
    guest: Arc<Guest>,
    task: Arc<Task>,
    time: Duration,
) -> Ended {
    task.says(&format!("Requesting HA stop for VM {}", guest.vmid));
    tokio::spawn(resource_manager_stops(shared, guest, time));
    Ok(())
}

/// The resource manager: it asks, and then forces.
async fn resource_manager_stops(shared: Arc<Shared>, guest: Arc<Guest>, time: Duration) {
    if let Some(ha) = &mut guest.settings().ha {
        ha.state = "stopped".to_owned();
    }
    let asked = Shutdown {
        timeout: time,
        force: true,
    };
    let (in_task, machine) = (Arc::clone(&shared), Arc::clone(&guest));
    let root = Principal::user("root@pam");
    shared
        .tasks
        .start(&guest.node(), "qmshutdown", guest.vmid, &root, |task| {
            shutdown(in_task, machine, task, asked)
        });
}
