//! What is told of guests, and what their agents are asked.

use std::net::Ipv4Addr;
use std::time::Duration;

use lab::proxmox::{AgentState, Execution, HaSettings, PendingChange, Simulated};
use serde_json::json;

use crate::{BOOT_ID, Cluster};

#[tokio::test]
async fn a_program_gets_its_words_and_input_byte_for_byte_and_is_asked_for_once() {
    let cluster = Cluster::of(&["a"]).await;
    let echo = |argv: &[String], input: &[u8]| Execution {
        status: 3,
        stdout: [argv.join(" ").as_bytes(), b"|", input].concat(),
        stderr: vec![0xe9],
    };
    cluster.add("a", 100, Simulated::new(BOOT_ID).running(echo));
    let client = cluster.client("a");
    let form = "command=/bin/sh&command=-s&input-data=a%3Bb%0A%C3%A9";
    let pid = client
        .post("/nodes/a/qemu/100/agent/exec", form)
        .await
        .data()["pid"]
        .clone();
    let path = format!("/nodes/a/qemu/100/agent/exec-status?pid={pid}");
    let status = client.get(&path).await.data();
    let expected = json!({
        "exited": 1, "exitcode": 3, "out-data": "/bin/sh -s|a;b\né", "out-truncated": 0,
        "err-data": "é", "err-truncated": 0,
    });
    assert_eq!(status, expected);
    assert_eq!(
        client.get(&path).await.reason,
        "Agent error: Invalid parameter 'pid'"
    );
}

#[tokio::test]
async fn a_body_over_64_kib_is_refused_before_any_call() {
    let cluster = Cluster::single().await;
    let form = format!("command=sh&input-data={}", "x".repeat(64 << 10));
    let reply = cluster
        .client("vm")
        .post("/nodes/vm/qemu/100/agent/exec", &form)
        .await;
    assert_eq!(
        (reply.status, reply.reason.as_str()),
        (501, "for data too large")
    );
}

#[tokio::test]
async fn the_agent_tells_interfaces_files_and_what_it_does_not_know() {
    let cluster = Cluster::of(&["a"]).await;
    let address = Ipv4Addr::new(127, 1, 0, 1);
    cluster.add("a", 100, Simulated::new(BOOT_ID).address(address.into()));
    let client = cluster.client("a");
    let agent = "/nodes/a/qemu/100/agent";
    let read = format!("{agent}/file-read?file=/proc/sys/kernel/random/boot_id");
    assert_eq!(
        client.get(&read).await.data()["content"],
        format!("{BOOT_ID}\n")
    );
    let missing = client
        .get(&format!("{agent}/file-read?file=/nowhere"))
        .await;
    assert!(
        missing
            .reason
            .starts_with("Agent error: failed to open file"),
        "{missing:?}"
    );
    let asked = client
        .get(&format!("{agent}/network-get-interfaces"))
        .await
        .data();
    let generic = client
        .post(agent, "command=network-get-interfaces")
        .await
        .data();
    assert_eq!(asked, generic);
    assert_eq!(
        asked["result"][1]["ip-addresses"][0]["ip-address"],
        "127.1.0.1"
    );
    let unknown = client
        .get(&format!("{agent}/get-memory-blocks"))
        .await
        .data();
    assert_eq!(unknown["result"]["error"]["class"], "CommandNotFound");
    for (state, word) in [
        (AgentState::Alive, "thawed"),
        (AgentState::FileSystemsFrozen, "frozen"),
    ] {
        cluster.proxmox.set_agent(100, state).unwrap();
        let freeze = client
            .post(&format!("{agent}/fsfreeze-status"), "")
            .await
            .data();
        assert_eq!(freeze["result"], word);
    }
}

