//! Reboot: the guest's own, through SSH alone.

use insta::assert_snapshot;
use lifecycle::operation::AskReport;

use crate::drive::{Drive, reboot};

fn broken() -> AskReport {
    AskReport::Unknown("the connection broke".to_owned())
}

fn killed_while_asking() -> Drive {
    reboot().up(1, 5_000).resumed(5)
}

#[test]
fn a_reboot_is_proved_by_a_new_boot_with_a_short_uptime() {
    let drive = reboot()
        .up(1, 5_000)
        .taken()
        .up(1, 5_002)
        .down()
        .after(30)
        .up(2, 12);
    assert_snapshot!(drive.story(), @r"
       0s probe -> boot 1, up 5000s, running
       0s reboot -> taken
       0s sleep 1s
       1s probe -> boot 1, up 5002s, running
       1s sleep 1s
       2s probe -> no route
      32s sleep 1s
      33s probe -> boot 2, up 12s, running
      33s = rebooted, boot 1 to 2, up 12s, took 33s
    owed: nothing
    ");
}

#[test]
fn a_guest_that_cannot_be_read_is_not_asked() {
    assert_snapshot!(reboot().down().after(30).down().story(), @r"
       0s probe -> no route
      30s sleep 1s
      31s probe -> no route
      31s = not ready after 31s: nothing was asked: no route; health: None
    owed: nothing
    ");
    assert_snapshot!(reboot().locked_out().story(), @r"
       0s probe -> the host key changed
       0s = not ready after 0ns: nothing was asked: the host key changed; health: None
    owed: nothing
    ");
}

#[test]
fn a_guest_that_refuses_is_left_alone() {
    let refused = AskReport::Refused("an inhibitor is held".to_owned());
    assert_snapshot!(reboot().up(1, 5_000).asked(refused).story(), @r"
       0s probe -> boot 1, up 5000s, running
       0s reboot -> refused
       0s = failed: the guest refused to reboot: an inhibitor is held
    owed: nothing
    ");
    let not_sent = AskReport::NotSent("no route".to_owned());
    assert_snapshot!(reboot().up(1, 5_000).asked(not_sent).story(), @r"
       0s probe -> boot 1, up 5000s, running
       0s reboot -> not sent
       0s = failed: the guest was not asked to reboot: no route
    owed: nothing
    ");
}

#[test]
fn a_lost_answer_is_waited_for_as_if_the_request_was_taken() {
    let drive = reboot()
        .up(1, 5_000)
        .asked(broken())
        .down()
        .after(30)
        .up(2, 12);
    assert_snapshot!(drive.story(), @r"
       0s probe -> boot 1, up 5000s, running
       0s reboot -> answer lost
       0s sleep 1s
       1s probe -> no route
      31s sleep 1s
      32s probe -> boot 2, up 12s, running
      32s = rebooted, boot 1 to 2, up 12s, took 32s
    owed: nothing
    ");
}

#[test]
fn another_event_in_place_of_the_answer_is_a_lost_answer() {
    assert_snapshot!(reboot().up(1, 5_000).up(1, 5_001).up(1, 5_002).story(), @r"
       0s probe -> boot 1, up 5000s, running
       0s reboot -> boot 1, up 5001s, running
       0s sleep 1s
       1s probe -> boot 1, up 5002s, running
       1s sleep 1s
    owed: to see what becomes of it
    ");
}

#[test]
fn the_old_boot_that_still_answers_is_no_reboot() {
    let drive = reboot()
        .up(1, 5_000)
        .taken()
        .up(1, 5_001)
        .after(600)
        .up(1, 5_601);
    assert_snapshot!(drive.story(), @r"
       0s probe -> boot 1, up 5000s, running
       0s reboot -> taken
       0s sleep 1s
       1s probe -> boot 1, up 5001s, running
     601s sleep 1s
     602s probe -> boot 1, up 5601s, running
     602s = still running after 602s
    owed: to see what becomes of it
    ");
}

#[test]
fn a_boot_that_is_older_than_the_request_is_not_credited() {
    let drive = reboot()
        .up(1, 5_000)
        .taken()
        .up(7, 4_000)
        .after(600)
        .up(7, 4_600);
    assert_snapshot!(drive.story(), @r"
       0s probe -> boot 1, up 5000s, running
       0s reboot -> taken
       0s sleep 1s
       1s probe -> boot 7, up 4000s, running
     601s sleep 1s
     602s probe -> boot 7, up 4600s, running
     602s = not ready after 602s: boot 00000007 answers with an uptime of 4600s, longer than the 602s since the request: it is not the reboot that was asked for; health: None
    owed: to see what becomes of it
    ");
}

#[test]
fn a_guest_that_does_not_come_back_is_told() {
    let drive = reboot().up(1, 5_000).taken().down().after(600).down();
    assert_snapshot!(drive.resumed(60).up(2, 30).story(), @r"
       0s probe -> boot 1, up 5000s, running
       0s reboot -> taken
       0s sleep 1s
       1s probe -> no route
     601s sleep 1s
     602s probe -> no route
     602s = not ready after 602s: no route; health: None
    --- resumed 60s later
     662s probe -> boot 2, up 30s, running
     662s = rebooted, boot 1 to 2, up 30s, took 662s
    owed: nothing
    ");
}

#[test]
fn a_run_killed_while_asking_waits_and_asks_the_same_boot_again() {
    let drive = killed_while_asking()
        .up(1, 5_006)
        .after(30)
        .up(1, 5_040)
        .taken();
    assert_snapshot!(drive.down().after(30).up(2, 12).story(), @r"
       0s probe -> boot 1, up 5000s, running
       0s reboot
    --- resumed 5s later
       5s probe -> boot 1, up 5006s, running
      35s sleep 1s
      36s probe -> boot 1, up 5040s, running
      36s reboot -> taken
      36s sleep 1s
      37s probe -> no route
      67s sleep 1s
      68s probe -> boot 2, up 12s, running
      68s = rebooted, boot 1 to 2, up 12s, took 32s
    owed: nothing
    ");
}

#[test]
fn a_run_killed_while_asking_does_not_ask_a_guest_that_is_on_its_way_down() {
    let drive = killed_while_asking().after(30).up_as(1, 5_040, "stopping");
    assert_snapshot!(drive.down().after(30).up(2, 12).story(), @r"
       0s probe -> boot 1, up 5000s, running
       0s reboot
    --- resumed 5s later
      35s probe -> boot 1, up 5040s, stopping
      35s sleep 1s
      36s probe -> no route
      66s sleep 1s
      67s probe -> boot 2, up 12s, running
      67s = rebooted, boot 1 to 2, up 12s, took 67s
    owed: nothing
    ");
}

#[test]
fn a_run_killed_while_asking_takes_the_new_boot_for_the_reboot() {
    assert_snapshot!(killed_while_asking().after(60).up(2, 12).story(), @r"
       0s probe -> boot 1, up 5000s, running
       0s reboot
    --- resumed 5s later
      65s probe -> boot 2, up 12s, running
      65s = rebooted, boot 1 to 2, up 12s, took 65s
    owed: nothing
    ");
}

#[test]
fn a_run_killed_while_asking_ends_when_a_boot_answers_that_it_did_not_cause() {
    let drive = killed_while_asking().up(7, 4_000).after(30).up(7, 4_035);
    let drive = drive.after(600).up(7, 4_640);
    assert_snapshot!(drive.story(), @r"
       0s probe -> boot 1, up 5000s, running
       0s reboot
    --- resumed 5s later
       5s probe -> boot 7, up 4000s, running
      35s sleep 1s
      36s probe -> boot 7, up 4035s, running
     636s sleep 1s
     637s probe -> boot 7, up 4640s, running
     637s = not ready after 637s: boot 00000007 answers with an uptime of 4640s, longer than the 637s since the request: it is not the reboot that was asked for; health: None
    owed: to see what becomes of it
    ");
}
