//! Shutdown, reboot and start.

use std::time::Duration;

use lab::proxmox::{AgentState, Fault, HaSettings, PendingChange, Simulated};

use crate::{BOOT_ID, Cluster};

const SHUTDOWN: &str = "/nodes/vm/qemu/100/status/shutdown";
const REBOOT: &str = "/nodes/vm/qemu/100/status/reboot";
const START: &str = "/nodes/vm/qemu/100/status/start";

#[tokio::test]
async fn shutdown_and_start_give_a_new_boot_id_and_apply_what_was_pending() {
    let cluster = Cluster::single().await;
    let pending = (
        "agent".to_owned(),
        PendingChange::Value("1,type=isa".to_owned()),
    );
    cluster
        .proxmox
        .configure(100, |guest| guest.pending.extend([pending]))
        .unwrap();
    let client = cluster.client("vm");
    let upid = client.post(SHUTDOWN, "timeout=10").await.upid();
    assert_eq!(
        client.end_of("vm", &upid).await,
        ("OK".to_owned(), vec!["TASK OK".to_owned()])
    );
    let off = client.get("/nodes/vm/qemu/100/status/current").await.data();
    assert_eq!(
        (&off["status"], &off["qmpstatus"]),
        (&"stopped".into(), &"stopped".into())
    );
    let asked = client.post("/nodes/vm/qemu/100/agent/ping", "").await;
    assert_eq!(
        (asked.status, asked.reason.as_str()),
        (500, "VM 100 is not running")
    );
    let upid = client.post(START, "").await.upid();
    assert_eq!(client.end_of("vm", &upid).await.0, "OK");
    assert_ne!(cluster.proxmox.boot_id(100).unwrap(), BOOT_ID);
    let config = client
        .get("/nodes/vm/qemu/100/config?current=1")
        .await
        .data();
    assert_eq!(config["agent"], "1,type=isa");
    let upid = client.post(START, "").await.upid();
    assert_eq!(client.end_of("vm", &upid).await.0, "VM 100 already running");
}