#[tokio::test]
async fn an_agent_answers_after_its_time_and_only_once_the_guest_has_booted() {
    let cluster = Cluster::of(&["a"]).await;
    let slow = Simulated::new(BOOT_ID).answers_after(Duration::from_secs(1));
    cluster.add("a", 100, slow);
    let booting = Simulated::new(BOOT_ID)
        .powered_off()
        .boots_in(Duration::from_secs(3600));
    cluster.add("a", 101, booting);
    let client = cluster.client("a");
    let answered = client.post("/nodes/a/qemu/100/agent/ping", "").await;
    assert!(
        answered.status == 200 && answered.took >= Duration::from_secs(1),
        "{answered:?}"
    );
    let upid = client
        .post("/nodes/a/qemu/101/status/start", "")
        .await
        .upid();
    assert_eq!(client.end_of("a", &upid).await.0, "OK");
    let silent = client.post("/nodes/a/qemu/101/agent/ping", "").await;
    assert_eq!(silent.reason, "QEMU guest agent is not running");
}

#[tokio::test]
async fn pending_changes_show_and_the_running_configuration_does_not_have_them() {
    let cluster = Cluster::single().await;
    cluster
        .proxmox
        .configure(100, |guest| {
            guest
                .pending
                .insert("agent".to_owned(), PendingChange::Delete);
            guest
                .pending
                .insert("cores".to_owned(), PendingChange::Value("4".to_owned()));
        })
        .unwrap();
    let client = cluster.client("vm");
    let config = "/nodes/vm/qemu/100/config";
    let running = client.get(&format!("{config}?current=1")).await.data();
    assert_eq!(
        (&running["agent"], &running["cores"]),
        (&"1".into(), &1.into())
    );
    let next = client.get(config).await.data();
    assert_eq!((next.get("agent"), &next["cores"]), (None, &4.into()));
    let pending = client.get("/nodes/vm/qemu/100/pending").await.data();
    let of = |key: &str| {
        let mut entries = pending.as_array().unwrap().iter();
        entries.find(|entry| entry["key"] == key).unwrap().clone()
    };
    assert_eq!(
        of("agent"),
        json!({"key": "agent", "value": "1", "delete": 1})
    );
    assert_eq!(of("cores")["pending"], "4");
}

#[tokio::test]
async fn a_cluster_lists_nodes_guests_containers_tags_and_ha() {
    let cluster = Cluster::of(&["a", "b"]).await;
    cluster.add("a", 100, Simulated::new(BOOT_ID));
    cluster.proxmox.add_container("b", 200, "ct").unwrap();
    cluster
        .proxmox
        .configure(100, |guest| {
            guest.tags = vec!["web".to_owned(), "prod".to_owned()];
            guest.ha = Some(HaSettings::started());
        })
        .unwrap();
    let client = cluster.client("b");
    let rows = client.get("/cluster/resources?type=vm").await.data();
    assert_eq!(
        (&rows[0]["tags"], &rows[0]["hastate"]),
        (&"web;prod".into(), &"started".into())
    );
    assert_eq!(
        (&rows[1]["type"], &rows[1]["vmid"]),
        (&"lxc".into(), &200.into())
    );
    assert_eq!(client.get("/nodes/b/lxc").await.data()[0]["name"], "ct");
    let refused = client.post("/nodes/b/qemu/200/status/shutdown", "").await;
    assert_eq!(
        refused.reason,
        "Configuration file 'nodes/b/qemu-server/200.conf' does not exist"
    );
    let current = client.get("/nodes/a/qemu/100/status/current").await.data();
    assert_eq!(
        (&current["ha"]["managed"], &current["ha"]["state"]),
        (&1.into(), &"started".into())
    );
    let status = client.get("/cluster/status").await.data();
    let kinds: Vec<&str> = status
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["cluster", "node", "node"]);
    assert_eq!(
        client.get("/cluster/ha/resources/vm:100").await.data()["state"],
        "started"
    );
}

#[tokio::test]
async fn a_standalone_node_has_no_row_of_a_cluster() {
    let cluster = Cluster::single().await;
    let status = cluster.client("vm").get("/cluster/status").await.data();
    assert_eq!(status.as_array().unwrap().len(), 1);
    assert_eq!(status[0]["type"], "node");
}
