//! Routes, from `/proc/net/route` and `/proc/net/ipv6_route` (proc(5)).

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::str::SplitAsciiWhitespace;

use qga::results::network::Route;

use super::kernel_file;
use crate::{Error, Result};

/// Every route of the main tables (`guest-network-get-route`), IPv4 first. A kernel without IPv6
/// has only those of IPv4.
///
/// # Errors
/// When a table is there and cannot be read.
pub fn routes() -> Result<Vec<Route>> {
    routes_in(Path::new("/proc/net"))
}

fn routes_in(directory: &Path) -> Result<Vec<Route>> {
    let tables: [(&str, Reader); 2] = [("route", ipv4), ("ipv6_route", ipv6)];
    let mut routes = Vec::new();
    for (name, read) in tables {
        let path = directory.join(name);
        let table = match kernel_file::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            result => result
                .map_err(|error| Error::os(format_args!("open(\"{}\")", path.display()), error))?,
        };
        routes.extend(String::from_utf8_lossy(&table).lines().filter_map(read));
    }
    Ok(routes)
}

/// Reads one line.
type Reader = fn(&str) -> Option<Route>;

/// `eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0`. The heading is no route.
fn ipv4(line: &str) -> Option<Route> {
    let mut fields = line.split_ascii_whitespace();
    let iface = fields.next()?.to_owned();
    let destination = ipv4_address(&mut fields)?;
    let gateway = ipv4_address(&mut fields)?;
    let flags = hex(&mut fields)?;
    let (refcnt, uses, metric) = (
        number(&mut fields)?,
        number(&mut fields)?,
        number(&mut fields)?,
    );
    let mask = ipv4_address(&mut fields)?;
    Some(Route {
        iface,
        destination,
        metric,
        gateway: Some(gateway),
        mask: Some(mask),
        flags: Some(flags.into()),
        refcnt: Some(refcnt),
        uses: Some(uses),
        mtu: Some(number(&mut fields)?),
        window: Some(number(&mut fields)?),
        irtt: Some(number(&mut fields)?),
        desprefixlen: None,
        source: None,
        srcprefixlen: None,
        nexthop: None,
        version: 4,
    })
}

/// `fd00...0 40 0...0 00 0...0 00000100 00000001 00000000 00000001 eth0`.
fn ipv6(line: &str) -> Option<Route> {
    let mut fields = line.split_ascii_whitespace();
    let destination = ipv6_address(&mut fields)?;
    let prefix = hex(&mut fields)?.to_string();
    let source = ipv6_address(&mut fields)?;
    let source_prefix = hex(&mut fields)?.to_string();
    let next_hop = ipv6_address(&mut fields)?;
    let metric = hex(&mut fields)?;
    let (refcnt, uses) = (hex(&mut fields)?, hex(&mut fields)?);
    let flags = hex(&mut fields)?;
    Some(Route {
        iface: fields.next()?.to_owned(),
        destination,
        metric: metric.into(),
        gateway: None,
        mask: None,
        irtt: None,
        flags: Some(flags.into()),
        refcnt: Some(refcnt.into()),
        uses: Some(uses.into()),
        window: None,
        mtu: None,
        desprefixlen: Some(prefix),
        source: Some(source),
        srcprefixlen: Some(source_prefix),
        nexthop: Some(next_hop),
        version: 6,
    })
}

fn number(fields: &mut SplitAsciiWhitespace<'_>) -> Option<i64> {
    fields.next()?.parse().ok()
}

fn hex(fields: &mut SplitAsciiWhitespace<'_>) -> Option<u32> {
    u32::from_str_radix(fields.next()?, 16).ok()
}

/// The kernel prints the four octets as one number in the machine's own order.
fn ipv4_address(fields: &mut SplitAsciiWhitespace<'_>) -> Option<String> {
    hex(fields).map(|address| Ipv4Addr::from(address.to_ne_bytes()).to_string())
}

/// 32 digits in the order of the wire.
fn ipv6_address(fields: &mut SplitAsciiWhitespace<'_>) -> Option<String> {
    let digits = fields.next().filter(|digits| digits.len() == 32)?;
    let address = u128::from_str_radix(digits, 16).ok()?;
    Some(Ipv6Addr::from_bits(address).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    const IPV4: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t1\t2\t0\t00FFFFFF\t1400\t5\t6
";
    const IPV6: &str = "\
fd000000000000000000000000000000 40 00000000000000000000000000000000 00 \
00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
fd000000000000000000000000000001 00000400 00000003 0000000a 00000003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
00000000000000000000000000000000 ffffffff 00000001 00000000 80200200       lo
";

    #[test]
    #[cfg(target_endian = "little")]
    fn both_tables_become_routes() {
        let directory = tempfile::tempdir().expect("a folder");
        std::fs::write(directory.path().join("route"), IPV4).expect("written");
        std::fs::write(directory.path().join("ipv6_route"), IPV6).expect("written");
        let routes = to_value(routes_in(directory.path()).expect("routes")).expect("JSON");
        let expected = json!([
            {"iface": "eth0", "destination": "0.0.0.0", "gateway": "192.0.2.1", "mask": "0.0.0.0",
             "flags": 3, "refcnt": 0, "use": 0, "metric": 100, "mtu": 0, "window": 0, "irtt": 0,
             "version": 4},
            {"iface": "eth0", "destination": "192.0.2.0", "gateway": "0.0.0.0",
             "mask": "255.255.255.0", "flags": 1, "refcnt": 1, "use": 2, "metric": 0,
             "mtu": 1400, "window": 5, "irtt": 6, "version": 4},
            {"iface": "eth0", "destination": "fd00::", "desprefixlen": "64", "source": "::",
             "srcprefixlen": "0", "nexthop": "::", "metric": 256, "refcnt": 1, "use": 0,
             "flags": 1, "version": 6},
            {"iface": "eth0", "destination": "::", "desprefixlen": "0", "source": "::",
             "srcprefixlen": "0", "nexthop": "fd00::1", "metric": 1024, "refcnt": 3, "use": 10,
             "flags": 3, "version": 6},
            {"iface": "lo", "destination": "::", "desprefixlen": "0", "source": "::",
             "srcprefixlen": "0", "nexthop": "::", "metric": 4_294_967_295_u32, "refcnt": 1,
             "use": 0, "flags": 0x8020_0200_u32, "version": 6},
        ]);
        assert_eq!(routes, expected);
    }

    #[test]
    fn a_kernel_without_ipv6_has_the_routes_of_ipv4() {
        let directory = tempfile::tempdir().expect("a folder");
        std::fs::write(directory.path().join("route"), IPV4).expect("written");
        assert_eq!(routes_in(directory.path()).expect("routes").len(), 2);
    }

    #[test]
    fn a_cut_line_is_no_route() {
        let lines = |table: &str| table.lines().map(str::to_owned).collect::<Vec<_>>();
        for line in lines(IPV4) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            for count in 0..fields.len() {
                assert_eq!(ipv4(&fields[..count].join("\t")), None);
            }
        }
        for line in lines(IPV6) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            for count in 0..fields.len() {
                assert_eq!(ipv6(&fields[..count].join(" ")), None);
            }
        }
        assert_eq!(ipv6(&"é".repeat(40)), None);
    }

    #[test]
    fn this_machine_tells_its_routes() {
        routes().expect("the tables are readable");
    }
}