#[tokio::test]
async fn an_agent_that_dies_before_the_shutdown_leads_to_the_power_button() {
    let mut cluster = Cluster::single().await;
    cluster
        .proxmox
        .fault(Fault::AgentDiesBeforeShutdown(100))
        .unwrap();
    let client = cluster.client("vm");
    assert_eq!(
        client
            .post("/nodes/vm/qemu/100/agent/ping", "")
            .await
            .status,
        200
    );
    let upid = client.post(SHUTDOWN, "timeout=10").await.upid();
    let (status, lines) = client.end_of("vm", &upid).await;
    assert_eq!(status, "OK");
    assert!(
        lines[0].contains("qga command 'guest-ping' failed - got timeout"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_reboot_says_ok_before_the_guest_runs_again() {
    let cluster = Cluster::of(&["vm"]).await;
    cluster.add(
        "vm",
        100,
        Simulated::new(BOOT_ID).starts_in(Duration::from_secs(5)),
    );
    let client = cluster.client("vm");
    let upid = client.post(REBOOT, "timeout=10").await.upid();
    assert_eq!(client.end_of("vm", &upid).await.0, "OK");
    assert!(!cluster.proxmox.is_running(100));
    cluster.until_running(100, true).await;
    let tasks = client.get("/nodes/vm/tasks?source=all").await.data();
    let kinds: Vec<&str> = tasks
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["qmstart", "qmreboot"]);
    assert_eq!(tasks[0]["user"], "root@pam");
    assert_ne!(cluster.proxmox.boot_id(100).unwrap(), BOOT_ID);
}

#[tokio::test]
async fn a_reboot_that_timed_out_leaves_the_guest_off_when_it_powers_off_late() {
    let cluster = Cluster::of(&["vm"]).await;
    cluster.add(
        "vm",
        100,
        Simulated::new(BOOT_ID).shuts_down_in(Duration::from_secs(6)),
    );
    let client = cluster.client("vm");
    let upid = client.post(REBOOT, "timeout=1").await.upid();
    let (status, _) = client.end_of("vm", &upid).await;
    assert_eq!(status, "VM quit/powerdown failed - got timeout");
    assert!(cluster.proxmox.is_running(100));
    cluster.until_running(100, false).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!cluster.proxmox.is_running(100));
}

#[tokio::test]
async fn a_shutdown_under_ha_queues_and_then_cuts_the_power_and_a_reboot_does_not() {
    let cluster = Cluster::of(&["vm"]).await;
    for (vmid, time) in [(100, 3600), (101, 0)] {
        let guest = Simulated::new(BOOT_ID).shuts_down_in(Duration::from_secs(time));
        cluster.add("vm", vmid, guest);
        cluster
            .proxmox
            .configure(vmid, |guest| guest.ha = Some(HaSettings::started()))
            .unwrap();
    }
    let client = cluster.client("vm");
    let upid = client
        .post("/nodes/vm/qemu/101/status/reboot", "timeout=10")
        .await
        .upid();
    assert!(upid.contains("qmreboot"), "{upid}");
    assert_eq!(client.end_of("vm", &upid).await.0, "OK");
    assert_eq!(cluster.proxmox.power_cuts(), 0);
    let upid = client.post(SHUTDOWN, "timeout=5").await.upid();
    let (status, lines) = client.end_of("vm", &upid).await;
    assert!(upid.contains("hastop") && status == "OK", "{upid} {status}");
    assert_eq!(lines[0], "Requesting HA stop for VM 100");
    assert!(cluster.proxmox.is_running(100));
    cluster.until_running(100, false).await;
    assert_eq!(cluster.proxmox.power_cuts(), 1);
}

#[tokio::test]
async fn a_stop_and_force_are_power_cuts() {
    let cluster = Cluster::of(&["vm"]).await;
    for vmid in [100, 101] {
        let guest = Simulated::new(BOOT_ID).shuts_down_in(Duration::from_secs(3600));
        cluster.add("vm", vmid, guest);
    }
    let client = cluster.client("vm");
    for (path, form, cuts) in [
        ("/nodes/vm/qemu/100/status/stop", "", 1),
        (
            "/nodes/vm/qemu/101/status/shutdown",
            "timeout=0&forceStop=1",
            2,
        ),
    ] {
        let upid = client.post(path, form).await.upid();
        assert_eq!(client.end_of("vm", &upid).await.0, "OK");
        assert_eq!(cluster.proxmox.power_cuts(), cuts);
    }
    let asked = cluster.proxmox.requests();
    let forced = asked
        .iter()
        .filter(|seen| seen.parameter("forceStop") == Some("1"));
    assert_eq!(forced.count(), 1);
}

#[tokio::test]
async fn templates_do_not_start() {
    let cluster = Cluster::of(&["vm"]).await;
    cluster.add("vm", 100, Simulated::new(BOOT_ID).powered_off());
    cluster
        .proxmox
        .configure(100, |guest| guest.template = true)
        .unwrap();
    let client = cluster.client("vm");
    let upid = client.post(START, "").await.upid();
    assert_eq!(
        client.end_of("vm", &upid).await.0,
        "you can't start a vm if it's a template"
    );
    let rows = client.get("/cluster/resources?type=vm").await.data();
    assert_eq!(rows[0]["template"], 1);
}

#[tokio::test]
async fn a_guest_without_the_agent_key_goes_straight_to_the_power_button() {
    let cluster = Cluster::single().await;
    cluster
        .proxmox
        .configure(100, |guest| drop(guest.config.remove("agent")))
        .unwrap();
    cluster.proxmox.set_agent(100, AgentState::Dead).unwrap();
    let client = cluster.client("vm");
    let asked = client.post("/nodes/vm/qemu/100/agent/ping", "").await;
    assert_eq!(asked.reason, "No QEMU guest agent configured");
    let upid = client.post(SHUTDOWN, "").await.upid();
    assert_eq!(client.end_of("vm", &upid).await.1, ["TASK OK"]);
}
