//! Down and up through the API.

use conditions::assess;
use lifecycle::gate::{Accepted, Permit, Purpose, StartOrder, admit};
use lifecycle::ports::{Asked, Hypervisor, HypervisorError};

use super::*;
use crate::fixture::{guest, healthy};

const UPID: &str = "UPID:node1:000039E7:0003E78F:6B01F564:qmshutdown:101:root@pam!t1:";

/// The task's path as it is sent.
fn task(what: &str) -> String {
    let upid = UPID
        .replace(':', "%3A")
        .replace('@', "%40")
        .replace('!', "%21");
    format!("GET /nodes/node1/tasks/{upid}/{what}")
}

/// A POST is accepted, its task's status is this in turn, and its log that.
fn script(server: &Server, verb: &str, statuses: &[&str], log: &[&str]) {
    server.on(
        &format!("POST {VM}/status/{verb}"),
        [Reply::Data(json!(UPID))],
    );
    let statuses = statuses.iter().map(|&it| match it {
        "running" => Reply::Data(json!({"status": "running"})),
        exit => Reply::Data(json!({"status": "stopped", "exitstatus": exit})),
    });
    server.on(&task("status"), statuses);
    let lines = log
        .iter()
        .zip(1..)
        .map(|(line, n)| json!({"n": n, "t": line}));
    server.on(&task("log"), [Reply::Data(lines.collect())]);
}

/// A permit that was given for the guest as the backend sees it.
async fn permit(backend: &ProxmoxHypervisor, purpose: Purpose) -> Permit {
    let started = now();
    let mut sightings = healthy(1, started, started);
    sightings.observation = backend.observe(&guest()).await.expect("a look");
    sightings.finished = now();
    admit(
        assess(sightings),
        purpose,
        &Accepted::none(),
        now(),
        DEADLINE,
    )
    .expect("a permit")
}

async fn shut_down(
    backend: &ProxmoxHypervisor,
    deadline: Duration,
) -> Result<Asked, HypervisorError> {
    let permit = permit(backend, Purpose::Shutdown).await;
    let seen = backend.observe(&guest()).await.expect("a look");
    backend
        .shutdown(permit.redeem(&seen, now()).expect("an order"), deadline)
        .await
}

async fn start(backend: &ProxmoxHypervisor, deadline: Duration) -> Result<String, HypervisorError> {
    let seen = backend.observe(&guest()).await.expect("a look");
    let order = StartOrder::for_stopped(&seen, now()).expect("an order");
    backend.start(order, deadline).await.map(|it| it.evidence)
}

#[tokio::test]
async fn a_guest_is_pinged_and_asked_once_without_force() {
    let (server, backend) = home().await;
    script(&server, "shutdown", &["running", "OK"], &["TASK OK"]);
    let asked = shut_down(&backend.with_stop(Duration::from_secs(600)), DEADLINE)
        .await
        .unwrap();
    let evidence = format!(
        "status/shutdown: task {UPID} ended OK; if the agent died in between, Proxmox VE used ACPI"
    );
    assert_eq!(asked, Asked::Taken { evidence });
    assert_eq!(
        server.asked("POST"),
        [
            format!("POST {VM}/agent/ping"),
            format!("POST {VM}/status/shutdown timeout=600")
        ]
    );
}

#[tokio::test]
async fn a_task_that_fails_is_a_refusal_though_its_post_was_accepted() {
    for words in [
        "VM is locked (backup)",
        "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout",
        "VM quit/powerdown failed",
    ] {
        let (server, backend) = home().await;
        script(
            &server,
            "shutdown",
            &[words],
            &[&format!("TASK ERROR: {words}")],
        );
        let asked = shut_down(&backend, DEADLINE).await.unwrap();
        let reason = format!("{words} (status/shutdown, task {UPID})");
        assert_eq!(asked, Asked::Refused { reason });
    }
}

