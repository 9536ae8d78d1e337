//! One guest's patch run with the real binary, over a real sshd: to its end, and after the hospes
//! that drove it was killed.

mod guest;
mod machine;
mod site;
mod snapshots;

use guest::Guest;
use patch::RebootPolicy;
use site::{Site, err, out};

#[test]
fn a_guest_is_patched_rebooted_and_the_timeline_proves_it() {
    let guest = Guest::start();
    guest.put("asks", "yes");
    let site = Site::new(&guest, RebootPolicy::IfRequired);
    let resumed = site.hospes(&["runs", "resume", "r1", "-v"]);
    assert_eq!(resumed.status.code(), Some(0), "{}", err(&resumed));
    let said = out(&resumed);
    let words = "web1: patched: 1 package changed (1 for security); rebooted: boot 11111111";
    assert!(said.contains(words), "{said}");
    assert!(err(&resumed).contains("| Setting up zip (3.0-14) ..."));
    assert_eq!((guest.calls("upgrade"), guest.calls("reboot")), (1, 1));
    let timeline = out(&site.hospes(&["runs", "show", "r1"]));
    for words in [
        "Debian GNU/Linux 12",
        "refreshing apt's lists",
        "1 to upgrade (1 for security), 0 to install, 0 to remove, 0 stay",
        "starting apt-get dist-upgrade in hospes-patch-r1.service",
        "/run/reboot-required, by zip",
        "asking the machine through SSH to reboot itself",
        "no unit has failed since",
        "its agent does not answer, which changes nothing here",
        "upgraded: zip",
    ] {
        assert!(timeline.contains(words), "{words}: {timeline}");
    }
    let (document, _) = site.document(&["runs", "show", "r1"]);
    assert_eq!(document["status"], "done");
    let outcome = document["outcome"].as_str().expect("text");
    let outcome: patch::run::Outcome = serde_json::from_str(outcome).expect("the whole outcome");
    assert!(outcome.report.reboot.is_some());
    // What has ended is not begun anew.
    let again = site.hospes(&["runs", "resume", "r1"]);
    assert_ne!(again.status.code(), Some(0));
    assert_eq!(guest.calls("upgrade"), 1);
}

#[test]
fn a_guest_that_is_silent_in_between_is_one_step_that_counts_its_tries() {
    let guest = Guest::start();
    let site = Site::new(&guest, RebootPolicy::Never);
    guest.put("silent", "APT::Update\nAPT::Update");
    let resumed = site.hospes(&["runs", "resume", "r1"]);
    assert_eq!(resumed.status.code(), Some(0), "{}", err(&resumed));
    let (document, _) = site.document(&["runs", "show", "r1"]);
    let steps = document["steps"].as_array().expect("steps");
    let tried = steps.iter().filter(|step| step["effect"] == "refresh");
    let results: Vec<_> = tried.map(|step| &step["result"]).collect();
    assert_eq!(results.len(), 1, "{document}");
    let result = (&results[0]["outcome"], &results[0]["detail"]);
    assert_eq!(result, (&"fresh".into(), &"after 3 tries".into()));
    assert_eq!(guest.calls("update"), 1);
}

#[test]
fn a_hospes_that_is_killed_in_the_middle_of_dpkg_is_taken_up_and_nothing_is_done_twice() {
    let guest = Guest::start();
    guest.put("hold", "yes");
    let site = Site::new(&guest, RebootPolicy::Never);
    let mut killed = site.resumes();
    guest.wait_for("upgrade");
    killed.kill().expect("killed");
    killed.wait().expect("ended");
    let (dry, code) = site.document(&["runs", "resume", "r1", "--check"]);
    let owes = dry["owes"].as_str().unwrap_or_default();
    assert!(owes.contains("its upgrade may run in the guest"), "{dry}");
    assert_eq!(code, Some(0));
    // What it owes comes before anything else.
    let refused = site.hospes(&["reboot", "web1"]);
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    assert!(
        out(&refused).contains("hospes runs resume r1"),
        "{}",
        out(&refused)
    );
    guest.remove("hold");
    let (resumed, code) = site.document(&["runs", "resume", "r1"]);
    assert_eq!(code, Some(0), "{resumed}");
    let one = &resumed["guests"][0];
    assert_eq!(one["outcome"]["ending"]["ending"], "patched", "{one}");
    assert_eq!((guest.calls("upgrade"), guest.calls("reboot")), (1, 0));
}

