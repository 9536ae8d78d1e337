//! Campaigns with the real binary: planned, refused, carried out over a real sshd, told words, and
//! taken up after the hospes that drove them was killed.

#[path = "../patch_guest/guest.rs"]
#[allow(dead_code, reason = "each test program uses its own part of this")]
mod guest;
mod site;

use std::os::unix::fs::PermissionsExt;

use guest::Guest;
use site::{Site, read, until};

const PLAN: &str = "name = \"monthly\"\n[group.web]\nguests = \"web1\"\nreboot = \"never\"\n";

#[test]
fn mistakes_of_a_plan_file_are_told_with_their_place() {
    let site = Site::silent();
    site.write(
        "plan.toml",
        "[group.web]\nguests = \"web1\"\nreboot = \"often\"\n",
    );
    let (said, code) = site.hospes(&["patch", "plan", "--file", "plan.toml"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("plan.toml:3:10: `reboot` expects one of never"),
        "{said}"
    );
    let (said, code) = site.hospes(&["patch", "plan", "--file", "nowhere.toml"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("nowhere.toml cannot be read"), "{said}");
}

#[test]
fn what_a_plan_cannot_be_made_of_is_refused() {
    let site = Site::silent();
    for (plan, expected, exit) in [
        (
            "[group.pve]\nnodes = \"pve1\"\n",
            "group `pve`: there is no node `pve1`",
            2,
        ),
        ("[group.web]\nguests = \"wbe1\"\n", "did you mean `web1`", 2),
        (
            "[group.web]\nguests = \"web1\"\n[[hold]]\nmember = \"web7\"\nreason = \"x\"\n",
            "a hold is for web7",
            2,
        ),
    ] {
        site.write("plan.toml", plan);
        let (said, code) = site.hospes(&["patch", "plan", "--file", "plan.toml"]);
        assert_eq!(code, Some(exit), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn who_cannot_be_patched_is_left_out_with_the_reason() {
    let site = Site::silent();
    site.write("plan.toml", PLAN);
    let (said, code) = site.hospes(&["patch", "plan", "--file", "plan.toml"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("not ready: "), "{said}");
    let (said, code) = site.hospes(&["patch", "apply", "web1"]);
    assert_eq!(code, Some(4), "{said}");
    assert_eq!(site.campaigns(), 0, "nothing was begun");
}

#[test]
fn a_plan_is_written_carried_out_and_reported() {
    let guest = Guest::start();
    let site = Site::new(&guest.table());
    site.write("plan.toml", PLAN);
    let plan = ["patch", "plan", "--file", "plan.toml", "--out", "plan.json"];
    let (said, code) = site.hospes(&plan);
    assert_eq!(code, Some(0), "{said}");
    let mode = std::fs::metadata(site.path("plan.json"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let apply = ["patch", "apply", "--plan", "plan.json"];
    let (said, code) = site.hospes(&[&apply[..], &["--check"]].concat());
    assert_eq!(code, Some(0), "{said}");
    assert_eq!((site.campaigns(), guest.calls("upgrade")), (0, 0));
    let (document, code) = site.document(&apply);
    assert_eq!(code, Some(0), "{document}");
    assert_eq!(document["schema"], "hospes.patch-apply/1");
    assert_eq!(document["summary"]["done"], 1);
    assert_eq!(guest.calls("upgrade"), 1);
    let (status, _) = site.document(&["patch", "status", "c1"]);
    assert_eq!(status["counts"]["done"], 1, "{status}");
    let (list, _) = site.hospes(&["patch", "status"]);
    assert!(
        list.contains("monthly") && list.contains("1 patched"),
        "{list}"
    );
    let (report, code) = site.hospes(&["patch", "report", "c1"]);
    assert_eq!(code, Some(0));
    for words in ["monthly", "web1", "zip"] {
        assert!(report.contains(words), "{report}");
    }
    let (report, _) = site.document(&["patch", "report", "c1"]);
    assert_eq!(report["members"][0]["tries"][0]["agent"], "does not answer");
    let html = [
        "patch", "report", "c1", "--format", "html", "--out", "r.html",
    ];
    assert_eq!(site.hospes(&html).1, Some(0));
    assert!(read(&site.path("r.html")).contains("<svg"));
    // What has ended hears nothing more.
    let (said, code) = site.hospes(&["patch", "pause", "c1"]);
    assert_eq!(code, Some(3), "{said}");
}

#[test]
fn a_plan_that_reality_has_left_behind_is_refused_with_every_difference() {
    let guest = Guest::start();
    let site = Site::new(&guest.table());
    let (said, code) = site.hospes(&["patch", "plan", "web1", "--out", "plan.json"]);
    assert_eq!(code, Some(0), "{said}");
    let changed = read(&site.path("plan.json")).replace("\"at-once\": 1", "\"at-once\": 9");
    site.write("changed.json", &changed);
    let (said, code) = site.hospes(&["patch", "apply", "--plan", "changed.json"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("was changed after it was written"), "{said}");
    drop(guest);
    let (said, code) = site.hospes(&["patch", "apply", "--plan", "plan.json"]);
    assert_eq!(code, Some(3), "{said}");
    for words in [
        "reality has moved",
        "web1 is not ready any more",
        "plan again",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let (document, code) = site.document(&["patch", "apply", "--plan", "plan.json"]);
    assert_eq!(
        (code, document["refused"].as_str()),
        (Some(3), Some("moved"))
    );
    assert_eq!(document["differences"][0]["member"], "web1");
    assert_eq!(site.campaigns(), 0);
}

#[test]
fn a_hospes_that_is_killed_in_the_middle_of_dpkg_is_taken_up_and_nobody_is_begun_twice() {
    let guest = Guest::start();
    guest.put("hold", "yes");
    let site = Site::new(&guest.table());
    let mut killed = site.begins(&["patch", "apply", "web1", "--reboot", "never"]);
    guest.wait_for("upgrade");
    let (said, code) = site.hospes(&["patch", "resume", "c1", "--check"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("hospes patch apply (process"), "{said}");
    killed.kill().expect("killed");
    killed.wait().expect("ended");
    let (status, _) = site.document(&["patch", "status", "c1"]);
    assert_eq!(status["counts"]["under_way"], 1, "{status}");
    assert_eq!(status["driver"], serde_json::Value::Null);
    guest.remove("hold");
    let (document, code) = site.document(&["patch", "resume", "c1"]);
    assert_eq!(code, Some(0), "{document}");
    assert_eq!(document["summary"]["done"], 1);
    assert_eq!(guest.calls("upgrade"), 1);
    let (said, _) = site.hospes(&["patch", "status", "c1"]);
    assert!(said.contains("taken up; last heard of at"), "{said}");
}

#[test]
fn an_interrupted_campaign_tells_how_to_go_on_and_goes_on() {
    let guest = Guest::start();
    guest.put("hold", "yes");
    let site = Site::new(&guest.table());
    let mut interrupted = site.begins(&["patch", "apply", "web1", "--reboot", "never"]);
    guest.wait_for("upgrade");
    let pid = rustix::process::Pid::from_child(&interrupted);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("sent");
    assert_eq!(interrupted.wait().expect("ended").code(), Some(1));
    let (said, _) = site.hospes(&["patch", "status", "c1"]);
    assert!(said.contains("interrupted; 1 under way"), "{said}");
    guest.remove("hold");
    let (said, code) = site.hospes(&["patch", "resume", "c1"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(guest.calls("upgrade"), 1);
}

#[test]
fn words_to_a_campaign_that_nobody_drives_are_kept_for_who_takes_it_up() {
    let site = Site::silent();
    site.left("[group.web]\nguests = \"web1\"\nwave = [{ approval = \"web\" }]\n");
    let (said, code) = site.hospes(&["patch", "approve", "c1", "wbe"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("but for web"), "{said}");
    for arguments in [
        &["patch", "pause", "c1", "--check"][..],
        &["patch", "abort", "c1", "--check"],
        &["patch", "approve", "c1", "web", "--check"],
        &["patch", "resume", "c1", "--check"],
    ] {
        let (said, code) = site.hospes(arguments);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("would be told"), "{said}");
    }
    let (status, _) = site.document(&["patch", "status", "c1"]);
    assert_eq!(status["unheard"], serde_json::json!([]));
    assert_eq!(status["groups"][0]["waits_for"]["word"], "web", "{status}");
    let abort = ["patch", "abort", "c1", "--reason", "a disk\nis full"];
    let (said, code) = site.hospes(&abort);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("hospes patch resume c1"), "{said}");
    let (said, _) = site.hospes(&["patch", "status", "c1"]);
    assert!(
        said.contains("not heard yet: abort a disk is full"),
        "{said}"
    );
    let (document, code) = site.document(&["patch", "resume", "c1"]);
    assert_eq!(code, Some(1), "{document}");
    assert_eq!(document["summary"]["halt"]["aborted"], "a disk is full");
    assert_eq!(document["summary"]["not-begun"], 1);
}

#[test]
fn a_command_outlives_a_hospes_that_is_killed_and_is_begun_once() {
    let site = Site::silent();
    let (out, go) = (site.path("out"), site.path("go"));
    let line = format!(
        "echo begun >>{0}; until [ -e {1} ]; do sleep 0.1; done; echo ended >>{0}; exit 7",
        out.display(),
        go.display()
    );
    let line = serde_json::to_string(&line).unwrap();
    let hooks = format!("hooks = {{ before-wave = [\"sh\", \"-c\", {line}] }}");
    site.left(&format!("[group.web]\nguests = \"web1\"\n{hooks}\n"));
    let mut killed = site.begins(&["patch", "resume", "c1"]);
    until(|| read(&out) == "begun\n");
    killed.kill().expect("killed");
    killed.wait().expect("ended");
    let resumed = site.begins(&["patch", "resume", "c1"]);
    until(|| {
        let (said, _) = site.hospes(&["patch", "status", "c1"]);
        said.contains("hospes patch resume (process")
    });
    site.write("go", "");
    assert_eq!(resumed.wait_with_output().unwrap().status.code(), Some(1));
    assert_eq!(read(&out), "begun\nended\n");
    let (said, _) = site.hospes(&["patch", "status", "c1"]);
    assert!(said.contains("it ended with status 7"), "{said}");
}
