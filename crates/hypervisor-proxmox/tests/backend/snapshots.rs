//! Snapshots through the API.

use lifecycle::gate::RollbackOrder;
use lifecycle::ports::{Hypervisor, HypervisorError, SnapshotName, Snapshots};

use super::*;
use crate::fixture::guest;

const UPID: &str = "UPID:node1:000039E7:0003E78F:6B01F564:qmsnapshot:101:root@pam!t1:";

fn name() -> SnapshotName {
    "hospes-7".parse().expect("a name")
}

/// What is listed, in turn: rows before the one of now.
fn listed(server: &Server, lists: impl IntoIterator<Item = Value>) {
    let lists = lists.into_iter().map(|rows| {
        let mut rows = rows.as_array().expect("rows").clone();
        rows.push(json!({"name": "current", "description": "You are here!"}));
        Reply::Data(Value::Array(rows))
    });
    server.on(&format!("GET {VM}/snapshot"), lists);
}

fn ours() -> Value {
    json!([{"name": "hospes-7", "snaptime": 1_795_360_274, "vmstate": 0}])
}

/// A call is accepted, and its task has this status in turn.
fn accepted(server: &Server, call: &str, statuses: &[&str]) {
    server.on(call, [Reply::Data(json!(UPID))]);
    let upid = UPID
        .replace(':', "%3A")
        .replace('@', "%40")
        .replace('!', "%21");
    let statuses = statuses.iter().map(|&it| match it {
        "running" => Reply::Data(json!({"status": "running"})),
        exit => Reply::Data(json!({"status": "stopped", "exitstatus": exit})),
    });
    server.on(&format!("GET /nodes/node1/tasks/{upid}/status"), statuses);
}

fn post() -> String {
    format!("POST {VM}/snapshot")
}

fn delete() -> String {
    format!("DELETE {VM}/snapshot/hospes-7")
}

fn back() -> String {
    format!("POST {VM}/snapshot/hospes-7/rollback")
}

/// Goes back, with an order that was made while the guest was seen stopped; after that its status is
/// this.
async fn roll_back(
    server: &Server,
    backend: &ProxmoxHypervisor,
    then: Value,
) -> Result<String, HypervisorError> {
    let status = [stopped(), then].map(Reply::Data);
    server.on(&format!("GET {VM}/status/current"), status);
    let seen = backend.observe(&guest()).await.expect("a look");
    let order = RollbackOrder::for_stopped(&seen, name(), now()).expect("an order");
    backend.rollback(order, DEADLINE).await
}

fn refusal<T: std::fmt::Debug>(result: Result<T, HypervisorError>) -> String {
    match result.expect_err("no success") {
        HypervisorError::Refused(words) => words,
        other => panic!("{other:?}"),
    }
}

