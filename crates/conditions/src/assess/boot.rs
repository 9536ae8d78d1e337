//! Whether the agent's service starts at boot.

use crate::facts::{GuestFacts, PORT_DEVICE};
use crate::hooks::unit_paths::split_path;
use crate::probe::RULES_DIRECTORIES;
use crate::{Evidence, UnitFacts};

/// Whether a unit starts at boot, and why.
pub(crate) enum Boot {
    /// It does.
    Yes(String),
    /// It does not.
    No(String),
    /// It could not be told.
    Unknown(String),
}

/// Targets that every boot reaches.
const BOOT_TARGETS: [&str; 9] = [
    "multi-user.target",
    "graphical.target",
    "default.target",
    "basic.target",
    "sysinit.target",
    "sockets.target",
    "timers.target",
    "network-online.target",
    "cloud-init.target",
];

/// Looks for what starts `unit` at boot: a device that is there, an enabled target or device, or
/// (where the port is absent) the rule that will make the device want it.
pub(crate) fn starts_at_boot(facts: &GuestFacts, unit: &str, evidence: &mut Vec<Evidence>) -> Boot {
    let Some(unit_facts) = facts.units.get(unit) else {
        return Boot::Unknown("systemd did not tell".to_owned());
    };
    let file_state = unit_facts.value("UnitFileState").unwrap_or("");
    let is_masked = unit_facts.value("LoadState") == Some("masked");
    if is_masked || file_state.starts_with("masked") {
        return Boot::No("it is masked".to_owned());
    }
    if device_wants(facts, unit, evidence) {
        return Boot::Yes("the agent's port wants it".to_owned());
    }
    if let Some(wanting) = enabled_by(facts, unit_facts, file_state, evidence) {
        return Boot::Yes(format!("{wanting} wants it"));
    }
    if facts.port_in_guest != Some(true) {
        return match rule(facts, unit) {
            Some(path) => {
                evidence.push(Evidence::new(
                    format!("cat {path}"),
                    "SYSTEMD_WANTS names the unit",
                ));
                Boot::Yes(format!("{path} starts it when the port is there"))
            }
            None => Boot::Unknown(
                "nothing enables it, and the port that could want it is absent".to_owned(),
            ),
        };
    }
    if !facts.units.contains_key(PORT_DEVICE) || file_state.is_empty() {
        return Boot::Unknown("whether it starts at boot could not be told".to_owned());
    }
    Boot::No(format!(
        "it is {file_state} and the agent's port does not want it"
    ))
}

/// The port's device unit follows the one that udev made for its place in /sys; what the rule's
/// `SYSTEMD_WANTS` says is written on either.
fn device_wants(facts: &GuestFacts, unit: &str, evidence: &mut Vec<Evidence>) -> bool {
    let Some(device) = facts.units.get(PORT_DEVICE) else {
        return false;
    };
    let state = device.value("ActiveState").unwrap_or("");
    let wants = device.words("Wants");
    let following = device.value("Following").unwrap_or("");
    let wanted_by = facts.words(unit, "WantedBy");
    evidence.push(Evidence::new(
        format!("systemctl show -p ActiveState,Wants,Following '{PORT_DEVICE}'"),
        format!(
            "ActiveState={state} Wants={} Following={following}",
            wants.join(" ")
        ),
    ));
    let by_followed = !following.is_empty() && wanted_by.iter().any(|name| name == following);
    state == "active" && (by_followed || wants.iter().any(|name| name == unit))
}

/// The target or device that wants the unit by its enablement.
fn enabled_by(
    facts: &GuestFacts,
    unit: &UnitFacts,
    file_state: &str,
    evidence: &mut Vec<Evidence>,
) -> Option<String> {
    let keys = ["WantedBy", "RequiredBy", "UpheldBy"];
    let wanting: Vec<String> = keys.iter().flat_map(|key| unit.words(key)).collect();
    evidence.push(Evidence::new(
        "systemctl show -p WantedBy,RequiredBy,UpheldBy",
        wanting.join(" "),
    ));
    let stays = matches!(
        file_state,
        "enabled" | "static" | "indirect" | "alias" | "generated" | "linked"
    );
    if !stays {
        return None;
    }
    let counts = |name: &String| {
        let is_device = name == PORT_DEVICE && file_state == "enabled";
        is_device || BOOT_TARGETS.contains(&name.as_str()) || is_enabled_and_active(facts, name)
    };
    wanting.into_iter().find(counts)
}

fn is_enabled_and_active(facts: &GuestFacts, name: &str) -> bool {
    let property = |key| facts.property(name, key);
    property("ActiveState") == Some("active") && property("UnitFileState") == Some("enabled")
}

/// The udev rule that is in force and makes the port want `unit`.
fn rule(facts: &GuestFacts, unit: &str) -> Option<String> {
    let rank = |path: &str| {
        RULES_DIRECTORIES
            .iter()
            .position(|d| *d == split_path(path).0)
    };
    let names = |text: &str| {
        text.lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .any(|line| line.contains("SYSTEMD_WANTS") && line.contains(unit))
    };
    facts.files.iter().find_map(|(path, file)| {
        let own = rank(path)?;
        let name = split_path(path).1;
        let is_hidden = facts
            .files
            .keys()
            .any(|other| split_path(other).1 == name && rank(other).is_some_and(|rank| rank < own));
        (!is_hidden && names(&file.text)).then(|| path.clone())
    })
}