#[test]
fn a_hospes_that_is_killed_in_the_middle_of_a_reboot_asks_for_no_second_one() {
    let guest = Guest::start();
    guest.put("stays", "yes");
    let site = Site::new(&guest, RebootPolicy::Always);
    let mut killed = site.resumes();
    guest.wait_for("reboot");
    killed.kill().expect("killed");
    killed.wait().expect("ended");
    guest.boots();
    let resumed = site.hospes(&["runs", "resume", "r1"]);
    assert_eq!(resumed.status.code(), Some(0), "{}", err(&resumed));
    assert!(
        out(&resumed).contains("boot 11111111 is now 99999999"),
        "{}",
        out(&resumed)
    );
    assert_eq!((guest.calls("upgrade"), guest.calls("reboot")), (1, 1));
}

#[test]
fn what_apt_fails_at_is_told_and_the_guest_is_left_as_it_is() {
    let guest = Guest::start();
    guest.put("exit", "100");
    let site = Site::new(&guest, RebootPolicy::Always);
    let failed = site.hospes(&["runs", "resume", "r1"]);
    assert_eq!(failed.status.code(), Some(1), "{}", err(&failed));
    assert!(
        out(&failed).contains("apt-get ended with status 100"),
        "{}",
        out(&failed)
    );
    assert_eq!(guest.calls("reboot"), 0);
}

#[test]
fn a_preview_says_what_would_change_and_changes_nothing() {
    let guest = Guest::start();
    let site = Site::new(&guest, RebootPolicy::Never);
    let (plan, code) = site.document(&["patch", "plan", "web1"]);
    assert_eq!(code, Some(0), "{plan}");
    assert_eq!(plan["schema"], "hospes.patch-plan/1");
    let upgrade = &plan["guests"][0]["preview"]["upgrades"][0];
    assert_eq!(
        (upgrade["package"].as_str(), upgrade["to"].as_str()),
        (Some("zip"), Some("3.0-14"))
    );
    let table = out(&site.hospes(&["patch", "plan", "web1"]));
    assert!(
        table.contains("upgrade zip 3.0-13 -> 3.0-14 (security)"),
        "{table}"
    );
    guest.put("status", "Uid:\t1000\t1000\t1000\t1000");
    let refused = site.hospes(&["patch", "plan", "web1"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(
        out(&refused).contains("in the way: the login is not root"),
        "{}",
        out(&refused)
    );
    assert_eq!(guest.calls("update") + guest.calls("upgrade"), 0);
}

#[test]
fn an_expired_snapshot_that_cannot_be_deleted_is_told_and_kept() {
    let guest = Guest::start();
    let site = Site::new(&guest, RebootPolicy::Never);
    assert_eq!(out(&site.hospes(&["patch", "snapshots"])), "no snapshots\n");
    let none = site.hospes(&["patch", "rollback", "web1"]);
    assert!(err(&none).contains("no snapshot of web1"), "{}", err(&none));
    site.expired("hospes-patch-r1");
    let (dry, code) = site.document(&["patch", "snapshots", "--expire", "--check"]);
    assert_eq!(
        (dry["snapshots"][0]["expired"].as_bool(), code),
        (Some(true), Some(0))
    );
    // Its disks are not known: the machine has no monitor.
    let (told, code) = site.document(&["patch", "snapshots", "--expire"]);
    assert_eq!(
        (told["snapshots"][0]["deleted"].as_bool(), code),
        (Some(false), Some(1))
    );
    let (kept, _) = site.document(&["patch", "snapshots"]);
    assert_eq!(kept["snapshots"][0]["name"], "hospes-patch-r1");
}