#[tokio::test]
async fn a_guest_that_did_not_go_in_time_was_asked_and_may_go_late() {
    let silent =
        "QEMU Guest Agent is not running - VM 101 qga command 'guest-ping' failed - got timeout";
    let (server, backend) = home().await;
    let words = "VM quit/powerdown failed - got timeout";
    script(
        &server,
        "shutdown",
        &[words],
        &[silent, &format!("TASK ERROR: {words}")],
    );
    let Asked::Taken { evidence } = shut_down(&backend, DEADLINE).await.unwrap() else {
        panic!("it was asked");
    };
    assert!(evidence.contains("gave up after 300 s"), "{evidence}");
    assert!(evidence.contains("may still go down"), "{evidence}");
    assert!(
        evidence.contains("which used ACPI: QEMU Guest Agent is not running"),
        "{evidence}"
    );
}

#[tokio::test]
async fn a_task_that_goes_on_is_taken_unless_it_still_waits_for_the_lock() {
    let (server, backend) = home().await;
    script(&server, "shutdown", &["running"], &[]);
    let Asked::Taken { evidence } = shut_down(&backend, Duration::from_millis(600))
        .await
        .unwrap()
    else {
        panic!("it was asked");
    };
    assert!(
        evidence.contains(&format!("task {UPID} goes on")),
        "{evidence}"
    );

    let (server, backend) = home().await;
    let words = "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout";
    let waiting = ["running"; 5];
    script(
        &server,
        "shutdown",
        &[&waiting[..], &[words]].concat(),
        &["trying to acquire lock..."],
    );
    let asked = shut_down(&backend, Duration::from_millis(600))
        .await
        .unwrap();
    assert!(matches!(asked, Asked::Refused { .. }), "{asked:?}");
}

#[tokio::test]
async fn a_task_that_was_killed_leaves_it_open() {
    let (server, backend) = home().await;
    let log = "QEMU Guest Agent is not running - received interrupt";
    script(&server, "shutdown", &["unexpected status"], &[log]);
    let error = shut_down(&backend, DEADLINE).await.unwrap_err();
    let HypervisorError::TimedOut(words) = error else {
        panic!("{error:?}");
    };
    assert!(
        words.contains(UPID) && words.contains("not known"),
        "{words}"
    );
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_it_open_and_is_not_asked_for_again() {
    for reply in [
        Reply::Hangup,
        Reply::Failure(596, "tls"),
        Reply::Data(json!(7)),
    ] {
        let (server, backend) = home().await;
        server.on(&format!("POST {VM}/status/shutdown"), [reply]);
        let error = shut_down(&backend, DEADLINE).await.unwrap_err();
        assert!(matches!(error, HypervisorError::TimedOut(_)), "{error:?}");
        assert_eq!(server.asked(&format!("POST {VM}/status/shutdown")).len(), 1);
    }
}

#[tokio::test]
async fn a_silent_agent_is_not_gone_past() {
    let (server, backend) = home().await;
    let silent = Reply::Failure(500, "QEMU guest agent is not running");
    server.on(&format!("POST {VM}/agent/ping"), [silent]);
    script(&server, "shutdown", &["OK"], &[]);
    let error = shut_down(&backend, DEADLINE).await.unwrap_err();
    let HypervisorError::Unreachable(words) = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        words,
        "status/shutdown was not sent: home: QEMU guest agent is not running"
    );
    assert!(server.asked(&format!("POST {VM}/status")).is_empty());
}

