//! Results about the network.

use serde::Serialize;

/// One network interface (`GuestNetworkInterface`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NetworkInterface {
    /// Its name, on Windows the one for people (`Ethernet`). On Linux an IPv4 address with a label
    /// of its own (`eth0:1`) makes one more interface.
    pub name: String,
    /// Six octets as `aa:bb:cc:dd:ee:ff`; zeros where the link has no address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hardware_address: Option<String>,
    /// Absent, not empty, on an interface without addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_addresses: Option<Vec<IpAddress>>,
    /// Only on an interface with addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistics: Option<NetworkStatistics>,
}

/// One address of an interface (`GuestIpAddress`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct IpAddress {
    /// As text.
    pub ip_address: String,
    /// Its family.
    pub ip_address_type: IpAddressType,
    /// The length of its network's prefix in bits.
    pub prefix: u8,
}

/// The family of an address (`GuestIpAddressType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IpAddressType {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// What went through an interface (`GuestNetworkInterfaceStat`), as `/proc/net/dev` or Windows'
/// `MIB_IF_ROW2` counts it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NetworkStatistics {
    /// Bytes received.
    pub rx_bytes: u64,
    /// Packets received.
    pub rx_packets: u64,
    /// Bad packets received.
    pub rx_errs: u64,
    /// Packets received and dropped, on Linux also by the device for want of buffers.
    pub rx_dropped: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Packets that could not be sent.
    pub tx_errs: u64,
    /// Packets dropped on their way out.
    pub tx_dropped: u64,
}

/// One route (`GuestNetworkRoute`), with the columns of `/proc/net/route` or
/// `/proc/net/ipv6_route`; those that its family lacks are absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Route {
    /// The interface on which packets leave.
    pub iface: String,
    /// The network's address.
    pub destination: String,
    /// Which of several routes wins: the lowest.
    pub metric: i64,
    /// IPv4: the next hop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// IPv4: the network's mask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<String>,
    /// IPv4: the initial round-trip time in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub irtt: Option<i64>,
    /// `RTF_` bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<u64>,
    /// How many refer to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refcnt: Option<i64>,
    /// How often it was looked up.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub uses: Option<i64>,
    /// IPv4: the TCP window in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<i64>,
    /// IPv4: the largest packet in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<i64>,
    /// IPv6: the length of the destination's prefix in bits, in decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desprefixlen: Option<String>,
    /// IPv6: the source's network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// IPv6: the length of the source's prefix in bits, in decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub srcprefixlen: Option<String>,
    /// IPv6: the next hop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nexthop: Option<String>,
    /// 4 or 6.
    pub version: u8,
}
