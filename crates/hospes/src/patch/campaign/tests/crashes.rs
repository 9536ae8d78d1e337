//! A hospes that dies anywhere, again and again: nobody is begun twice, and it comes to the same.

use plan::campaign::{Outcome, Summary};
use rusqlite::Connection;

use super::site::{Site, document};

/// Two groups with waves, hooks of none; web2 needs a second try, web5 fails, web8 breaks.
const PLAN: &str = "
at-once = 3
max-failures = 9
[defaults]
retries = 1
max-unavailable = 3
[group.first]
guests = [\"web1\", \"web2\", \"web3\", \"web4\", \"web5\"]
wave = [{ size = 1 }, { size = 2 }]
[group.second]
guests = [\"web6\", \"web7\", \"web8\"]
after = \"first\"
max-unavailable = 2
";

fn fates(site: &Site) {
    let mut fates = site.world.fates.borrow_mut();
    let mut fate = |member: &str, outcomes: Vec<Outcome>| {
        fates.insert(member.parse().unwrap(), outcomes);
    };
    fate("web2", vec![Outcome::Retry("apt was busy".to_owned())]);
    fate("web5", vec![Outcome::Failed("held packages".to_owned())]);
    fate("web8", vec![Outcome::Down("no SSH".to_owned())]);
}

fn expected() -> Summary {
    Summary {
        done: 6,
        failed: 1,
        down: 1,
        not_begun: 0,
        halt: None,
        after_campaign: None,
    }
}

/// Each member was begun as often as it has to be.
fn assert_begun_once(site: &Site, seed: u64) {
    let begun = site.world.begun.borrow();
    for member in 1..=8 {
        let turns = begun
            .keys()
            .filter(|(id, _)| id.to_string() == format!("web{member}"));
        let tries = if member == 2 { 2 } else { 1 };
        assert_eq!(turns.count(), tries, "web{member}, seed {seed}");
    }
}

#[tokio::test]
async fn a_hospes_that_dies_at_any_touch_of_a_guest_is_taken_up_and_begins_nobody_twice() {
    let mut all_deaths = 0;
    for seed in 0..60_u64 {
        let site = Site::new();
        fates(&site);
        // A small generator of its own: the same deaths for the same seed.
        let mut random = seed;
        let mut next = || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            u32::try_from((random >> 33) % 12).unwrap()
        };
        site.world.fuse.set(Some(next()));
        let mut ended = site.drive(site.begin(document(PLAN, 8))).await.unwrap();
        let mut deaths = 0;
        while ended.is_none() {
            deaths += 1;
            // In the end it lives.
            site.world.fuse.set((deaths < 12).then(&mut next));
            ended = site.drive(site.take_up().await).await.unwrap();
        }
        assert_eq!(ended, Some(expected()), "seed {seed}");
        assert_begun_once(&site, seed);
        all_deaths += deaths;
    }
    assert!(all_deaths > 120, "only {all_deaths} died");
}

#[tokio::test]
async fn a_journal_that_fails_at_any_save_stops_the_hospes_before_anything_is_done() {
    let mut saves = 0;
    loop {
        let site = Site::new();
        fates(&site);
        let begun = site.begin(document(PLAN, 8));
        let breaker = Connection::open(site.path("hospes.db")).unwrap();
        breaker
            .execute_batch(&format!(
                "CREATE TABLE fuse (n INTEGER); INSERT INTO fuse VALUES ({saves});
                 CREATE TRIGGER full BEFORE UPDATE ON campaigns WHEN (SELECT n FROM fuse) = 0
                 BEGIN SELECT RAISE(ABORT, 'full'); END;
                 CREATE TRIGGER burn AFTER UPDATE ON campaigns
                 BEGIN UPDATE fuse SET n = n - 1; END;"
            ))
            .unwrap();
        let driven = site.drive(begun).await;
        let Err(error) = driven else {
            assert_eq!(driven.unwrap(), Some(expected()));
            break;
        };
        let told = format!("{error:#}");
        assert!(told.contains("hospes patch resume c1"), "{told}");
        breaker.execute_batch("DROP TRIGGER full").unwrap();
        let ended = site.drive(site.take_up().await).await.unwrap();
        assert_eq!(ended, Some(expected()), "{saves} saves before");
        assert_begun_once(&site, saves);
        saves += 1;
    }
    assert!(saves > 5, "only {saves} saves were cut off");
}

#[tokio::test]
async fn what_has_ended_is_not_taken_up_again() {
    let site = Site::new();
    let summary = site.drive(site.begin(document(PLAN, 8))).await.unwrap();
    assert!(summary.is_some_and(|summary| summary.is_success()));
    let again = super::super::take_up(&site.store, journal::CampaignId(1), "patch resume").await;
    let told = again
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(told.contains("has ended"), "{told}");
}

#[tokio::test]
async fn one_that_is_driven_is_not_taken_up() {
    let site = Site::new();
    let begun = site.begin(document(PLAN, 8));
    let other = super::super::take_up(&site.store, journal::CampaignId(1), "patch resume").await;
    let told = other
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(told.contains("is driven by hospes patch apply"), "{told}");
    drop(begun);
    site.take_up().await;
}
