use proptest::prelude::*;

use super::*;
use crate::settings::Scope::{DistUpgrade, Upgrade as UpgradeOnly};
use crate::version::Version;

fn answer(frames: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut answer = "@hospes-patch 1 0\n\n".to_owned();
    for (kind, status, body) in frames {
        answer.push_str(&format!("@{kind} {status} {}\n{body}\n", body.len()));
    }
    answer.push_str("@end 0 0\n\n");
    answer.into_bytes()
}

/// A preview in a line for each package.
fn told(preview: &Preview) -> String {
    let mut lines = Vec::new();
    for one in &preview.upgrades {
        let security = if one.is_security() { " security" } else { "" };
        lines.push(format!(
            "upgrade {} {} -> {}{security}",
            one.package, one.from, one.to
        ));
    }
    for one in &preview.installs {
        let security = if one.is_security() { " security" } else { "" };
        lines.push(format!("install {} {}{security}", one.package, one.version));
    }
    for one in &preview.removals {
        lines.push(format!("remove {} {}", one.package, one.version));
    }
    for one in &preview.withheld {
        let version = |v: &Option<Version>| v.as_ref().map_or("?".to_owned(), ToString::to_string);
        let (from, to) = (version(&one.from), version(&one.to));
        lines.push(format!(
            "withheld {} {from} -> {to}: {}",
            one.package, one.why
        ));
    }
    lines.extend(preview.gaps.iter().map(|gap| format!("gap {gap}")));
    lines.join("\n")
}

/// What apt 2.6 says in a guest with a hold, two pins, a phased package, new dependencies, a
/// conflict, and one that cannot be met.
#[test]
fn everything_that_stays_behind_is_explained() {
    let dist = Preview::parse(include_bytes!("recorded/dist-upgrade.txt"), DistUpgrade).unwrap();
    insta::assert_snapshot!("dist_upgrade", told(&dist));
    assert!(dist.installs_kernel());
    let upgrade = Preview::parse(include_bytes!("recorded/upgrade.txt"), UpgradeOnly).unwrap();
    insta::assert_snapshot!("upgrade", told(&upgrade));
}

/// What apt 2.8 says in Ubuntu 24.04, which honours phasing in apt-get too.
#[test]
fn ubuntu_s_apt_is_read_in_its_own_words() {
    let noble = Preview::parse(include_bytes!("recorded/noble.txt"), DistUpgrade).unwrap();
    insta::assert_snapshot!("noble", told(&noble));
}

#[test]
fn each_apt_is_read_in_its_own_words() {
    let apt_2_4 = "Reading package lists...\nCalculating upgrade...\n\
        The following packages have been kept back:\n  fwupd libfwupd2\n\
        0 upgraded, 0 newly installed, 0 to remove and 2 not upgraded.\n";
    let apt_2_7 = "Reading package lists...\nCalculating upgrade...\n\
        The following upgrades have been deferred due to phasing:\n\
        \x20  dhcpcd-base (1:10.0.6-1ubuntu3.1 => 1:10.0.6-1ubuntu3.2)\n\
        The following packages have been kept back:\n   ready (1 => 3)\n\
        The following packages will be upgraded:\n\
        \x20  gcc-12-base (12.3.0-1ubuntu1~22.04 => 12.3.0-1ubuntu1~22.04.3)\n\
        1 upgraded, 0 newly installed, 0 to remove and 2 not upgraded.\n\
        Inst gcc-12-base [12.3.0-1ubuntu1~22.04] (12.3.0-1ubuntu1~22.04.3 Ubuntu:22.04/jammy-updates [arm64]) [libstdc++6:arm64 libgcc-s1:arm64 ]\n\
        Conf gcc-12-base (12.3.0-1ubuntu1~22.04.3 Ubuntu:22.04/jammy-updates [arm64])\n";
    let apt_3_0 = "Upgrading:\n  sudo\n\nNot upgrading yet due to phasing:\n  snapd  ubuntu-minimal\n\n\
        Not upgrading:\n  linux-generic\n\n\
        Summary:\n  Upgrading: 1, Installing: 0, Removing: 0, Not Upgrading: 3\n\
        Inst sudo [1.9.15p5-3ubuntu5] (1.9.15p5-3ubuntu5.24.04.1 Ubuntu:24.04/noble-updates, Ubuntu:24.04/noble-security [amd64])\n\
        Conf sudo (1.9.15p5-3ubuntu5.24.04.1 Ubuntu:24.04/noble-updates, Ubuntu:24.04/noble-security [amd64])\n";
    let proxmox = "The following packages will be REMOVED:\n  foo\n\
        The following packages will be DOWNGRADED:\n  bar (2 => 1)\n\
        WARNING: The following essential packages will be removed.\n  baz (due to foo)\n\
        0 upgraded, 1 newly installed, 1 reinstalled, 1 downgraded, 1 to remove and 0 not upgraded.\n\
        1 not fully installed or removed.\n\
        Purg foo [1]\nInst bar [2] (1 Proxmox Backport:12/stable, local [all])\n\
        Inst new (7 [amd64])\nInst same [1] (1 now [amd64])\n";
    let mut texts = String::new();
    for (name, text) in [
        ("apt 2.4, names only", apt_2_4),
        ("apt 2.7", apt_2_7),
        ("apt 3.0, its own words", apt_3_0),
        ("odd things", proxmox),
        (
            "a line that cannot be read",
            "Inst what\n0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n",
        ),
        (
            "a line that is missing",
            "2 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n",
        ),
    ] {
        let frames = [("simulation", "0", text), ("held", "0", "libfwupd2")];
        let preview = Preview::parse(&answer(&frames), DistUpgrade).unwrap();
        texts.push_str(&format!("# {name}\n{}\n", told(&preview)));
    }
    insta::assert_snapshot!("words", texts);
}

#[test]
fn where_apt_cannot_tell_there_is_no_preview() {
    let unmet = "E: Unmet dependencies. Try 'apt --fix-broken install' with no packages.\n";
    for (frames, words) in [
        (vec![("simulation", "100", unmet)], "Unmet dependencies"),
        (vec![("simulation", "124", "")], "apt cannot tell"),
        (vec![("simulation", "cut", "Inst")], "printed too much"),
        (vec![("held", "0", "")], "holds no `simulation`"),
    ] {
        let error = Preview::parse(&answer(&frames), DistUpgrade).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(
        simulation in "([ -~é\n]|Inst |Remv |kept back:\n|phasing:\n|\\(|\\)|\\[|\\]|=> |upgraded, ){0,60}",
        policy in "([ -~é\n]|  Installed: |  Candidate: |     | \\*\\*\\* |\\(phased ){0,60}",
        trial in "([ -~é\n]|unmet dependencies:\n){0,30}",
        raw in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = Preview::parse(&raw, DistUpgrade);
        let frames = [
            ("simulation", "0", simulation.as_str()),
            ("held", "0", policy.as_str()),
            ("policy", "0", policy.as_str()),
            ("install:x", "0", trial.as_str()),
        ];
        let preview = Preview::parse(&answer(&frames), UpgradeOnly).unwrap();
        let lines = simulation.lines().count() + policy.lines().count();
        prop_assert!(preview.upgrades.len() <= lines && preview.removals.len() <= lines);
    }
}
