//! Commands of the operator, as real processes.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process};

use super::site::{Site, document, read, until};

/// A plan with one guest and these hooks of its group.
fn plan(hooks: &str) -> String {
    format!("max-failures = 9\n[group.web]\nguests = \"all\"\nhooks = {{ {hooks} }}\n")
}

/// The command that runs `line` in a shell, in TOML.
fn shell(line: &str) -> String {
    let quoted = serde_json::to_string(line).unwrap();
    format!("[\"sh\", \"-c\", {quoted}]")
}

/// The only directory of a hook that begins so.
fn directory(site: &Site, name: &str) -> std::path::PathBuf {
    let campaigns = std::fs::read_dir(site.path("hooks")).unwrap();
    let campaign = campaigns.map(|entry| entry.unwrap().path()).next().unwrap();
    campaign.join(name)
}

#[tokio::test]
async fn commands_are_told_what_they_are_for_and_run_in_their_order() {
    let site = Site::new();
    let out = site.path("out");
    let line = format!(
        "echo $HOSPES_CAMPAIGN $HOSPES_HOOK $HOSPES_GROUP $HOSPES_WAVE $HOSPES_MEMBER \
         $HOSPES_OUTCOME >>{}",
        out.display()
    );
    let say = shell(&line);
    let text = format!(
        "{}[hooks]\nbefore-campaign = {say}\nafter-campaign = {say}\n",
        plan(&format!(
            "before-wave = {say}, after-wave = {say}, before-member = {say}, after-member = {say}"
        ))
    );
    let summary = site.drive(site.begin(document(&text, 1))).await.unwrap();
    assert!(summary.unwrap().is_success());
    assert_eq!(
        read(&out),
        "c1 before-campaign\nc1 before-wave web 1\nc1 before-member web 1 web1\n\
         c1 after-member web 1 web1 done\nc1 after-wave web 1\nc1 after-campaign\n"
    );
}

#[tokio::test]
async fn arguments_reach_the_command_as_they_are() {
    let site = Site::new();
    let out = site.path("out");
    let path = out.display();
    let hooks = format!(
        "before-wave = [\"sh\", \"-c\", 'printf \"%s|\" \"$@\" >{path}', \"sh\", \"a b\", \
         '$HOME', '; exit 9', \"\"]"
    );
    let summary = site.drive(site.begin(document(&plan(&hooks), 1))).await;
    assert!(summary.unwrap().unwrap().is_success());
    assert_eq!(read(&out), "a b|$HOME|; exit 9||");
}

#[tokio::test]
async fn why_a_command_failed_is_told_with_its_last_line() {
    for (command, expected) in [
        (
            shell("echo first; echo the disk is full >&2; exit 3"),
            "it ended with status 3: the disk is full (",
        ),
        (
            "[\"no-such-program\"]".to_owned(),
            "it ended with status 127",
        ),
        // Names of the shell's own commands are programs here.
        ("[\"exit\", \"0\"]".to_owned(), "it ended with status 127"),
    ] {
        let site = Site::new();
        let text = plan(&format!("before-member = {command}"));
        let summary = site.drive(site.begin(document(&text, 1))).await.unwrap();
        assert_eq!(summary.unwrap().failed, 1);
        let notes = site.notes();
        assert!(
            notes.iter().any(|note| note.contains(expected)),
            "{expected}: {notes:?}"
        );
        assert_eq!(site.begun().len(), 0, "nobody is patched after that");
    }
}

#[tokio::test]
async fn a_command_that_is_late_is_ended_with_all_that_it_began() {
    let site = Site::new();
    let child = site.path("child");
    let line = format!("sleep 60 & echo $! >{}; wait", child.display());
    let hooks = format!("before-wave = {}, timeout = \"1s\"", shell(&line));
    let summary = site.drive(site.begin(document(&plan(&hooks), 1))).await;
    assert_eq!(summary.unwrap().unwrap().not_begun, 1);
    let notes = site.notes();
    let told = "it took longer than 1s, and was ended";
    assert!(notes.iter().any(|note| note.contains(told)), "{notes:?}");
    let child = Pid::from_raw(read(&child).trim().parse().unwrap()).unwrap();
    until(|| is_gone(child)).await;
}

