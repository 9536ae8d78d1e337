//! Which privileges are missing, and what grants them.

#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]

use proptest::prelude::*;
use pve::privileges::{Privileges, Purpose, Version, grants};
use serde_json::{Value, json};

const NINE: Option<Version> = Some(Version { major: 9, minor: 2 });
const EIGHT: Option<Version> = Some(Version { major: 8, minor: 4 });

fn missing(data: &Value, version: Option<Version>, guests: &[u32]) -> Vec<(&'static str, String)> {
    let missing = Privileges::read(data).missing(version, guests);
    missing
        .into_iter()
        .map(|missing| (missing.privilege, missing.paths.join(" ")))
        .collect()
}

fn owned(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    pairs
        .iter()
        .map(|(privilege, paths)| (*privilege, (*paths).to_owned()))
        .collect()
}

#[test]
fn versions_are_read_whatever_follows_the_numbers() {
    for (text, version) in [
        ("9.2.11", Some((9, 2))),
        ("8.4-1", Some((8, 4))),
        ("9.2~beta", Some((9, 2))),
        ("9.2", Some((9, 2))),
        (" 10 ", Some((10, 0))),
        ("9.x", Some((9, 0))),
        ("", None),
        ("pve-manager/9.2", None),
        ("99999999999999", None),
    ] {
        let read = Version::parse(text).map(|version| (version.major, version.minor));
        assert_eq!(read, version, "{text}");
    }
    let answered =
        Version::answered(&json!({"version": "9.2.11", "release": "9.2", "repoid": "f00d"}));
    assert_eq!(answered, NINE);
    assert_eq!(Version::answered(&json!({"release": "8.4"})), EIGHT);
    assert_eq!(Version::answered(&json!([])), None);
}

#[test]
fn an_administrator_of_either_version_lacks_nothing() {
    let nine = json!({
        "/": {"Sys.Audit": 1, "VM.Audit": 1, "VM.PowerMgmt": 1, "VM.Snapshot": 1, "VM.GuestAgent.Audit": 1, "VM.GuestAgent.FileRead": 1, "VM.GuestAgent.Unrestricted": 1, "SDN.Use": 1},
        "/vms": {"Sys.Audit": 1, "VM.Audit": 1, "VM.PowerMgmt": 1, "VM.Snapshot": 1, "VM.GuestAgent.Unrestricted": 1, "VM.NewThing": 1},
        "/mapping/pci": {"Mapping.Audit": 1}, "/vms/100": {"VM.Audit": 1, "VM.PowerMgmt": 1, "VM.Snapshot": 1, "VM.GuestAgent.Unrestricted": 1},
    });
    assert_eq!(missing(&nine, NINE, &[100, 101]), []);
    let eight = json!({"/": {"Sys.Audit": 1, "VM.Audit": 1, "VM.PowerMgmt": 1, "VM.Snapshot": 1, "VM.Monitor": 1}});
    assert_eq!(missing(&eight, EIGHT, &[100, 101]), []);
    assert_eq!(missing(&eight, None, &[100]), []);
    assert_eq!(missing(&nine, None, &[]), []);
}

#[test]
fn the_privileges_of_the_other_version_do_not_count() {
    let eight = json!({"/": {"Sys.Audit": "1", "VM.Audit": 1, "VM.PowerMgmt": true, "VM.Snapshot": 1, "VM.Monitor": 1}});
    let agent = owned(&[
        ("VM.GuestAgent.Audit", "/vms"),
        ("VM.GuestAgent.FileRead", "/vms"),
        ("VM.GuestAgent.Unrestricted", "/vms"),
    ]);
    assert_eq!(missing(&eight, NINE, &[100]), agent);
    let auditor = json!({"/": {"Sys.Audit": 1}, "/vms": {"VM.Audit": 1, "VM.GuestAgent.Audit": 1, "VM.PowerMgmt": 1, "VM.Snapshot": 1}});
    let monitor = owned(&[
        ("VM.Monitor", "/vms"),
        ("VM.Monitor", "/vms"),
        ("VM.Monitor", "/vms"),
    ]);
    assert_eq!(missing(&auditor, EIGHT, &[]), monitor);
}

#[test]
fn a_fresh_token_lacks_everything() {
    for data in [
        json!({}),
        json!(null),
        json!([]),
        json!({"/": []}),
        json!({"/": {"VM.Audit": {}}}),
    ] {
        let all = owned(&[
            ("VM.Audit", "/vms"),
            ("Sys.Audit", "/"),
            ("VM.GuestAgent.Audit", "/vms"),
            ("VM.GuestAgent.FileRead", "/vms"),
            ("VM.GuestAgent.Unrestricted", "/vms"),
            ("VM.PowerMgmt", "/vms"),
            ("VM.Snapshot", "/vms"),
            ("VM.Snapshot.Rollback", "/vms"),
        ]);
        assert_eq!(missing(&data, NINE, &[]), all, "{data}");
    }
}

