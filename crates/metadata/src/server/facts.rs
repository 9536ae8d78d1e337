//! What is known of a guest without anybody setting it.

use std::collections::BTreeMap;

use super::layer::Fixed;

/// What a guest is told about itself. Empty strings are answered as empty values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuestFacts {
    /// `instance/id`: a number that stays the same for as long as the machine is the same.
    pub id: u64,
    /// `instance/hostname`, with its domain where it has one. Empty: the guest's name.
    pub hostname: String,
    /// The last part of `instance/zone`: where it runs.
    pub zone: String,
    /// The last part of `instance/machine-type`.
    pub machine_type: String,
    /// `instance/cpu-platform`.
    pub cpu_platform: String,
    /// `instance/description`, where no operator has set one.
    pub description: String,
    /// `instance/image`.
    pub image: String,
    /// `instance/tags`.
    pub tags: Vec<String>,
    /// `instance/network-interfaces/0` and so on. Google's agent configures all but the first.
    pub interfaces: Vec<Interface>,
}

/// A network interface of a guest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// `mac`, `52:54:00:12:34:56`.
    pub mac: String,
    /// `ip`, where it is known.
    pub ip: Option<String>,
}

/// `project/project-id`, unless it is named.
pub(super) const PROJECT_ID: &str = "hospes";
const NUMERIC_PROJECT_ID: u64 = 1;
/// Lists of an interface that Google's agent reads; here they are empty.
const INTERFACE_LISTS: &[&str] = &[
    "access-configs",
    "forwarded-ips",
    "forwarded-ipv6s",
    "ip-aliases",
    "target-instance-ips",
];

/// What is below `project/` from the start.
pub(super) fn project(id: &str) -> BTreeMap<String, Fixed> {
    named([
        ("project/attributes", Fixed::Directory),
        (
            "project/numeric-project-id",
            Fixed::Number(NUMERIC_PROJECT_ID),
        ),
        ("project/project-id", Fixed::Text(id.to_owned())),
    ])
}

/// What is below `instance/` of a guest from the start.
pub(super) fn instance(name: &str, facts: GuestFacts) -> BTreeMap<String, Fixed> {
    let text = |text: &str| Fixed::Text(text.to_owned());
    let hostname = Some(facts.hostname).filter(|hostname| !hostname.is_empty());
    let below = |directory: &str, last: &str| {
        Fixed::Text(format!("projects/{NUMERIC_PROJECT_ID}/{directory}/{last}"))
    };
    let mut fixed = named([
        ("instance/attributes", Fixed::Directory),
        ("instance/cpu-platform", Fixed::Text(facts.cpu_platform)),
        ("instance/description", Fixed::Text(facts.description)),
        ("instance/guest-attributes", Fixed::Directory),
        (
            "instance/hostname",
            Fixed::Text(hostname.unwrap_or_else(|| name.to_owned())),
        ),
        ("instance/id", Fixed::Number(facts.id)),
        ("instance/image", Fixed::Text(facts.image)),
        (
            "instance/machine-type",
            below("machineTypes", &facts.machine_type),
        ),
        ("instance/maintenance-event", text("NONE")),
        ("instance/name", text(name)),
        ("instance/network-interfaces", Fixed::List),
        ("instance/preempted", text("FALSE")),
        ("instance/scheduling/automatic-restart", text("FALSE")),
        ("instance/scheduling/on-host-maintenance", text("TERMINATE")),
        ("instance/scheduling/preemptible", text("FALSE")),
        ("instance/service-accounts", Fixed::Directory),
        ("instance/shutdown-details/stop-state", text("NONE")),
        ("instance/tags", Fixed::Words(facts.tags)),
        ("instance/virtual-clock/drift-token", text("0")),
        ("instance/zone", below("zones", &facts.zone)),
    ]);
    for (number, interface) in facts.interfaces.into_iter().enumerate() {
        let directory = format!("instance/network-interfaces/{number}");
        fixed.extend(of_interface(&directory, interface));
    }
    fixed
}

fn of_interface(directory: &str, interface: Interface) -> BTreeMap<String, Fixed> {
    let lists = INTERFACE_LISTS.iter().map(|list| (*list, Fixed::List));
    let ip = interface.ip.map(|ip| ("ip", Fixed::Text(ip)));
    lists
        .chain([("mac", Fixed::Text(interface.mac))])
        .chain(ip)
        .map(|(name, fixed)| (format!("{directory}/{name}"), fixed))
        .collect()
}

fn named<const N: usize>(entries: [(&str, Fixed); N]) -> BTreeMap<String, Fixed> {
    let owned = entries.map(|(key, fixed)| (key.to_owned(), fixed));
    owned.into()
}
