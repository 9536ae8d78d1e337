//! `guest-network-get-interfaces`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::{Command, WrongShape, read};

const NETWORK: &str = "guest-network-get-interfaces";

/// `guest-network-get-interfaces`, read by [`Interfaces::from_result`].
#[must_use]
pub fn network_interfaces() -> Command {
    Command::bare(NETWORK)
}

/// The guest's network interfaces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Interfaces(
    /// In the agent's order.
    pub Vec<Interface>,
);

/// One network interface.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Interface {
    /// Its name in the guest.
    pub name: String,
    /// Its MAC address as the agent writes it; tunnels have none.
    pub hardware_address: Option<String>,
    /// Its IP addresses; an interface without any may come without the list.
    #[serde(default)]
    pub ip_addresses: Vec<IpAddress>,
}

/// One IP address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct IpAddress {
    /// The address as text.
    pub ip_address: String,
    /// `ipv4` or `ipv6`.
    pub ip_address_type: String,
    /// The length of the network's prefix in bits.
    pub prefix: u8,
}

impl Interfaces {
    /// Reads the result of `guest-network-get-interfaces`.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn from_result(result: Value) -> Result<Self, WrongShape> {
        read(NETWORK, result)
    }

    /// The MAC addresses of all interfaces but loopback, as `aa:bb:cc:dd:ee:ff`. Link addresses
    /// of another kind (InfiniBand) are left out.
    #[must_use]
    pub fn mac_addresses(&self) -> BTreeSet<String> {
        let addresses = self
            .0
            .iter()
            .filter_map(|interface| interface.hardware_address.as_deref());
        addresses
            .filter_map(mac_address)
            .filter(|mac| mac != LOOPBACK)
            .collect()
    }
}

/// What the kernel shows as the link address of loopback, whatever its name.
const LOOPBACK: &str = "00:00:00:00:00:00";

fn mac_address(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase().replace('-', ":");
    let octets = || text.split(':');
    let is_octet = |octet: &str| octet.len() == 2 && octet.bytes().all(|b| b.is_ascii_hexdigit());
    (octets().count() == 6 && octets().all(is_octet)).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn macs_are_normal_and_without_loopback() {
        let interfaces = Interfaces::from_result(json!([
            {"name": "lo", "hardware-address": "00:00:00:00:00:00",
             "ip-addresses": [{"ip-address-type": "ipv4", "ip-address": "127.0.0.1", "prefix": 8}],
             "statistics": {"tx-packets": 29}},
            {"name": "eth0", "hardware-address": "52:54:00:AB:cd:01",
             "ip-addresses": [{"ip-address-type": "ipv6", "ip-address": "fe80::1", "prefix": 64}]},
            {"name": "Ethernet 2", "hardware-address": "52-54-00-ab-cd-02", "ip-addresses": []},
            {"name": "tun0"},
            {"name": "ib0", "hardware-address": "80:00:02:08:fe:80:00:00:00:00:00:00:f4:52:14:03:00:7b:cb:a1"},
            {"name": "odd", "hardware-address": "52:54:00:ab:cd:é"},
        ]))
        .unwrap();
        assert!(
            interfaces
                .mac_addresses()
                .iter()
                .eq(["52:54:00:ab:cd:01", "52:54:00:ab:cd:02"])
        );
        assert_eq!(interfaces.0[1].ip_addresses[0].ip_address, "fe80::1");
        assert_eq!(interfaces.0[3].ip_addresses, []);
    }

    #[test]
    fn another_shape_is_an_error() {
        for wrong in [
            json!({}),
            json!([{}]),
            json!([{"name": "a", "hardware-address": 5}]),
            json!([{"name": "a", "ip-addresses": [{"ip-address": "x", "ip-address-type": "ipv4", "prefix": 1000}]}]),
        ] {
            assert!(Interfaces::from_result(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
