use super::*;
use crate::settings::{Scope, Settings, StaleServices};
use std::time::Duration;

fn settings() -> Settings {
    Settings::new("r1".parse().unwrap())
}

#[test]
fn the_unit_and_its_body_are_exactly_these() {
    let seconds = Duration::from_secs(60);
    let mut other = settings();
    other.scope = Scope::Upgrade;
    other.allow_removals = true;
    other.services = StaleServices::Restart;
    let apt = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("apt-get"));
        line.unwrap().to_owned()
    };
    let script = start(&settings(), true, seconds).text;
    insta::assert_snapshot!("start", script);
    let script = start(&other, false, seconds).text;
    insta::assert_snapshot!(apt(&script), @"apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-confdef -o Dpkg::Use-Pty=0 -o APT::Output-Version=0 upgrade");
    assert!(!script.contains("--configure -a") && script.contains("NEEDRESTART_MODE=a"));
}

const BOOT: &str = "11111111-2222-4333-8444-555555555555";
const OTHER: &str = "99999999-2222-4333-8444-555555555555";

fn looked(unit: Option<(&str, &str)>, begun: Option<&str>, ended: Option<&str>) -> Progress {
    let mut answer = "@hospes-patch 1 0\n\n".to_owned();
    let mut frame = |kind: &str, status: &str, body: &str| {
        answer.push_str(&format!("@{kind} {status} {}\n{body}\n", body.len()));
    };
    frame("boot-id", "0", BOOT);
    if let Some((status, state)) = unit {
        frame("unit", status, state);
    }
    if let Some(boot) = begun {
        frame("begun", "0", boot);
    }
    if let Some(status) = ended {
        frame("ended", "0", status);
    }
    answer.push_str("@end 0 0\n\n");
    Follow::parse(answer.as_bytes()).unwrap().progress
}

#[test]
fn a_unit_is_believed_by_what_it_left_behind() {
    let gone = Some(("0", "inactive"));
    for (unit, begun, ended, wanted) in [
        (gone, None, None, Progress::NotBegun),
        (Some(("0", "active")), None, None, Progress::Running),
        (Some(("0", "active")), Some(BOOT), None, Progress::Running),
        (
            Some(("0", "deactivating")),
            Some(BOOT),
            None,
            Progress::Running,
        ),
        (
            Some(("0", "active")),
            Some(BOOT),
            Some("0"),
            Progress::Ended(0),
        ),
        (gone, Some(BOOT), Some("100"), Progress::Ended(100)),
        (gone, Some(OTHER), Some("0"), Progress::Ended(0)),
        (gone, Some(BOOT), Some("junk"), Progress::Ended(-1)),
        (gone, Some(BOOT), None, Progress::Lost { rebooted: false }),
        (
            Some(("0", "failed")),
            Some(OTHER),
            None,
            Progress::Lost { rebooted: true },
        ),
        (gone, Some(""), None, Progress::Lost { rebooted: true }),
        (
            Some(("1", "Failed to connect to bus")),
            Some(BOOT),
            None,
            Progress::Unknown,
        ),
        (Some(("124", "")), None, None, Progress::Unknown),
        (None, None, None, Progress::Unknown),
    ] {
        assert_eq!(
            looked(unit, begun, ended),
            wanted,
            "{unit:?} {begun:?} {ended:?}"
        );
    }
}