#[tokio::test]
async fn what_came_in_between_is_seen_right_before_the_call() {
    for (key, value, words) in [
        ("lock", json!("backup"), "it was locked in between (backup)"),
        (
            "qmpstatus",
            json!("paused"),
            "it does not run any more: paused",
        ),
        (
            "ha",
            json!({"managed": 1}),
            "`ha-manager set vm:101 --state ignored`",
        ),
    ] {
        let (server, backend) = home().await;
        script(&server, "shutdown", &["OK"], &[]);
        let permit = permit(&backend, Purpose::Shutdown).await;
        let seen = backend.observe(&guest()).await.unwrap();
        let order = permit.redeem(&seen, now()).unwrap();
        let mut status = running();
        status[key] = value;
        server.on(&format!("GET {VM}/status/current"), [Reply::Data(status)]);
        let asked = backend.shutdown(order, DEADLINE).await.unwrap();
        let Asked::Refused { reason } = asked else {
            panic!("{asked:?}");
        };
        assert!(reason.contains(words), "{reason}");
        assert!(server.asked("POST").is_empty());
    }
}

#[tokio::test]
async fn a_privilege_that_is_missing_is_named() {
    let (server, backend) = home().await;
    let words = "Permission check failed (/vms/101, VM.PowerMgmt)";
    server.on(
        &format!("POST {VM}/status/shutdown"),
        [Reply::Failure(403, words)],
    );
    let error = shut_down(&backend, DEADLINE).await.unwrap_err();
    let HypervisorError::Refused(told) = error else {
        panic!("{error:?}");
    };
    assert!(told.contains(words), "{told}");
}

#[tokio::test]
async fn a_guest_under_high_availability_is_restarted_by_reboot() {
    let (server, backend) = home().await;
    let mut managed = running();
    managed["ha"] = json!({"managed": 1, "state": "started"});
    server.on(&format!("GET {VM}/status/current"), [Reply::Data(managed)]);
    server.on(
        "GET /cluster/ha/resources/vm%3A101",
        [Reply::Data(json!({"state": "started"}))],
    );
    script(&server, "reboot", &["OK"], &["TASK OK"]);
    let permit = permit(&backend, Purpose::Restart).await;
    let seen = backend.observe(&guest()).await.unwrap();
    let order = permit.redeem_for_restart(&seen, now()).unwrap();
    let Asked::Taken { evidence } = backend.restart(order, DEADLINE).await.unwrap() else {
        panic!("it was asked");
    };
    assert!(
        evidence.contains("its start is a task of its own"),
        "{evidence}"
    );
    assert_eq!(
        server.asked(&format!("POST {VM}/status")),
        [format!("POST {VM}/status/reboot timeout=300")]
    );
}

#[tokio::test]
async fn a_start_is_done_when_the_status_says_running() {
    let (server, backend) = home().await;
    let seen = [stopped(), stopped(), running()].map(Reply::Data);
    server.on(&format!("GET {VM}/status/current"), seen);
    script(&server, "start", &["running", "OK"], &[]);
    let evidence = start(&backend, DEADLINE).await.unwrap();
    let expected = format!("status/start: task {UPID} ended OK, status/current: running after ");
    assert!(evidence.starts_with(&expected), "{evidence}");
    assert_eq!(server.asked("POST"), [format!("POST {VM}/status/start")]);
    assert_eq!(server.asked(&format!("GET {VM}/status/current")).len(), 3);
}

#[tokio::test]
async fn a_start_whose_task_fails_is_refused_and_one_that_never_runs_is_late() {
    let table: [(&[&str], bool, &str); 3] = [
        (
            &["cluster not ready - no quorum?"],
            true,
            "web1 was not started: cluster not ready",
        ),
        (&["OK"], false, "it ended OK, but status/current: stopped"),
        (&["running"], false, "it goes on"),
    ];
    for (statuses, is_refused, words) in table {
        let (server, backend) = home().await;
        server.on(
            &format!("GET {VM}/status/current"),
            [Reply::Data(stopped())],
        );
        script(&server, "start", statuses, &[]);
        let deadline = Duration::from_secs(3);
        match start(&backend, deadline).await.unwrap_err() {
            HypervisorError::Refused(told) => assert!(is_refused && told.contains(words), "{told}"),
            HypervisorError::TimedOut(told) => {
                assert!(!is_refused && told.contains(words), "{told}")
            }
            other => panic!("{other:?}"),
        }
    }
}