#[test]
fn what_does_not_propagate_holds_at_its_path_only() {
    let held = Privileges::read(&json!({"/": {"Sys.Audit": 0, "VM.Audit": 1}}));
    assert!(held.holds("/", "Sys.Audit") && !held.holds("/nodes/pve1", "Sys.Audit"));
    assert!(held.holds("/vms/100", "VM.Audit") && !held.holds("/vms/100", "VM.PowerMgmt"));
    assert!(!held.holds("", "VM.Audit") && !held.holds("vms", "VM.Audit"));
}

#[test]
fn what_is_granted_to_one_guest_takes_the_place_of_what_is_above() {
    let agent = json!({"VM.Audit": 1, "VM.PowerMgmt": 1, "VM.Snapshot": 1, "VM.GuestAgent.Unrestricted": 1});
    let data = json!({"/": {"Sys.Audit": 0}, "/vms": agent, "/vms/101": {"VM.Audit": 1, "VM.Snapshot.Rollback": 1, "VM.GuestAgent.Unrestricted": 1}});
    assert_eq!(
        missing(&data, NINE, &[100, 101]),
        owned(&[("VM.PowerMgmt", "/vms/101"), ("VM.Snapshot", "/vms/101")])
    );
}

#[test]
fn a_token_of_a_pool_is_asked_about_its_guests_only() {
    let some =
        json!({"VM.Audit": 1, "VM.PowerMgmt": 1, "VM.Snapshot": 1, "VM.GuestAgent.Audit": 1});
    let data = json!({"/pool/web": some, "/vms/100": some, "/vms/101": some});
    let expected = owned(&[
        ("Sys.Audit", "/"),
        ("VM.GuestAgent.FileRead", "/vms/100 /vms/101"),
        ("VM.GuestAgent.Unrestricted", "/vms/100 /vms/101"),
    ]);
    assert_eq!(missing(&data, NINE, &[100, 101]), expected);
}

#[test]
fn the_commands_grant_what_is_missing_to_the_token_and_its_user() {
    let none = Privileges::read(&json!({}));
    let nine = "VM.Audit,VM.GuestAgent.Audit,VM.GuestAgent.FileRead,VM.GuestAgent.Unrestricted,VM.PowerMgmt,VM.Snapshot,VM.Snapshot.Rollback";
    assert_eq!(
        grants("hospes@pve!main", NINE, &none.missing(NINE, &[])),
        [
            "pveum role add HospesCluster --privs Sys.Audit || pveum role modify HospesCluster --append 1 --privs Sys.Audit".to_owned(),
            "pveum acl modify / --roles HospesCluster --propagate 0 --users 'hospes@pve'".to_owned(),
            "pveum acl modify / --roles HospesCluster --propagate 0 --tokens 'hospes@pve!main'".to_owned(),
            format!("pveum role add Hospes --privs {nine} || pveum role modify Hospes --append 1 --privs {nine}"),
            "pveum acl modify /vms --roles Hospes --users 'hospes@pve'".to_owned(),
            "pveum acl modify /vms --roles Hospes --tokens 'hospes@pve!main'".to_owned(),
        ]
    );
    let eight = Privileges::read(&json!({"/": {"Sys.Audit": 1, "VM.Audit": 1, "VM.PowerMgmt": 1}}));
    assert_eq!(
        grants("root@pam!it's", EIGHT, &eight.missing(EIGHT, &[7])),
        [
            "pveum role add Hospes --privs VM.Audit,VM.Monitor,VM.PowerMgmt,VM.Snapshot,VM.Snapshot.Rollback || pveum role modify Hospes --append 1 --privs VM.Audit,VM.Monitor,VM.PowerMgmt,VM.Snapshot,VM.Snapshot.Rollback",
            r"pveum acl modify /vms --roles Hospes --tokens 'root@pam!it'\''s'",
        ]
    );
    assert!(grants("a@pam", NINE, &[]).is_empty());
    assert_eq!(Purpose::Power.verbs(), "restart, shutdown, start");
}

proptest! {
    #[test]
    fn any_answer_is_read(paths in prop::collection::btree_map("(/[a-z0-9]{0,4}){0,4}", prop::collection::btree_map("[A-Za-z.]{0,20}", 0..3_i32, 0..4), 0..6), path in any::<String>()) {
        let held = Privileges::read(&json!(paths));
        let _ = held.holds(&path, "VM.Audit");
        let _ = held.missing(Version::parse(&path), &[1, 2]);
    }

    #[test]
    fn what_was_granted_is_no_longer_missing(major in 7..12_u32, guests in prop::collection::vec(100..200_u32, 0..4)) {
        let version = Some(Version { major, minor: 0 });
        let missing = Privileges::default().missing(version, &guests);
        let mut granted = serde_json::Map::new();
        for missing in missing {
            for path in missing.paths {
                let held = granted.entry(path).or_insert_with(|| json!({}));
                held[missing.privilege] = json!(1);
            }
        }
        prop_assert_eq!(Privileges::read(&Value::Object(granted)).missing(version, &guests), []);
    }
}
