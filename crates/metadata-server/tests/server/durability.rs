//! Kept before it is seen.

use metadata::control::{Answer, Command, Scope};
use metadata_server::control::ClientError;

use crate::client::{STOP_STATE, wait};
use crate::host::{Host, change, key};

fn pending() -> Command {
    Command::Change {
        scope: Scope::Guest("web1".to_owned()),
        changes: vec![change(STOP_STATE, Some("PENDING_STOP"))],
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_never_seen() {
    let host = Host::start().await;
    let mut guest = host.connect("web1").await;
    let idle = guest.get(STOP_STATE).await;
    host.shelf.set_broken(true);
    let refused = host.ask(&pending()).await.unwrap_err();
    let ClientError::Refused(why) = refused else {
        panic!("{refused}");
    };
    assert!(why.contains("the disk is full"), "{why}");
    let report = guest.put("instance/guest-attributes/a/b", "value").await;
    assert_eq!(report.status, 503);
    assert!(!report.body.contains("disk"), "{report:?}");
    let same = guest.get(STOP_STATE).await;
    assert_eq!((same.body.as_str(), same.etag()), ("NONE", idle.etag()));
    assert_eq!(guest.get("instance/guest-attributes/a/b").await.status, 404);
    host.shelf.set_broken(false);
    guest.ask(&wait(STOP_STATE, idle.etag())).await;
    host.until_watched("web1").await;
    assert_eq!(host.ask(&pending()).await.unwrap(), Answer::Changed);
    assert_eq!(guest.reply().await.body, "PENDING_STOP");
}

#[tokio::test]
async fn what_is_answered_is_kept() {
    let mut host = Host::start().await;
    host.set(
        "web1",
        &[
            ("instance/attributes/a", "1"),
            ("instance/attributes/b", "2"),
        ],
    )
    .await;
    let mut guest = host.connect("web1").await;
    assert_eq!(
        guest.put("instance/guest-attributes/x/y", "3").await.status,
        200
    );
    let kept: Vec<_> = host
        .shelf
        .kept()
        .into_iter()
        .map(|record| record.key)
        .collect();
    let wanted = [
        "instance/attributes/a",
        "instance/attributes/b",
        "instance/guest-attributes/x/y",
    ];
    assert_eq!(kept, wanted.map(key));
    host.stop().await;
    host.run().await;
    let mut guest = host.connect("web1").await;
    assert_eq!(guest.get("instance/attributes/b").await.body, "2");
    assert_eq!(guest.get("instance/guest-attributes/x/y").await.body, "3");
}

#[tokio::test]
async fn of_several_changes_all_are_made_or_none() {
    let host = Host::start().await;
    let scope = Scope::Guest("web1".to_owned());
    let changes = vec![
        change("instance/attributes/good", Some("1")),
        change("instance/id", Some("4711")),
    ];
    let refused = host
        .ask(&Command::Change { scope, changes })
        .await
        .unwrap_err();
    assert!(matches!(refused, ClientError::Refused(_)), "{refused}");
    let mut guest = host.connect("web1").await;
    assert_eq!(guest.get("instance/attributes/good").await.status, 404);
    assert!(host.shelf.kept().is_empty());
}
