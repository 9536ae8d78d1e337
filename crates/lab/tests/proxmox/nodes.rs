//! Nodes that go away and come back, guests that move, and what is told of both.

use std::time::Duration;

use lab::proxmox::{Ceph, Fault, HaSettings, NodeUpdate, ReplicationJob, Simulated};
use serde_json::{Value, json};

use crate::{BOOT_ID, Cluster};

async fn three() -> Cluster {
    let cluster = Cluster::of(&["a", "b", "c"]).await;
    for (node, vmid) in [("a", 100), ("a", 101), ("b", 102)] {
        cluster.add(node, vmid, Simulated::new(BOOT_ID));
    }
    cluster
}

async fn moved(cluster: &Cluster, form: &str) -> (String, Vec<String>) {
    let client = cluster.client("b");
    let upid = client.post("/nodes/a/qemu/100/migrate", form).await.upid();
    client.end_of("a", &upid).await
}

#[tokio::test]
async fn a_running_guest_moves_with_its_boot_and_is_locked_meanwhile() {
    let cluster = Cluster::shaped(&["a", "b"], |it| it.migration(Duration::from_secs(2))).await;
    cluster.add("a", 100, Simulated::new(BOOT_ID));
    let client = cluster.client("b");
    let told = client.get("/nodes/a/qemu/100/migrate").await.data();
    assert_eq!(
        (&told["running"], &told["local_disks"]),
        (&json!(1), &json!([]))
    );
    let form = "target=b&online=1";
    let upid = client.post("/nodes/a/qemu/100/migrate", form).await.upid();
    let active = client.get("/nodes/a/tasks?source=active").await.data();
    assert_eq!(
        (&active[0]["type"], &active[0]["id"]),
        (&json!("qmigrate"), &json!("100"))
    );
    let second = client
        .post("/nodes/a/qemu/100/status/shutdown", "timeout=5")
        .await
        .upid();
    let (status, _) = client.end_of("a", &upid).await;
    assert_eq!(status, "OK");
    assert_eq!(cluster.proxmox.node_of(100).as_deref(), Some("b"));
    assert_eq!(cluster.proxmox.boot_id(100).as_deref(), Some(BOOT_ID));
    assert_eq!(
        client.get("/nodes/b/qemu/100/status/current").await.status,
        200
    );
    let gone = client.get("/nodes/a/qemu/100/status/current").await;
    assert!(gone.reason.ends_with("does not exist"), "{gone:?}");
    client.end_of("a", &second).await;
}

#[tokio::test]
async fn what_ties_a_guest_to_its_node_keeps_it_there() {
    let cluster = three().await;
    let change = |change: fn(&mut lab::proxmox::GuestSettings)| {
        cluster.proxmox.configure(100, change).unwrap();
    };
    change(|guest| guest.local_disks = vec!["local-lvm:vm-100-disk-0".to_owned()]);
    let (status, log) = moved(&cluster, "target=b&online=1").await;
    assert_eq!(status, "migration aborted");
    assert!(
        log.iter()
            .any(|line| line.contains("without with-local-disks option")),
        "{log:?}"
    );
    change(|guest| guest.local_resources = vec!["hostpci0".to_owned()]);
    let (_, log) = moved(&cluster, "target=b&online=1&with-local-disks=1").await;
    assert!(
        log.iter()
            .any(|line| line.contains("local devices: hostpci0")),
        "{log:?}"
    );
    change(|guest| guest.local_resources.clear());
    change(|guest| drop(guest.config.insert("lock".to_owned(), "backup".to_owned())));
    let (_, log) = moved(&cluster, "target=b&online=1&with-local-disks=1").await;
    assert!(
        log.iter()
            .any(|line| line.contains("VM is locked (backup)")),
        "{log:?}"
    );
    change(|guest| drop(guest.config.remove("lock")));
    assert_eq!(cluster.proxmox.node_of(100).as_deref(), Some("a"));
    assert_eq!(
        moved(&cluster, "target=b&online=1&with-local-disks=1")
            .await
            .0,
        "OK"
    );
}

#[tokio::test]
async fn a_migration_is_refused_before_it_begins_where_it_cannot_be_meant() {
    let mut cluster = three().await;
    let client = cluster.client("b");
    for (form, status, words) in [
        ("target=b", 500, "can't migrate running VM without --online"),
        ("target=a&online=1", 400, "Parameter verification failed."),
        ("target=d&online=1", 500, "no such cluster node 'd'"),
        ("online=1", 400, "Parameter verification failed."),
    ] {
        let refused = client.post("/nodes/a/qemu/100/migrate", form).await;
        assert_eq!(
            (refused.status, refused.reason.as_str()),
            (status, words),
            "{form}"
        );
    }
    cluster
        .proxmox
        .fault(Fault::TokenWithout("VM.Migrate".to_owned()))
        .unwrap();
    let refused = client
        .post("/nodes/a/qemu/100/migrate", "target=b&online=1")
        .await;
    assert_eq!(
        refused.reason,
        "Permission check failed (/vms/100, VM.Migrate)"
    );
}