fn is_gone(pid: Pid) -> bool {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    test_kill_process(pid).is_err() || read(Path::new(&path)).contains(") Z ")
}

#[tokio::test]
async fn much_output_is_bounded_and_its_end_is_kept() {
    let site = Site::new();
    let line = "yes | head -c 3000000; echo the end; exit 1";
    let text = plan(&format!("before-wave = {}", shell(line)));
    site.drive(site.begin(document(&text, 1))).await.unwrap();
    let output = directory(&site, "before-wave web 1").join("output");
    let kept = std::fs::metadata(&output).unwrap().len();
    assert!(kept <= 65_536, "{kept}");
    assert!(read(&output).ends_with("the end\n"));
}

#[tokio::test]
async fn what_a_command_leaves_behind_is_not_waited_for() {
    let site = Site::new();
    let text = plan(&format!("before-wave = {}", shell("sleep 30 & exit 0")));
    let began = Instant::now();
    let summary = site.drive(site.begin(document(&text, 1))).await.unwrap();
    assert!(summary.unwrap().is_success());
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_command_goes_on_when_its_hospes_dies_and_is_followed_by_the_next() {
    let site = Site::new();
    let (out, go) = (site.path("out"), site.path("go"));
    let line = format!(
        "echo begun >>{0}; while [ ! -e {1} ]; do sleep 0.05; done; echo ended >>{0}",
        out.display(),
        go.display()
    );
    let text = plan(&format!("before-wave = {}", shell(&line)));
    let begun = site.begin(document(&text, 1));
    tokio::select! {
        _ = site.drive(begun) => panic!("it waits for the command"),
        () = until(|| read(&out) == "begun\n") => {}
    }
    let go_on = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        std::fs::write(&go, "").unwrap();
    };
    let (driven, ()) = tokio::join!(async { site.drive(site.take_up().await).await }, go_on);
    assert!(driven.unwrap().unwrap().is_success());
    assert_eq!(read(&out), "begun\nended\n");
}

#[tokio::test]
async fn a_command_that_ended_while_no_hospes_lived_is_not_begun_again() {
    let site = Site::new();
    let out = site.path("out");
    let line = format!("echo begun >>{}; sleep 0.3", out.display());
    let text = plan(&format!("before-wave = {}", shell(&line)));
    let begun = site.begin(document(&text, 1));
    tokio::select! {
        _ = site.drive(begun) => panic!("it waits for the command"),
        () = until(|| read(&out) == "begun\n") => {}
    }
    until(|| {
        directory(&site, "before-wave web 1")
            .join("status")
            .exists()
    })
    .await;
    let driven = site.drive(site.take_up().await).await;
    assert!(driven.unwrap().unwrap().is_success());
    assert_eq!(read(&out), "begun\n");
}

#[tokio::test]
async fn a_command_that_was_cut_off_has_failed() {
    let site = Site::new();
    let out = site.path("out");
    let line = format!("echo begun >>{}; sleep 60", out.display());
    let text = plan(&format!("before-wave = {}", shell(&line)));
    let begun = site.begin(document(&text, 1));
    tokio::select! {
        _ = site.drive(begun) => panic!("it waits for the command"),
        () = until(|| read(&out) == "begun\n") => {}
    }
    let leader = read(&directory(&site, "before-wave web 1").join("pid"));
    let group = Pid::from_raw(leader.trim().parse().unwrap()).unwrap();
    kill_process_group(group, Signal::KILL).unwrap();
    let driven = site.drive(site.take_up().await).await;
    assert_eq!(driven.unwrap().unwrap().not_begun, 1);
    let notes = site.notes();
    assert!(
        notes.iter().any(|note| note.contains("it was cut off")),
        "{notes:?}"
    );
    assert_eq!(read(&out), "begun\n");
}
