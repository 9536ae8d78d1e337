//! What the agent tells of the system.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use qga::commands::{HostName, Interfaces};
use qga::{Answer, Support, System};
use serde_json::{Value, json};

use crate::{Port, agent};

fn list(port: &mut Port, command: &str) -> Vec<Value> {
    match port.ask(command, json!({})) {
        Value::Array(items) => items,
        other => panic!("{command}: {other}"),
    }
}

#[test]
fn every_command_that_only_looks_brings_a_result_or_an_error_that_says_why() {
    let mut agent = agent();
    let offered = System::Windows
        .commands()
        .filter(|command| command.on(System::Windows) == Support::Full);
    let names = offered.map(|command| command.name);
    let looks =
        |name: &&str| name.starts_with("guest-get-") || name.starts_with("guest-network-get-");
    for name in names.filter(looks) {
        if let Answer::Error(error) = agent.port.answer(name, json!({})) {
            assert_eq!(error.class, "GenericError", "{name}: {error}");
            assert!(
                !error.desc.is_empty() && !error.desc.contains('\n'),
                "{name}: {error:?}"
            );
        }
    }
}

#[test]
fn the_system_is_windows_with_a_version() {
    let mut agent = agent();
    let info = agent.port.ask("guest-get-osinfo", json!({}));
    assert_eq!(info["id"], "mswindows");
    assert_eq!(info["machine"], "x86_64");
    for member in [
        "name",
        "pretty-name",
        "kernel-release",
        "kernel-version",
        "version",
        "version-id",
    ] {
        let text = info[member].as_str().unwrap_or_default();
        assert!(!text.is_empty() && !text.contains('\0'), "{member}: {info}");
    }
    let name = info["pretty-name"].as_str().unwrap();
    assert!(name.contains("Windows"), "{info}");
}

#[test]
fn host_name_and_time_zone_are_told() {
    let mut agent = agent();
    let name = agent.port.ask("guest-get-host-name", json!({}));
    let name = HostName::from_result(name).unwrap().host_name;
    let short = std::env::var("COMPUTERNAME").unwrap();
    assert!(
        name.to_uppercase().starts_with(&short.to_uppercase()),
        "{name}, {short}"
    );
    let zone = agent.port.ask("guest-get-timezone", json!({}));
    let offset = zone["offset"].as_i64().unwrap();
    assert!((-50_400..=50_400).contains(&offset), "{zone}");
    assert!(
        zone["zone"].as_str().is_none_or(|zone| !zone.is_empty()),
        "{zone}"
    );
}

#[test]
fn users_are_those_who_are_logged_in() {
    let mut agent = agent();
    for user in list(&mut agent.port, "guest-get-users") {
        assert!(
            user["user"].as_str().is_some_and(|name| !name.is_empty()),
            "{user}"
        );
        assert!(user["login-time"].as_f64().unwrap() > 0.0, "{user}");
    }
}

#[test]
fn interfaces_have_addresses_among_them_that_of_loopback() {
    let mut agent = agent();
    let result = agent.port.ask("guest-network-get-interfaces", json!({}));
    let interfaces = Interfaces::from_result(result).unwrap();
    let addresses = interfaces.0.iter().flat_map(|one| &one.ip_addresses);
    let loopback = addresses.filter(|address| address.ip_address == "127.0.0.1");
    let told: Vec<_> = loopback
        .map(|one| (one.ip_address_type.as_str(), one.prefix))
        .collect();
    assert_eq!(told, [("ipv4", 8)], "{interfaces:?}");
    assert!(
        interfaces
            .0
            .iter()
            .all(|interface| !interface.name.is_empty())
    );
}

/// It is set to what it is, so that a machine on which that is allowed keeps its time.
#[test]
fn the_time_is_told_and_setting_it_succeeds_or_is_refused() {
    let mut agent = agent();
    let told = agent
        .port
        .ask("guest-get-time", json!({}))
        .as_u64()
        .unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(now.abs_diff(Duration::from_nanos(told)) < Duration::from_secs(60));
    if let Answer::Error(error) = agent.port.answer("guest-set-time", json!({"time": told})) {
        assert_eq!(error.class, "GenericError", "{error}");
    }
    let again = agent
        .port
        .ask("guest-get-time", json!({}))
        .as_u64()
        .unwrap();
    assert!(
        again >= told && again - told < 60_000_000_000,
        "{told}, {again}"
    );
}

#[test]
fn processors_are_counted_from_0_and_are_online() {
    let mut agent = agent();
    let processors = list(&mut agent.port, "guest-get-vcpus");
    assert!(!processors.is_empty());
    for (id, processor) in processors.iter().enumerate() {
        assert_eq!(
            (&processor["logical-id"], &processor["online"]),
            (&json!(id), &json!(true))
        );
    }
}

#[test]
fn the_system_s_drive_is_a_file_system() {
    let mut agent = agent();
    let drive = std::env::var("SystemDrive").unwrap_or_else(|_| "C:".to_owned());
    let all = list(&mut agent.port, "guest-get-fsinfo");
    let found = all
        .iter()
        .find(|one| one["mountpoint"] == format!("{drive}\\"));
    let found = found.unwrap_or_else(|| panic!("{all:?}"));
    let bytes = |name: &str| found[name].as_u64().unwrap();
    assert!(
        bytes("total-bytes") > 0 && bytes("used-bytes") <= bytes("total-bytes"),
        "{found}"
    );
    assert!(
        found["type"].as_str().is_some_and(|kind| !kind.is_empty()),
        "{found}"
    );
    assert!(found["disk"].is_array(), "{found}");
    assert!(
        found["name"].as_str().is_some_and(|name| !name.is_empty()),
        "{found}"
    );
}

#[test]
fn disks_and_devices_have_the_members_of_the_schema() {
    let mut agent = agent();
    for (command, name) in [
        ("guest-get-disks", "name"),
        ("guest-get-devices", "driver-name"),
    ] {
        let Answer::Return(found) = agent.port.answer(command, json!({})) else {
            continue;
        };
        for one in found.as_array().unwrap() {
            assert!(one[name].is_string(), "{command}: {one}");
        }
    }
}

#[test]
fn keys_of_a_user_that_is_not_there_are_an_error() {
    let mut agent = agent();
    let nobody = json!({"username": "hospes-no-such-user"});
    let error = agent.port.refusal("guest-ssh-get-authorized-keys", nobody);
    assert_eq!(error.class, "GenericError", "{error}");
}
