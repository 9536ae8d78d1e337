//! What the operator says while a campaign is driven.

use std::time::Duration;

use plan::campaign::{Halt, Outcome};

use super::super::Word;
use super::site::{Site, document, until};

const WAVES: &str = "
at-once = 9
max-failures = 9
[group.web]
guests = [\"web1\", \"web2\", \"web3\"]
max-unavailable = 9
wave = [{ name = \"canary\", size = 1 }, { approval = \"web\" }]
";

#[tokio::test]
async fn a_wave_waits_for_its_word_and_for_no_other() {
    let site = Site::new();
    let begun = site.begin(document(WAVES, 3));
    let operator = async {
        until(|| site.begun() == ["web1 1"]).await;
        site.say(&Word::Approve("wbe".to_owned()));
        until(|| {
            site.notes()
                .iter()
                .any(|note| note.contains("no wave waits"))
        })
        .await;
        assert_eq!(site.begun(), ["web1 1"]);
        site.say(&Word::Approve("web".to_owned()));
    };
    let (driven, ()) = tokio::join!(site.drive(begun), operator);
    assert_eq!(driven.unwrap().unwrap().done, 3);
    let notes = site.notes();
    for line in [
        "wave 2 of `web` waits for the word `web`",
        "the word `web` is said",
        "wave 2 of `web` begins",
    ] {
        assert!(notes.iter().any(|note| note == line), "{notes:?}");
    }
}

#[tokio::test]
async fn nobody_is_begun_while_it_is_paused_and_the_pause_outlives_the_hospes() {
    let site = Site::new();
    let begun = site.begin(document(WAVES, 3));
    drop(begun);
    site.say(&Word::Pause);
    site.say(&Word::Approve("web".to_owned()));
    let patient = tokio::time::timeout(Duration::from_millis(900), async {
        site.drive(site.take_up().await).await
    });
    assert!(patient.await.is_err(), "it waits");
    // The first wave was decided upon before the pause was said.
    let before = site.begun();
    assert!(before.len() <= 1, "{before:?}");
    let patient = tokio::time::timeout(Duration::from_millis(900), async {
        site.drive(site.take_up().await).await
    });
    assert!(patient.await.is_err(), "it still waits");
    assert_eq!(site.begun(), before);
    site.say(&Word::Resume);
    let summary = site.drive(site.take_up().await).await.unwrap().unwrap();
    assert!(summary.is_success(), "{summary:?}");
    assert_eq!(site.begun().len(), 3);
}

#[tokio::test]
async fn after_an_abort_those_under_way_finish_and_nobody_else_is_begun() {
    let site = Site::new();
    let web1 = "web1".parse().unwrap();
    let late = Outcome::Failed("held packages".to_owned());
    site.world.fates.borrow_mut().insert(web1, vec![late]);
    let begun = site.begin(document(WAVES, 3));
    let operator = async {
        until(|| site.begun() == ["web1 1"]).await;
        site.say(&Word::Abort("a disk is full".to_owned()));
    };
    let (driven, ()) = tokio::join!(site.drive(begun), operator);
    let summary = driven.unwrap().unwrap();
    assert_eq!((summary.failed, summary.not_begun), (1, 2));
    assert_eq!(
        summary.halt,
        Some(Halt::Aborted("a disk is full".to_owned()))
    );
    assert_eq!(site.begun(), ["web1 1"]);
}

#[tokio::test]
async fn a_word_that_nobody_knows_is_told_once_and_changes_nothing() {
    let site = Site::new();
    let begun = site.begin(document("[group.web]\nguests = \"all\"\n", 1));
    let at = crate::clock::now();
    site.store
        .journal()
        .say_to_campaign(journal::CampaignId(1), "faster", "faster", at)
        .unwrap();
    let summary = site.drive(begun).await.unwrap().unwrap();
    assert!(summary.is_success());
    let notes = site.notes();
    let told = notes.iter().filter(|note| note.contains("is no word"));
    assert_eq!(told.count(), 1, "{notes:?}");
}
