//! Links and addresses put together (`guest-network-get-interfaces`).

use qga::results::network::{IpAddress, IpAddressType, NetworkInterface};

use super::message::{self, Address, Link};
use super::socket::RouteSocket;
use crate::{Error, Result};

/// Every interface with its addresses (`guest-network-get-interfaces`): first the links in the
/// kernel's order, then the labels of addresses that are called otherwise (`eth0:1`).
///
/// # Errors
/// When the kernel does not tell.
pub fn interfaces() -> Result<Vec<NetworkInterface>> {
    let read = || {
        let mut socket = RouteSocket::open()?;
        let links = socket.dump(libc::RTM_GETLINK, message::link)?;
        let addresses = socket.dump(libc::RTM_GETADDR, message::address)?;
        Ok((links, addresses))
    };
    let told: std::io::Result<_> = read();
    let (links, addresses) = told.map_err(|error| Error::os("getifaddrs failed", error))?;
    Ok(joined(&links, addresses))
}

fn joined(links: &[Link], addresses: Vec<Address>) -> Vec<NetworkInterface> {
    let mut interfaces: Vec<NetworkInterface> = links
        .iter()
        .map(|link| bare(link.name.clone(), link))
        .collect();
    for address in addresses {
        // An address of a link that came after the links were read.
        let Some(link) = links.iter().find(|link| link.index == address.link) else {
            continue;
        };
        let name = address.label.as_ref().unwrap_or(&link.name);
        let known = interfaces
            .iter()
            .position(|interface| interface.name == *name);
        let index = known.unwrap_or_else(|| {
            interfaces.push(bare(name.clone(), link));
            interfaces.len() - 1
        });
        let interface = &mut interfaces[index];
        if interface.name == link.name {
            interface.statistics = link.statistics;
        }
        interface
            .ip_addresses
            .get_or_insert_default()
            .push(ip_address(&address));
    }
    interfaces
}

fn bare(name: String, link: &Link) -> NetworkInterface {
    let [a, b, c, d, e, f] = link.address;
    NetworkInterface {
        name,
        hardware_address: Some(format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")),
        ip_addresses: None,
        statistics: None,
    }
}

fn ip_address(address: &Address) -> IpAddress {
    IpAddress {
        ip_address: address.address.to_string(),
        ip_address_type: if address.address.is_ipv4() {
            IpAddressType::Ipv4
        } else {
            IpAddressType::Ipv6
        },
        prefix: address.prefix,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use qga::results::network::NetworkStatistics;

    use super::*;

    const STATISTICS: NetworkStatistics = NetworkStatistics {
        rx_bytes: 1,
        rx_packets: 2,
        rx_errs: 3,
        rx_dropped: 4,
        tx_bytes: 5,
        tx_packets: 6,
        tx_errs: 7,
        tx_dropped: 8,
    };

    fn link(index: u32, name: &str) -> Link {
        Link {
            index,
            name: name.to_owned(),
            address: [0x52, 0x54, 0, 0x12, 0x34, 0xff],
            statistics: Some(STATISTICS),
        }
    }

    fn address(link: u32, label: Option<&str>, address: &str) -> Address {
        Address {
            link,
            label: label.map(str::to_owned),
            address: address.parse::<IpAddr>().expect("an address"),
            prefix: 24,
        }
    }

    #[test]
    fn only_an_interface_with_addresses_has_addresses_and_statistics() {
        let links = [link(1, "eth0"), link(2, "eth1")];
        let interfaces = joined(&links, vec![address(2, Some("eth1"), "192.0.2.1")]);
        let names: Vec<&str> = interfaces.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["eth0", "eth1"]);
        assert_eq!(interfaces[0].ip_addresses, None);
        assert_eq!(interfaces[0].statistics, None);
        assert_eq!(
            interfaces[0].hardware_address.as_deref(),
            Some("52:54:00:12:34:ff")
        );
        assert_eq!(interfaces[1].ip_addresses.as_ref().map(Vec::len), Some(1));
        assert_eq!(interfaces[1].statistics, Some(STATISTICS));
    }

    #[test]
    fn a_label_makes_an_interface_of_its_own_without_statistics() {
        let addresses = vec![
            address(1, Some("eth0"), "192.0.2.1"),
            address(1, Some("eth0:1"), "192.0.2.2"),
            address(1, Some("eth0:1"), "192.0.2.3"),
            address(1, None, "fe80::1"),
            address(9, None, "fe80::9"),
        ];
        let interfaces = joined(&[link(1, "eth0")], addresses);
        let of = |index: usize| -> Vec<&str> {
            let addresses = interfaces[index].ip_addresses.iter().flatten();
            addresses
                .map(|address| address.ip_address.as_str())
                .collect()
        };
        assert_eq!(of(0), ["192.0.2.1", "fe80::1"]);
        assert_eq!(of(1), ["192.0.2.2", "192.0.2.3"]);
        assert_eq!(interfaces[1].name, "eth0:1");
        assert_eq!(interfaces[1].statistics, None);
        assert_eq!(
            interfaces[1].hardware_address,
            interfaces[0].hardware_address
        );
        assert_eq!(interfaces.len(), 2);
    }

    #[test]
    fn this_machine_has_loopback() {
        let interfaces = interfaces().expect("the kernel tells");
        let loopback = interfaces.iter().find(|one| one.name == "lo").expect("lo");
        assert_eq!(
            loopback.hardware_address.as_deref(),
            Some("00:00:00:00:00:00")
        );
    }
}
