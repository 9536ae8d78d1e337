//! What a guest is answered.

use crate::client::STOP_STATE;
use crate::host::Host;

#[tokio::test]
async fn every_reply_has_the_flavor_and_every_request_must_have_it() {
    let host = Host::start().await;
    let mut guest = host.connect("web1").await;
    let idle = guest.get(STOP_STATE).await;
    assert_eq!((idle.status, idle.body.as_str()), (200, "NONE"));
    assert_eq!(idle.header("metadata-flavor"), Some("Google"));
    for flavor in ["", "Metadata-Flavor: Gogle\r\n", "X-Google: Google\r\n"] {
        let head =
            format!("GET /computeMetadata/v1/{STOP_STATE} HTTP/1.1\r\nHost: m\r\n{flavor}\r\n");
        guest.send(head).await;
        let refused = guest.reply().await;
        assert_eq!(refused.status, 403, "{flavor:?}");
        assert_eq!(refused.header("metadata-flavor"), Some("Google"));
    }
}

#[tokio::test]
async fn a_forwarded_request_is_refused_whatever_it_says() {
    let host = Host::start().await;
    let mut guest = host.connect("web1").await;
    for name in ["X-Forwarded-For", "x-forwarded-for"] {
        let head = format!(
            "GET /computeMetadata/v1/{STOP_STATE} HTTP/1.1\r\nHost: m\r\n\
             Metadata-Flavor: Google\r\n{name}: 127.0.0.1\r\n\r\n"
        );
        guest.send(head).await;
        assert_eq!(guest.reply().await.status, 403);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_cannot_be_written_is_refused() {
    let host = Host::start().await;
    let mut guest = host.connect("web1").await;
    assert_eq!(guest.get("instance/attributes/nosuch").await.status, 404);
    assert_eq!(guest.get("instance/guest-attributes/a/b").await.status, 404);
    let refused = guest
        .put("instance/attributes/startup-script", "evil")
        .await;
    assert_eq!(refused.status, 405);
    guest.send("DELETE /computeMetadata/v1/instance/ HTTP/1.1\r\nHost: m\r\nMetadata-Flavor: Google\r\n\r\n").await;
    assert_eq!(guest.reply().await.status, 405);
    assert!(host.shelf.kept().is_empty());
}

#[tokio::test]
async fn a_directory_without_its_slash_is_elsewhere() {
    let host = Host::start().await;
    let mut guest = host.connect("web1").await;
    let moved = guest.get("instance").await;
    assert_eq!(moved.status, 301);
    assert_eq!(
        moved.header("location"),
        Some("/computeMetadata/v1/instance/")
    );
    let listing = guest.get("instance/").await;
    assert!(listing.body.contains("shutdown-details/\n"), "{listing:?}");
}

#[tokio::test]
async fn a_guest_that_asks_too_often_hears_so_and_is_answered_again_later() {
    let limits = metadata_server::Limits {
        requests_per_second: 5,
        ..Default::default()
    };
    let host = Host::start_with(limits, &[]).await;
    let mut guest = host.connect("web1").await;
    let mut other = host.connect("web2").await;
    let mut refused = 0;
    for _ in 0..30 {
        refused += usize::from(guest.get(STOP_STATE).await.status == 429);
    }
    assert!((1..30).contains(&refused), "{refused}");
    assert_eq!(other.get(STOP_STATE).await.status, 200);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(guest.get(STOP_STATE).await.status, 200);
}
