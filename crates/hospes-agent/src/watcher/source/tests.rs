//! Sources over real connections.

#[path = "../../../tests/watcher/host.rs"]
#[expect(dead_code, reason = "shared with the tests of the whole program")]
mod host;

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use host::{Host, PATIENCE, STOP_STATE};
use metadata_client::Client;

use super::*;
use crate::log::Log;

const OTHER: &str = "instance/preempted";

fn source(host: &Host, key: &str) -> Source {
    let client = Client::at(&host.address()).unwrap();
    let watch = client.watch_key(key.parse().unwrap());
    Source::start(watch, &Arc::new(Log::new(false))).unwrap()
}

fn next(inbox: &Inbox) -> Arrival {
    inbox.next(Some(Instant::now() + PATIENCE))
}

fn reply(value: &str) -> Arrival {
    Arrival::Reply(Some(value.to_owned()))
}

/// Takes replies until this one; each change comes in order, none twice.
fn take_until(inbox: &Inbox, value: &str) {
    let until = Instant::now() + PATIENCE;
    while inbox.next(Some(until)) != reply(value) {
        assert!(Instant::now() < until, "{value} never comes");
    }
}

#[test]
fn every_subscriber_gets_the_present_value_and_each_change() {
    let host = Host::start();
    host.set(&[(STOP_STATE, "NONE")]);
    let source = source(&host, STOP_STATE);
    let first = source.subscribe();
    assert_eq!(next(&first), reply("NONE"));
    let late = source.subscribe();
    assert_eq!(next(&late), reply("NONE"));
    host.set(&[(STOP_STATE, "PENDING_STOP")]);
    for inbox in [&first, &late] {
        assert_eq!(next(inbox), reply("PENDING_STOP"));
    }
}

#[test]
fn a_value_that_is_not_there_is_news_too() {
    let host = Host::start();
    let inbox = source(&host, STOP_STATE);
    assert_eq!(next(&inbox.subscribe()), Arrival::Reply(None));
}

#[test]
fn a_subscriber_that_is_removed_is_not_waited_for() {
    let host = Host::start();
    host.set(&[(STOP_STATE, "NONE")]);
    let source = source(&host, STOP_STATE);
    let (gone, stays) = (source.subscribe(), source.subscribe());
    assert_eq!(next(&gone), reply("NONE"));
    drop(gone);
    take_until(&stays, "NONE");
    host.set(&[(STOP_STATE, "PENDING_STOP")]);
    assert_eq!(next(&stays), reply("PENDING_STOP"));
}

#[test]
fn a_slow_subscriber_delays_nobody_and_has_the_newest_replies() {
    let host = Host::start();
    host.set(&[(STOP_STATE, "value-0")]);
    let source = source(&host, STOP_STATE);
    let (slow, quick) = (source.subscribe(), source.subscribe());
    for round in 0..12 {
        // One reply is taken before the next change, so that none is skipped.
        take_until(&quick, &format!("value-{round}"));
        host.set(&[(STOP_STATE, &format!("value-{}", round + 1))]);
    }
    take_until(&quick, "value-12");
    let mut held = 0;
    loop {
        held += 1;
        if next(&slow) == reply("value-12") {
            break;
        }
        assert!(held < 12, "an inbox is bounded");
    }
}

#[test]
fn a_subscriber_that_panics_harms_nobody() {
    let host = Host::start();
    host.set(&[(STOP_STATE, "NONE")]);
    let source = source(&host, STOP_STATE);
    let (panics, stays) = (source.subscribe(), source.subscribe());
    let panicking = thread::spawn(move || {
        assert_eq!(next(&panics), reply("something else"));
    });
    assert!(panicking.join().is_err());
    take_until(&stays, "NONE");
    host.set(&[(STOP_STATE, "PENDING_STOP")]);
    assert_eq!(next(&stays), reply("PENDING_STOP"));
    let new = source.subscribe();
    assert_eq!(next(&new), reply("PENDING_STOP"));
}

#[test]
fn a_source_that_is_dropped_or_cancelled_closes_at_once_while_its_request_hangs() {
    let host = Host::start();
    host.ignore_timeouts();
    host.set(&[(STOP_STATE, "NONE"), (OTHER, "FALSE")]);
    let (first, second) = (source(&host, STOP_STATE), source(&host, OTHER));
    let inboxes = [first.subscribe(), second.subscribe()];
    assert_eq!(next(&inboxes[0]), reply("NONE"));
    assert_eq!(next(&inboxes[1]), reply("FALSE"));
    host.wait_until_asked(4);
    // Else the test would hang here, for the server does not answer.
    first.canceller().cancel();
    drop(second);
    for inbox in &inboxes {
        assert_eq!(inbox.next(None), Arrival::Closed);
    }
    assert_eq!(first.subscribe().next(None), Arrival::Closed);
}

#[test]
fn sources_are_independent() {
    let host = Host::start();
    host.set(&[(STOP_STATE, "NONE")]);
    let (ends, stays) = (source(&host, OTHER), source(&host, STOP_STATE));
    let inbox = stays.subscribe();
    assert_eq!(next(&inbox), reply("NONE"));
    assert_eq!(next(&ends.subscribe()), Arrival::Reply(None));
    drop(ends);
    host.set(&[(STOP_STATE, "PENDING_STOP")]);
    assert_eq!(next(&inbox), reply("PENDING_STOP"));
    let added = source(&host, STOP_STATE);
    assert_eq!(next(&added.subscribe()), reply("PENDING_STOP"));
}

#[test]
fn an_inbox_without_news_is_left_at_its_time() {
    let host = Host::start();
    host.set(&[(STOP_STATE, "NONE")]);
    let source = source(&host, STOP_STATE);
    let inbox = source.subscribe();
    assert_eq!(next(&inbox), reply("NONE"));
    assert_eq!(inbox.next(Some(Instant::now())), Arrival::Late);
}
