//! Which of a guest's addresses SSH is tried at.

use std::net::IpAddr;

use qga::commands::Interfaces;

/// The first address that reaches a guest from elsewhere: not of its loopback or one link only,
/// and in the first of `networks` that has one, where any are named. IPv4 goes before IPv6 of the
/// same standing; else the agent's order decides. An address of a loopback counts where a network of
/// a loopback is named: guests that are simulated on this machine have one.
pub(super) fn choose(interfaces: &Interfaces, networks: &[ipnet::IpNet]) -> Option<IpAddr> {
    let addresses = interfaces
        .0
        .iter()
        .flat_map(|interface| &interface.ip_addresses)
        .filter_map(|address| address.ip_address.parse::<IpAddr>().ok());
    let mut addresses: Vec<IpAddr> = addresses.filter(|address| is_usable(*address)).collect();
    addresses.sort_by_key(IpAddr::is_ipv6);
    if networks.is_empty() {
        return addresses.into_iter().find(|address| !address.is_loopback());
    }
    let is_meant = |network: &ipnet::IpNet, address: &IpAddr| {
        network.contains(address) && address.is_loopback() == network.network().is_loopback()
    };
    networks
        .iter()
        .find_map(|network| addresses.iter().find(|address| is_meant(network, address)))
        .copied()
}

fn is_usable(address: IpAddr) -> bool {
    let only_here = address.is_unspecified() || address.is_multicast();
    let one_link = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !only_here && !one_link
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chosen(addresses: &[&str], networks: &[&str]) -> Option<String> {
        let listed: Vec<_> = addresses
            .iter()
            .map(|address| {
                let kind = if address.contains(':') {
                    "ipv6"
                } else {
                    "ipv4"
                };
                json!({"name": "eth0", "hardware-address": "52:54:00:00:00:01", "ip-addresses": [
                    {"ip-address": address, "ip-address-type": kind, "prefix": 24}
                ]})
            })
            .collect();
        let interfaces = Interfaces::from_result(json!(listed)).unwrap();
        let networks: Vec<_> = networks.iter().map(|text| text.parse().unwrap()).collect();
        choose(&interfaces, &networks).map(|address| address.to_string())
    }

    #[test]
    fn the_first_address_that_others_can_reach_is_taken() {
        for (addresses, networks, expected) in [
            (&["127.0.0.1", "192.0.2.7"][..], &[][..], Some("192.0.2.7")),
            (
                &["fe80::1", "2001:db8::7", "192.0.2.7"],
                &[],
                Some("192.0.2.7"),
            ),
            (&["fe80::1", "2001:db8::7"], &[], Some("2001:db8::7")),
            (&["127.0.0.1", "::1", "169.254.3.4"], &[], None),
            (
                &["172.17.0.1", "10.1.2.3"],
                &["10.0.0.0/8"],
                Some("10.1.2.3"),
            ),
            (
                &["10.1.2.3", "192.0.2.7"],
                &["192.0.2.0/24", "10.0.0.0/8"],
                Some("192.0.2.7"),
            ),
            (&["192.0.2.7"], &["10.0.0.0/8"], None),
            (&["127.0.0.1"], &["0.0.0.0/0"], None),
            (
                &["127.0.0.1", "127.1.0.7"],
                &["127.1.0.0/16"],
                Some("127.1.0.7"),
            ),
            (&["no address"], &[], None),
        ] {
            assert_eq!(
                chosen(addresses, networks).as_deref(),
                expected,
                "{addresses:?}"
            );
        }
    }
}