#[tokio::test]
async fn a_migration_fails_when_told_to_or_when_its_target_is_away() {
    let mut cluster = three().await;
    cluster.proxmox.fault(Fault::MigrationFails(100)).unwrap();
    assert_eq!(
        moved(&cluster, "target=c&online=1").await.0,
        "migration aborted"
    );
    cluster.proxmox.clear().unwrap();
    cluster.proxmox.shut_node_down("c").unwrap();
    assert_eq!(
        moved(&cluster, "target=c&online=1").await.0,
        "migration aborted"
    );
    assert_eq!(cluster.proxmox.node_of(100).as_deref(), Some("a"));
}

#[tokio::test]
async fn a_container_moves_by_a_restart_only() {
    let cluster = three().await;
    cluster.proxmox.add_container("a", 200, "proxy").unwrap();
    let client = cluster.client("a");
    let refused = client.post("/nodes/a/lxc/200/migrate", "target=b").await;
    assert_eq!(refused.status, 500, "{refused:?}");
    let form = "target=b&restart=1&timeout=30";
    let upid = client.post("/nodes/a/lxc/200/migrate", form).await.upid();
    assert_eq!(client.end_of("a", &upid).await.0, "OK");
    assert_eq!(cluster.proxmox.node_of(200).as_deref(), Some("b"));
}

#[tokio::test]
async fn a_node_that_is_down_answers_nobody_and_what_it_ran_lost_its_power() {
    let cluster = three().await;
    let (a, b) = (cluster.client("a"), cluster.client("b"));
    let before = b.get("/nodes/a/status").await.data();
    cluster.proxmox.shut_node_down("a").unwrap();
    assert!(a.try_ask("GET", "/version", "").await.is_err());
    assert_eq!(b.get("/nodes/a/status").await.status, 595);
    let rows = b.get("/cluster/status").await.data();
    let row = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "a")
        .unwrap();
    assert_eq!(
        (&row["online"], &rows[0]["quorate"]),
        (&json!(0), &json!(1))
    );
    cluster.proxmox.boot_node("a", "6.17.4-1-pve").unwrap();
    let after = a.get("/nodes/a/status").await.data();
    assert_ne!(
        before["current-kernel"]["release"],
        after["current-kernel"]["release"]
    );
    assert_eq!(after["current-kernel"]["release"], "6.17.4-1-pve");
    assert_eq!(
        cluster.proxmox.power_cuts(),
        2,
        "100 and 101 were left on it"
    );
    assert!(cluster.proxmox.is_running(102));
}

#[tokio::test]
async fn votes_and_an_arbiter_decide_over_quorum() {
    let nodes = ["a", "b"];
    for (cluster, votes, quorate) in [
        (Cluster::of(&nodes).await, "1", 0),
        (Cluster::shaped(&nodes, |it| it.votes("b", 3)).await, "3", 1),
        (Cluster::shaped(&nodes, |it| it.qdevice()).await, "1", 1),
    ] {
        cluster.proxmox.shut_node_down("a").unwrap();
        let client = cluster.client("b");
        let rows = client.get("/cluster/status").await.data();
        assert_eq!(rows[0]["quorate"], quorate);
        let nodes = client.get("/cluster/config/nodes").await.data();
        assert_eq!(nodes[1]["quorum_votes"], votes);
    }
}

