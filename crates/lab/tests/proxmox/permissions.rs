//! Who is let in, and to what.

use lab::proxmox::{Fault, Simulated};

use crate::{BOOT_ID, Cluster};

#[tokio::test]
async fn a_ticket_reads_and_needs_its_csrf_token_for_changes() {
    let cluster = Cluster::single().await;
    let anonymous = cluster.anonymous("vm");
    let password = std::fs::read_to_string(cluster.proxmox.password_file()).unwrap();
    let login = |password: &str| {
        format!(
            "username={}&password={}",
            cluster.proxmox.user(),
            password.trim()
        )
    };
    let wrong = anonymous.post("/access/ticket", &login("wrong")).await;
    assert_eq!(
        (wrong.status, wrong.reason.as_str()),
        (401, "authentication failure")
    );
    assert!(
        wrong.body.is_empty() && wrong.took.as_secs() >= 3,
        "{wrong:?}"
    );
    let data = anonymous
        .post("/access/ticket", &login(&password))
        .await
        .data();
    let cookie = format!(
        "PVEAuthCookie={}",
        data["ticket"].as_str().unwrap().replace(':', "%3A")
    );
    let client = anonymous.with_header("Cookie", &cookie);
    assert_eq!(client.get("/nodes/vm/qemu/100/config").await.status, 200);
    let refused = client.post("/nodes/vm/qemu/100/agent/ping", "").await;
    assert_eq!(
        (refused.status, refused.reason.as_str()),
        (401, "Permission denied - invalid csrf token")
    );
    let csrf = data["CSRFPreventionToken"].as_str().unwrap();
    let client = client.with_header("CSRFPreventionToken", csrf);
    assert_eq!(
        client
            .post("/nodes/vm/qemu/100/agent/ping", "")
            .await
            .status,
        200
    );
    let seen = format!("{:?}", cluster.proxmox.requests());
    assert!(!seen.contains(password.trim()), "{seen}");
}

#[tokio::test]
async fn lists_show_what_may_be_audited_and_pools_give_their_privileges() {
    let cluster = Cluster::shaped(&["a"], |layout| {
        layout.grant("/vms/100", &["VM.Audit"], true).grant(
            "/pool/web",
            &["VM.Audit", "VM.PowerMgmt", "Pool.Audit"],
            true,
        )
    })
    .await;
    for vmid in [100, 101, 102] {
        cluster.add("a", vmid, Simulated::new(BOOT_ID));
    }
    cluster
        .proxmox
        .configure(101, |guest| guest.pool = Some("web".to_owned()))
        .unwrap();
    let client = cluster.client("a");
    let rows = client.get("/cluster/resources?type=vm").await.data();
    let vmids: Vec<u64> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["vmid"].as_u64().unwrap())
        .collect();
    assert_eq!(vmids, [100, 101]);
    let refused = client.post("/nodes/a/qemu/100/status/shutdown", "").await;
    assert_eq!(
        refused.reason,
        "Permission check failed (/vms/100, VM.PowerMgmt)"
    );
    let upid = client
        .post("/nodes/a/qemu/101/status/shutdown", "")
        .await
        .upid();
    assert_eq!(client.end_of("a", &upid).await.0, "OK");
    let pool = client.get("/pools/web").await.data();
    assert_eq!(pool["members"][0]["vmid"], 101);
    assert_eq!(client.get("/cluster/status").await.status, 403);
}

#[tokio::test]
async fn a_privilege_that_was_lost_is_neither_held_nor_listed() {
    let mut cluster = Cluster::single().await;
    let client = cluster.client("vm");
    let held = client.get("/access/permissions?path=/vms/100").await.data();
    assert_eq!(held["/vms/100"]["VM.PowerMgmt"], 1);
    cluster
        .proxmox
        .fault(Fault::TokenWithout("VM.PowerMgmt".to_owned()))
        .unwrap();
    let held = client.get("/access/permissions?path=/vms/100").await.data();
    assert!(held["/vms/100"].get("VM.PowerMgmt").is_none(), "{held}");
    assert_eq!(
        client
            .post("/nodes/vm/qemu/100/status/start", "")
            .await
            .status,
        403
    );
    cluster.proxmox.clear().unwrap();
    assert_eq!(
        client
            .post("/nodes/vm/qemu/100/status/start", "")
            .await
            .status,
        200
    );
}
