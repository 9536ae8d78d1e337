//! Hanging GETs.

use std::time::Duration;

use crate::client::{Connection, STOP_STATE, wait};
use crate::host::{AMPLE, Host};

const PENDING: &[(&str, &str)] = &[
    (STOP_STATE, "PENDING_STOP"),
    ("instance/shutdown-details/max-duration", "600s"),
];

#[tokio::test]
async fn a_change_answers_who_waits_for_it() {
    let host = Host::start().await;
    let mut guest = host.connect("web1").await;
    let idle = guest.get(STOP_STATE).await;
    guest.ask(&wait(STOP_STATE, idle.etag())).await;
    host.until_watched("web1").await;
    host.set("web1", PENDING).await;
    let pending = guest.reply().await;
    assert_eq!(
        (pending.status, pending.body.as_str()),
        (200, "PENDING_STOP")
    );
    assert_ne!(pending.etag(), idle.etag());
    let mut late = host.connect("web1").await;
    let at_once = late.get(&wait(STOP_STATE, idle.etag())).await;
    assert_eq!(
        at_once.body, "PENDING_STOP",
        "its etag is no longer the present one"
    );
}

#[tokio::test]
async fn another_guests_change_and_another_keys_wake_nobody() {
    let host = Host::start().await;
    let mut guest = host.connect("web1").await;
    let idle = guest.get(STOP_STATE).await;
    guest
        .ask(&format!("{}&timeout_sec=2", wait(STOP_STATE, idle.etag())))
        .await;
    host.until_watched("web1").await;
    host.set("web2", PENDING).await;
    host.set("web1", &[("instance/attributes/a", "b")]).await;
    let same = guest.reply().await;
    assert_eq!((same.body.as_str(), same.etag()), ("NONE", idle.etag()));
}

#[tokio::test]
async fn when_the_time_is_over_the_present_value_is_the_answer() {
    let host = Host::start().await;
    let mut guest = host.connect("web1").await;
    let idle = guest.get(STOP_STATE).await;
    let path = format!("{}&timeout_sec=1", wait(STOP_STATE, idle.etag()));
    let same = guest.get(&path).await;
    assert_eq!(
        (same.status, same.body.as_str(), same.etag()),
        (200, "NONE", idle.etag())
    );
}

#[tokio::test]
async fn no_change_is_missed_between_two_waits() {
    let host = Host::start().await;
    let mut guest = host.connect("web1").await;
    let mut etag = guest.get(STOP_STATE).await.etag().to_owned();
    for round in 0..50 {
        let state = ["PENDING_STOP", "NONE"][round % 2];
        let change = [(STOP_STATE, state)];
        let changed = host.set("web1", &change);
        let path = wait(STOP_STATE, &etag);
        let (reply, ()) = tokio::join!(guest.get(&path), changed);
        assert_eq!(reply.body, state);
        etag = reply.etag().to_owned();
    }
}

#[tokio::test]
async fn a_value_that_came_back_between_two_waits_is_seen() {
    let host = Host::start().await;
    let mut guest = host.connect("web1").await;
    let idle = guest.get(STOP_STATE).await;
    host.set("web1", PENDING).await;
    host.set("web1", &[(STOP_STATE, "NONE")]).await;
    let again = guest.get(&wait(STOP_STATE, idle.etag())).await;
    assert_eq!(again.body, "NONE");
    assert_ne!(again.etag(), idle.etag());
}

#[tokio::test]
async fn a_restarted_server_goes_on_with_the_same_etags() {
    let mut host = Host::start().await;
    host.set("web1", PENDING).await;
    let before = host.connect("web1").await.get(STOP_STATE).await;
    host.stop().await;
    host.run().await;
    let mut guest = host.connect("web1").await;
    guest.ask(&wait(STOP_STATE, before.etag())).await;
    host.until_watched("web1").await;
    host.set("web1", &[(STOP_STATE, "STOPPING")]).await;
    assert_eq!(guest.reply().await.body, "STOPPING");
    host.stop().await;
    host.run().await;
    let missed = host
        .connect("web1")
        .await
        .get(&wait(STOP_STATE, before.etag()))
        .await;
    assert_eq!(missed.body, "STOPPING", "changed while the guest was away");
}

#[tokio::test]
async fn the_end_of_the_server_answers_who_waits() {
    let mut host = Host::start().await;
    let mut guest = host.connect("web1").await;
    let idle = guest.get(STOP_STATE).await;
    guest.ask(&wait(STOP_STATE, idle.etag())).await;
    host.until_watched("web1").await;
    let socket = host.socket("web1");
    host.stop().await;
    assert_eq!(guest.reply().await.body, "NONE");
    assert_eq!(guest.until_closed().await, "");
    assert!(!socket.exists());
}

#[tokio::test]
async fn who_hangs_up_gives_its_place_back_at_once() {
    let ends: [&[u8]; 3] = [b"", b"GET / HTTP/1.1\r\n\r\n", &[b'x'; 40 << 10]];
    let limits = metadata_server::Limits {
        connections: 1,
        ..Default::default()
    };
    let host = Host::start_with(limits, &[]).await;
    let free = async {
        for end in ends.iter().cycle().take(12) {
            let mut guest = host.connect("web1").await;
            guest.ask(&wait(STOP_STATE, "0")).await;
            let idle = guest.reply().await;
            if idle.status == 200 {
                guest.ask(&wait(STOP_STATE, idle.etag())).await;
                host.until_watched("web1").await;
                guest.send_until_closed(end, end.len()).await;
            }
            drop(guest);
            until_answered(&host).await;
        }
    };
    tokio::time::timeout(AMPLE, free).await.unwrap();
}

async fn until_answered(host: &Host) {
    loop {
        let mut guest: Connection = host.connect("web1").await;
        guest.ask(STOP_STATE).await;
        if guest.reply().await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn only_a_wait_for_the_stop_counts_as_a_watcher() {
    let host = Host::start().await;
    assert!(!host.is_watched("web1").await);
    let mut guest = host.connect("web1").await;
    guest.get(STOP_STATE).await;
    guest
        .ask("instance/attributes/?recursive=true&wait_for_change=true")
        .await;
    let mut other = host.connect("web1").await;
    other.get(STOP_STATE).await;
    assert!(!host.is_watched("web1").await);
    other
        .ask("instance/shutdown-details/?recursive=true&wait_for_change=true")
        .await;
    host.until_watched("web1").await;
    assert!(!host.is_watched("web2").await);
}