async fn until(mut seen: impl FnMut() -> bool) {
    while !seen() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn maintenance_shows_before_guests_have_left_survives_a_reboot_and_brings_them_back() {
    let cluster =
        Cluster::shaped(&["a", "b", "c"], |it| it.migration(Duration::from_secs(1))).await;
    for (vmid, ha) in [
        (100, HaSettings::started()),
        (101, HaSettings::started().only_on(&["a"])),
        (102, HaSettings::started().only_on(&["a", "c"])),
    ] {
        cluster.add("a", vmid, Simulated::new(BOOT_ID));
        cluster
            .proxmox
            .configure(vmid, |guest| guest.ha = Some(ha))
            .unwrap();
    }
    cluster.add("a", 103, Simulated::new(BOOT_ID));
    let proxmox = &cluster.proxmox;
    proxmox.set_maintenance("a", true).unwrap();
    until(|| proxmox.ha_state("a") == Some("maintenance")).await;
    assert_eq!(
        proxmox.node_of(100).as_deref(),
        Some("a"),
        "it has not left yet"
    );
    let client = cluster.client("b");
    let status = client.get("/cluster/ha/status/manager_status").await.data();
    assert_eq!(status["manager_status"]["node_status"]["a"], "maintenance");
    assert_eq!(status["lrm_status"]["a"]["mode"], "maintenance");
    until(|| proxmox.node_of(100).as_deref() == Some("b")).await;
    until(|| proxmox.node_of(102).as_deref() == Some("c")).await;
    for vmid in [101, 103] {
        assert_eq!(
            proxmox.node_of(vmid).as_deref(),
            Some("a"),
            "{vmid} may not leave, or is not managed"
        );
    }
    proxmox.shut_node_down("a").unwrap();
    proxmox.boot_node("a", "6.17.4-1-pve").unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(proxmox.ha_state("a"), Some("maintenance"));
    proxmox.set_maintenance("a", false).unwrap();
    until(|| proxmox.node_of(100).as_deref() == Some("a")).await;
    until(|| proxmox.node_of(102).as_deref() == Some("a")).await;
    assert_eq!(proxmox.ha_state("a"), Some("online"));
}

#[tokio::test]
async fn a_move_of_a_managed_guest_is_only_asked_for_by_its_task() {
    let cluster = three().await;
    let only = HaSettings::started().only_on(&["a", "b"]);
    cluster
        .proxmox
        .configure(100, |guest| guest.ha = Some(only))
        .unwrap();
    let (status, log) = moved(&cluster, "target=c&online=1").await;
    assert_eq!(status, "OK");
    assert!(log[0].starts_with("Requesting HA migration"), "{log:?}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        cluster.proxmox.node_of(100).as_deref(),
        Some("a"),
        "its group has no c"
    );
    assert_eq!(moved(&cluster, "target=b&online=1").await.0, "OK");
    until(|| cluster.proxmox.node_of(100).as_deref() == Some("b")).await;
}

fn names(checks: &Value) -> Vec<&String> {
    checks.as_object().unwrap().keys().collect()
}

#[tokio::test]
async fn ceph_tells_its_checks_its_flag_and_the_nodes_that_are_away() {
    let cluster = three().await;
    let client = cluster.client("b");
    let absent = client.get("/cluster/ceph/status").await;
    assert_eq!(absent.reason, "binary not installed: /usr/bin/ceph-mon");
    cluster.proxmox.set_ceph(Ceph::healthy());
    let health = client.get("/cluster/ceph/status").await.data()["health"].clone();
    assert_eq!(health["status"], "HEALTH_OK");
    let flag = "/cluster/ceph/flags/noout";
    assert_eq!(client.ask("PUT", flag, "value=1").await.status, 200);
    assert_eq!(client.get(flag).await.data(), 1);
    cluster.proxmox.shut_node_down("a").unwrap();
    let status = client.get("/nodes/b/ceph/status").await.data();
    assert_eq!(
        names(&status["health"]["checks"]),
        ["MON_DOWN", "OSDMAP_FLAGS", "OSD_DOWN"]
    );
    assert_eq!(status["quorum_names"], json!(["b", "c"]));
    let wrong = client.ask("PUT", flag, "value=perhaps").await;
    assert_eq!(wrong.status, 400, "{wrong:?}");
}

#[tokio::test]
async fn what_keeps_a_node_busy_is_listed_while_it_does() {
    let cluster = three().await;
    let client = cluster.client("b");
    let backup = cluster.proxmox.put_in_flight("a", "vzdump", 100).unwrap();
    let active = client.get("/nodes/a/tasks?source=active").await.data();
    assert_eq!(
        (&active[0]["upid"], active[0].get("endtime")),
        (&json!(backup.upid()), None)
    );
    drop(backup);
    while client.get("/nodes/a/tasks?source=active").await.data() != json!([]) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut job = ReplicationJob::new(100, "b");
    job.running = true;
    job.failures = 2;
    cluster.proxmox.set_replication(job);
    assert_eq!(
        client.get("/cluster/replication").await.data()[0]["id"],
        "100-0"
    );
    let running = client.get("/nodes/a/replication").await.data();
    assert_eq!(
        (&running[0]["fail_count"], &running[0]["pid"]),
        (&json!(2), &json!(4711))
    );
    assert_eq!(client.get("/nodes/b/replication").await.data(), json!([]));
    let update = NodeUpdate {
        package: "pve-manager".to_owned(),
        from: "9.2.10".to_owned(),
        to: "9.2.11".to_owned(),
    };
    cluster.proxmox.set_updates("a", vec![update]).unwrap();
    assert_eq!(
        client.get("/nodes/a/apt/update").await.data()[0]["Version"],
        "9.2.11"
    );
}