fn unknown<T: std::fmt::Debug>(result: Result<T, HypervisorError>) -> String {
    match result.expect_err("no success") {
        HypervisorError::TimedOut(words) => words,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_snapshot_is_taken_without_memory_and_believed_when_it_is_listed() {
    let (server, backend) = home().await;
    listed(&server, [json!([]), ours()]);
    accepted(&server, &post(), &["running", "OK"]);
    let taken = backend
        .take(&guest(), &name(), "before a patch", DEADLINE)
        .await
        .unwrap();
    assert_eq!(taken.name, name());
    assert_eq!(taken.at.map(Timestamp::as_millis), Some(1_795_360_274_000));
    assert!(!taken.was_there);
    assert_eq!(
        taken.evidence,
        format!("snapshot hospes-7: task {UPID} ended OK")
    );
    let sent = format!("{} snapname=hospes-7&description=before+a+patch", post());
    assert_eq!(server.asked("POST"), [sent]);
}

#[tokio::test]
async fn what_is_there_is_not_taken_again_and_what_is_being_made_is_waited_for() {
    let (server, backend) = home().await;
    let mut half = ours();
    half[0]["snapstate"] = json!("prepare");
    listed(&server, [half.clone(), half.clone(), ours()]);
    let taken = backend.take(&guest(), &name(), "", DEADLINE).await.unwrap();
    assert!(taken.was_there && taken.at.is_some(), "{taken:?}");

    listed(&server, [half]);
    let short = Duration::from_secs(1);
    let words = unknown(backend.take(&guest(), &name(), "", short).await);
    assert!(words.contains("left half made (prepare)"), "{words}");
    assert!(server.asked("POST").is_empty());
}

#[tokio::test]
async fn a_lock_and_a_storage_without_snapshots_refuse_with_what_to_do() {
    for (words, hint) in [
        ("VM is locked (backup)", "wait until the other work"),
        (
            "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout",
            "wait until the other work",
        ),
        (
            "snapshot feature is not available",
            "go on without a snapshot",
        ),
    ] {
        let (server, backend) = home().await;
        listed(&server, [json!([])]);
        accepted(&server, &post(), &[words]);
        let told = refusal(backend.take(&guest(), &name(), "", DEADLINE).await);
        assert!(
            told.starts_with(&format!("hospes-7 was not taken: {words}")),
            "{told}"
        );
        assert!(told.contains(hint), "{told}");
    }
}

#[tokio::test]
async fn an_end_that_is_not_seen_leaves_it_open() {
    for reply in [
        Reply::Hangup,
        Reply::Failure(596, "tls"),
        Reply::Data(json!(7)),
    ] {
        let (server, backend) = home().await;
        listed(&server, [json!([])]);
        server.on(&post(), [reply]);
        unknown(backend.take(&guest(), &name(), "", DEADLINE).await);
        assert_eq!(server.asked("POST").len(), 1, "it is sent once");
    }
    for (status, words) in [
        ("running", "goes on after the deadline"),
        ("unexpected status", "was ended from outside"),
        ("OK", "but the guest has no snapshot hospes-7"),
    ] {
        let (server, backend) = home().await;
        listed(&server, [json!([])]);
        accepted(&server, &post(), &[status]);
        let wait = Duration::from_secs(2);
        let told = unknown(backend.take(&guest(), &name(), "", wait).await);
        assert!(told.contains(words) && told.contains(UPID), "{told}");
    }
}

#[tokio::test]
async fn snapshots_are_listed_oldest_first_with_whose_they_are() {
    let (server, backend) = home().await;
    let rows = json!([
        {"name": "newest", "snaptime": 300}, {"name": "hospes-7", "snaptime": 200},
        {"name": "half", "snaptime": 250, "snapstate": "delete"}, {"name": "by-hand", "snaptime": 100},
    ]);
    listed(&server, [rows]);
    let listed = backend.list(&guest(), DEADLINE).await.unwrap();
    let told: Vec<_> = listed
        .iter()
        .map(|it| (it.name.as_str(), it.own().is_some(), it.is_whole))
        .collect();
    assert_eq!(
        told,
        [
            ("by-hand", false, true),
            ("hospes-7", true, true),
            ("half", false, false),
            ("newest", false, true),
        ]
    );
}

#[tokio::test]
async fn deleting_is_done_once_and_what_is_not_there_is_deleted_already() {
    let (server, backend) = home().await;
    listed(&server, [ours(), json!([])]);
    accepted(&server, &delete(), &["OK"]);
    let told = backend.delete(&guest(), &name(), DEADLINE).await.unwrap();
    assert_eq!(
        told,
        format!("snapshot deletion hospes-7: task {UPID} ended OK")
    );
    let told = backend.delete(&guest(), &name(), DEADLINE).await.unwrap();
    assert_eq!(told, "snapshot list: the guest has no hospes-7");
    assert_eq!(server.asked("DELETE"), [delete()]);
}

#[tokio::test]
async fn a_stopped_guest_goes_back_and_is_not_started() {
    let (server, backend) = home().await;
    listed(&server, [ours()]);
    accepted(&server, &back(), &["running", "OK"]);
    let told = roll_back(&server, &backend, stopped()).await.unwrap();
    assert_eq!(
        told,
        format!("snapshot rollback hospes-7: task {UPID} ended OK")
    );
    assert_eq!(server.asked("POST"), [back()]);
}

#[tokio::test]
async fn what_would_cut_the_power_or_start_the_guest_is_refused() {
    let managed = |state: &str| json!({"managed": 1, "state": state});
    let changed = |key: &str, value: Value| {
        let mut status = stopped();
        status[key] = value;
        status
    };
    for (then, words) in [
        (running(), "the guest is not stopped by now (running)"),
        (
            changed("lock", json!("backup")),
            "locked in between (backup)",
        ),
        (
            changed("ha", managed("started")),
            "`ha-manager set vm:101 --state stopped`",
        ),
    ] {
        let (server, backend) = home().await;
        listed(&server, [ours()]);
        let resource = json!({"state": "started"});
        server.on(
            "GET /cluster/ha/resources/vm%3A101",
            [Reply::Data(resource)],
        );
        let told = refusal(roll_back(&server, &backend, then).await);
        assert!(
            told.starts_with("hospes-7 was not gone back to: "),
            "{told}"
        );
        assert!(told.contains(words), "{told}");
        assert!(server.asked("POST").is_empty());
    }
    for (rows, words) in [
        (json!([]), "no snapshot of that name"),
        (
            json!([{"name": "hospes-7", "snapstate": "delete"}]),
            "it is not whole (delete)",
        ),
        (
            json!([{"name": "hospes-7", "vmstate": 1}]),
            "it holds memory",
        ),
    ] {
        let (server, backend) = home().await;
        listed(&server, [rows]);
        let told = refusal(roll_back(&server, &backend, stopped()).await);
        assert!(told.contains(words), "{told}");
        assert!(server.asked("POST").is_empty());
    }
}

#[tokio::test]
async fn a_guest_that_high_availability_keeps_off_goes_back() {
    let (server, backend) = home().await;
    listed(&server, [ours()]);
    accepted(&server, &back(), &["OK"]);
    let resource = json!({"state": "stopped"});
    server.on(
        "GET /cluster/ha/resources/vm%3A101",
        [Reply::Data(resource)],
    );
    let mut managed = stopped();
    managed["ha"] = json!({"managed": 1, "state": "stopped"});
    assert!(roll_back(&server, &backend, managed).await.is_ok());
}

#[tokio::test]
async fn a_storage_that_goes_back_to_its_newest_only_is_told() {
    let (server, backend) = home().await;
    listed(&server, [ours()]);
    let words =
        "can't rollback, 'hospes-7' is not most recent snapshot on 'local-zfs:vm-101-disk-0'";
    accepted(&server, &back(), &[words]);
    let told = refusal(roll_back(&server, &backend, stopped()).await);
    assert!(told.contains("delete the newer ones first"), "{told}");
}

#[tokio::test]
async fn a_privilege_that_is_missing_is_named() {
    let (server, backend) = home().await;
    listed(&server, [json!([])]);
    let words = "Permission check failed (/vms/101, VM.Snapshot)";
    server.on(&post(), [Reply::Failure(403, words)]);
    let told = refusal(backend.take(&guest(), &name(), "", DEADLINE).await);
    assert!(
        told.contains(words) && told.contains("grant the privilege"),
        "{told}"
    );
}
