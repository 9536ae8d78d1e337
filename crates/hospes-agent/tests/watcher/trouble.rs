//! Servers and service managers that do not answer as they should.

use metadata::stop::file_name;

use crate::guest::{Guest, until};
use crate::host::{Host, STOP_STATE};

const R1: &str = "2026-11-22T04:51:45.1Z";
/// A port that nobody listens on (tcpmux), and that nobody is given by chance.
const NOBODY: &str = "127.0.0.1:1";

#[test]
fn where_there_is_no_server_one_line_is_said_and_the_watcher_stays() {
    let mut guest = Guest::at(NOBODY.to_owned());
    guest.watch();
    guest.wait_until_said("refuses connections");
    guest.signal("TERM");
    assert_eq!(guest.ended().code(), Some(0));
    assert_eq!(guest.said("refuses connections"), 1, "{}", guest.log());
}

#[test]
fn a_server_that_has_no_stop_state_is_asked_once_a_minute_and_told_of_once() {
    let host = Host::start();
    let guest = Guest::watching(&host);
    guest.wait_until_said("no such value");
    assert_eq!(host.asked().len(), 1);
    assert_eq!(guest.log().lines().count(), 2, "{}", guest.log());
}

#[test]
fn a_server_that_comes_back_is_heard() {
    let host = Host::start();
    host.announce(R1, "600");
    host.fail_with(Some(503));
    let guest = Guest::watching(&host);
    guest.wait_until_said("answers 503");
    host.wait_until_asked(2);
    host.fail_with(None);
    guest.wait_until_started(1);
    assert_eq!(guest.said("answers 503"), 1, "{}", guest.log());
    assert_eq!(
        guest.said("the metadata server answers"),
        2,
        "{}",
        guest.log()
    );
}

#[test]
fn a_start_that_is_refused_is_tried_again_and_told_of_once() {
    let host = Host::start();
    host.announce(R1, "600");
    let mut guest = Guest::of(&host);
    // The script counts its own calls.
    let counting = "echo >>$0.log; [ $(wc -l <$0.log) -ge 3 ] || { echo no bus >&2; exit 1; }";
    guest.systemctl(counting);
    guest.watch();
    guest.wait_until_said("are started");
    assert_eq!(guest.starts(), 3);
    assert_eq!(guest.said("no bus"), 1, "{}", guest.log());
    assert!(host.puts().is_empty());
}

#[test]
fn a_stop_that_is_cancelled_while_its_start_is_refused_is_not_started() {
    let host = Host::start();
    host.announce(R1, "600");
    let mut guest = Guest::of(&host);
    guest.systemctl("exit 1");
    guest.watch();
    guest.wait_until_said("trying again");
    host.cancel();
    guest.wait_until_said("no stop is pending any more");
    let starts = guest.starts();
    guest.systemctl("exit 0");
    host.announce("another", "60");
    guest.wait_until_started(starts + 1);
    assert_eq!(guest.pending()["request"], "another");
}

#[test]
fn a_state_that_cannot_be_read_or_written_stops_no_scripts() {
    let host = Host::start();
    host.announce(R1, "600");
    let mut guest = Guest::of(&host);
    // A directory where each file should be.
    for name in ["watcher.json", "pending-stop.json"] {
        std::fs::create_dir_all(guest.run(name)).unwrap();
    }
    guest.watch();
    guest.wait_until_started(1);
    guest.wait_until_said("cannot keep the state");
}

#[test]
fn details_that_are_garbage_are_done_without() {
    let host = Host::start();
    host.set(&[
        (STOP_STATE, "PENDING_STOP"),
        ("instance/shutdown-details/request-timestamp", "not a name"),
        ("instance/shutdown-details/max-duration", "soon"),
    ]);
    let guest = Guest::watching(&host);
    guest.wait_until_started(1);
    let pending = guest.pending();
    assert!(pending["request"].as_str().unwrap().starts_with("unnamed-"));
    assert!(pending["deadline-unix"].is_null());
}

#[test]
fn a_report_is_put_once_the_server_is_back() {
    let host = Host::start();
    host.fail_with(Some(503));
    let guest = Guest::of(&host);
    guest.take(R1);
    let end = std::thread::spawn({
        let mut command = guest.command("report-graceful-shutdown");
        command.env("SERVICE_RESULT", "timeout");
        move || command.output().unwrap()
    });
    host.wait_until_asked(2);
    host.fail_with(None);
    host.wait_until_put(1);
    assert!(end.join().unwrap().status.success());
    assert!(host.puts()[0].1.contains(r#""outcome":"timeout""#));
    until("it is noted", || {
        guest
            .run(&format!("reported/{}", file_name(R1)))
            .exists()
            .then_some(())
    });
}
