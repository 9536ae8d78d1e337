//! The answer to `guest-network-get-interfaces`.

use qga::results::network::{IpAddress, IpAddressType, NetworkInterface, NetworkStatistics};

use super::adapters::{Adapter, Adapters, Address, Socket};
use crate::{Error, Result};

/// Every interface with its addresses (`guest-network-get-interfaces`), in Windows' order.
///
/// # Errors
/// When Windows does not tell.
pub fn interfaces() -> Result<Vec<NetworkInterface>> {
    let adapters =
        Adapters::read().map_err(|error| Error::os("failed to get adapters addresses", error))?;
    Ok(adapters.iter().map(|adapter| interface(&adapter)).collect())
}

fn interface(adapter: &Adapter<'_>) -> NetworkInterface {
    let addresses: Vec<IpAddress> = adapter.addresses().map(|found| address(&found)).collect();
    NetworkInterface {
        name: adapter.name(),
        hardware_address: hardware_address(adapter.hardware_address()),
        ip_addresses: (!addresses.is_empty()).then_some(addresses),
        statistics: adapter.counters().map(|row| NetworkStatistics {
            rx_bytes: row.InOctets,
            rx_packets: row.InUcastPkts,
            rx_errs: row.InErrors,
            rx_dropped: row.InDiscards,
            tx_bytes: row.OutOctets,
            tx_packets: row.OutUcastPkts,
            tx_errs: row.OutErrors,
            tx_dropped: row.OutDiscards,
        }),
    }
}

/// The first six octets: those of tunnels have more or fewer.
fn hardware_address(octets: &[u8]) -> Option<String> {
    if octets.is_empty() {
        return None;
    }
    let six = octets.iter().copied().chain([0; 6]).take(6);
    let six: Vec<String> = six.map(|octet| format!("{octet:02x}")).collect();
    Some(six.join(":"))
}

/// An address with a scope names it (`fe80::1%4`), as Windows writes it.
fn address(found: &Address) -> IpAddress {
    let (ip_address, ip_address_type) = match found.socket {
        Socket::V4(address) => (address.ip().to_string(), IpAddressType::Ipv4),
        Socket::V6(address) => {
            let scope = match address.scope_id() {
                0 => String::new(),
                scope => format!("%{scope}"),
            };
            let text = format!("{}{scope}", address.ip());
            (text, IpAddressType::Ipv6)
        }
    };
    IpAddress {
        ip_address,
        ip_address_type,
        prefix: found.prefix,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

    use super::*;

    #[test]
    fn hardware_addresses_have_six_octets_or_are_left_out() {
        for (octets, expected) in [
            (&[] as &[u8], None),
            (
                &[0x52, 0x54, 0, 0xab, 0xcd, 0xef],
                Some("52:54:00:ab:cd:ef"),
            ),
            (&[1, 2, 3, 4], Some("01:02:03:04:00:00")),
            (&[1, 2, 3, 4, 5, 6, 7, 8], Some("01:02:03:04:05:06")),
        ] {
            assert_eq!(hardware_address(octets).as_deref(), expected);
        }
    }

    #[test]
    fn an_address_with_a_scope_names_it() {
        let v6 = |text: &str, scope| {
            let ip: Ipv6Addr = text.parse().expect("an address");
            Socket::V6(SocketAddrV6::new(ip, 0, 0, scope))
        };
        let v4 = Socket::V4(SocketAddrV4::new(Ipv4Addr::new(10, 0, 2, 15), 0));
        for (socket, text) in [
            (v4, "10.0.2.15"),
            (
                v6("fe80::5054:ff:fe12:3456", 4),
                "fe80::5054:ff:fe12:3456%4",
            ),
            (v6("2001:db8::1", 0), "2001:db8::1"),
        ] {
            let told = address(&Address { socket, prefix: 24 });
            assert_eq!((told.ip_address.as_str(), told.prefix), (text, 24));
        }
    }

    #[test]
    fn the_loopback_interface_has_its_address_and_counters() {
        let found = interfaces().expect("a list");
        let has_loopback = |interface: &&NetworkInterface| {
            let addresses = interface.ip_addresses.iter().flatten();
            addresses
                .filter(|address| address.ip_address == "127.0.0.1")
                .any(|address| address.prefix == 8)
        };
        let loopback = found.iter().find(has_loopback).expect("a loopback");
        assert!(!loopback.name.is_empty());
        assert!(loopback.statistics.is_some());
    }
}
