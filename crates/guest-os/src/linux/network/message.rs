//! The bodies of rtnetlink(7) messages. Numbers are in the machine's own order.

use std::net::IpAddr;

use qga::results::network::NetworkStatistics;

/// A link of the kernel's.
pub(super) struct Link {
    pub(super) index: u32,
    pub(super) name: String,
    /// The first octets of its address; zeros where it has fewer or none.
    pub(super) address: [u8; 6],
    pub(super) statistics: Option<NetworkStatistics>,
}

/// An address of a link.
pub(super) struct Address {
    pub(super) link: u32,
    /// IPv4: what it is called; mostly as its link.
    pub(super) label: Option<String>,
    pub(super) address: IpAddr,
    pub(super) prefix: u8,
}

/// Reads `struct ifinfomsg` and its attributes.
pub(super) fn link(body: &[u8]) -> Option<Link> {
    let (header, attributes) = body.split_at_checked(16)?;
    let mut link = Link {
        index: number(header, 4)?,
        name: String::new(),
        address: [0; 6],
        statistics: None,
    };
    for (kind, value) in Attributes(attributes) {
        match kind {
            libc::IFLA_IFNAME => link.name = text(value),
            libc::IFLA_ADDRESS => link.address = octets(value),
            libc::IFLA_STATS64 => link.statistics = statistics(value),
            _ => {}
        }
    }
    (!link.name.is_empty()).then_some(link)
}

/// Reads `struct ifaddrmsg` and its attributes. Families other than IP are left out.
pub(super) fn address(body: &[u8]) -> Option<Address> {
    let (header, attributes) = body.split_at_checked(8)?;
    let family = i32::from(header[0]);
    let (mut own, mut peer, mut label) = (None, None, None);
    for (kind, value) in Attributes(attributes) {
        match kind {
            // On a point-to-point link `IFA_ADDRESS` is the other end's.
            libc::IFA_LOCAL => own = ip(family, value),
            libc::IFA_ADDRESS => peer = ip(family, value),
            libc::IFA_LABEL => label = Some(text(value)),
            _ => {}
        }
    }
    Some(Address {
        link: number(header, 4)?,
        label,
        address: own.or(peer)?,
        prefix: header[1],
    })
}

fn ip(family: i32, value: &[u8]) -> Option<IpAddr> {
    match family {
        libc::AF_INET => <[u8; 4]>::try_from(value).ok().map(IpAddr::from),
        libc::AF_INET6 => <[u8; 16]>::try_from(value).ok().map(IpAddr::from),
        _ => None,
    }
}

/// `struct rtnl_link_stats64`, summed as `/proc/net/dev` does.
fn statistics(value: &[u8]) -> Option<NetworkStatistics> {
    let counter = |index: usize| {
        let bytes = value.get(8 * index..8 * index + 8)?;
        bytes.try_into().ok().map(u64::from_ne_bytes)
    };
    Some(NetworkStatistics {
        rx_packets: counter(0)?,
        tx_packets: counter(1)?,
        rx_bytes: counter(2)?,
        tx_bytes: counter(3)?,
        rx_errs: counter(4)?,
        tx_errs: counter(5)?,
        // What the device missed for want of buffers counts as dropped.
        rx_dropped: counter(6)?.wrapping_add(counter(15)?),
        tx_dropped: counter(7)?,
    })
}

fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&value[..end.unwrap_or(value.len())]).into_owned()
}

fn octets(value: &[u8]) -> [u8; 6] {
    let mut octets = [0; 6];
    for (octet, byte) in octets.iter_mut().zip(value) {
        *octet = *byte;
    }
    octets
}

fn number(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..offset + 4)?;
    bytes.try_into().ok().map(u32::from_ne_bytes)
}

/// `struct rtattr` after `struct rtattr`, each aligned to four bytes.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (header, _) = self.0.split_at_checked(4)?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let kind = u16::from_ne_bytes([header[2], header[3]]);
        let value = self.0.get(4..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).expect("short");
        let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn link_body(attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![0; 16];
        body[4..8].copy_from_slice(&7_u32.to_ne_bytes());
        body.extend(attributes.concat());
        body
    }

    fn address_body(family: i32, prefix: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![u8::try_from(family).expect("small"), prefix, 0, 0];
        body.extend(3_u32.to_ne_bytes());
        body.extend(attributes.concat());
        body
    }

    #[test]
    fn a_link_has_name_address_and_statistics() {
        let counters: Vec<u8> = (1..=23_u64).flat_map(u64::to_ne_bytes).collect();
        let body = link_body(&[
            attribute(libc::IFLA_IFNAME, b"eth0\0"),
            attribute(libc::IFLA_ADDRESS, &[2, 0xfc, 0, 0, 0, 1]),
            attribute(200, b"unknown"),
            attribute(libc::IFLA_STATS64, &counters),
        ]);
        let link = link(&body).expect("a link");
        assert_eq!((link.index, link.name.as_str()), (7, "eth0"));
        assert_eq!(link.address, [2, 0xfc, 0, 0, 0, 1]);
        let statistics = link.statistics.expect("statistics");
        assert_eq!((statistics.rx_packets, statistics.tx_packets), (1, 2));
        assert_eq!((statistics.rx_bytes, statistics.tx_bytes), (3, 4));
        assert_eq!((statistics.rx_errs, statistics.tx_errs), (5, 6));
        assert_eq!((statistics.rx_dropped, statistics.tx_dropped), (7 + 16, 8));
    }

    #[test]
    fn a_link_address_of_another_length_is_cut_or_filled() {
        let table: [(&[u8], [u8; 6]); 3] = [
            (&[], [0; 6]),
            (&[192, 0, 2, 1], [192, 0, 2, 1, 0, 0]),
            (&[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6]),
        ];
        for (address, expected) in table {
            let body = link_body(&[
                attribute(libc::IFLA_ADDRESS, address),
                attribute(libc::IFLA_IFNAME, b"x\0"),
            ]);
            assert_eq!(link(&body).expect("a link").address, expected);
        }
    }

    #[test]
    fn the_near_end_of_a_point_to_point_link_is_its_address() {
        let body = address_body(
            libc::AF_INET,
            32,
            &[
                attribute(libc::IFA_ADDRESS, &[192, 0, 2, 9]),
                attribute(libc::IFA_LOCAL, &[192, 0, 2, 1]),
                attribute(libc::IFA_LABEL, b"tun0\0"),
            ],
        );
        let address = address(&body).expect("an address");
        assert_eq!((address.link, address.prefix), (3, 32));
        assert_eq!(address.address.to_string(), "192.0.2.1");
        assert_eq!(address.label.as_deref(), Some("tun0"));
    }

    #[test]
    fn families_other_than_ip_are_left_out() {
        let body = address_body(libc::AF_PHONET, 0, &[attribute(libc::IFA_LOCAL, &[1])]);
        assert!(address(&body).is_none());
        let body = address_body(
            libc::AF_INET6,
            64,
            &[attribute(libc::IFA_ADDRESS, &[0xfe; 16])],
        );
        assert!(address(&body).expect("an address").address.is_ipv6());
    }

    #[test]
    fn every_cut_of_a_message_is_harmless() {
        let whole = link_body(&[
            attribute(libc::IFLA_IFNAME, b"eth0\0"),
            attribute(libc::IFLA_STATS64, &[0; 184]),
        ]);
        for length in 0..whole.len() {
            let _ = link(&whole[..length]);
            let _ = address(&whole[..length]);
        }
        let mut bad = link_body(&[]);
        bad.extend([1, 0, 3, 0]);
        assert!(link(&bad).is_none());
    }
}
