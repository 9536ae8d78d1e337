//! Whether a node's firewall binds an address to a guest.

#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]

use std::net::IpAddr;

use proptest::prelude::*;
use pve::GuestKind;
use pve::firewall::{CannotFilter, Card, FirewallFile, NodeFirewall, Unbound};

const DATACENTER: &str = "[OPTIONS]\n\nenable: 1\npolicy_in: ACCEPT\n";
const CONFIG: &str =
    "agent: 1\nname: web1\nnet0: virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1\n";
const FIREWALL: &str = "[OPTIONS]\n\nenable: 1\nipfilter: 1\n\n[IPSET ipfilter-net0] # its own\n\n\
                        10.0.0.5 # web1\n\n[RULES]\n\nIN ACCEPT -p tcp -dport 22\n";
const NEIGHBOUR: &str = "net0: virtio=BC:24:11:00:00:02,bridge=vmbr0,firewall=1\n";
const NEIGHBOURS_FIREWALL: &str = "[OPTIONS]\nenable: 1\n[IPSET ipfilter-net0]\n10.0.0.6\n";

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn decided(datacenter: Option<&str>, config: &str, firewall: Option<&str>) -> Result<(), Unbound> {
    let mut node = NodeFirewall::new(datacenter);
    node.add(101, GuestKind::Qemu, config, firewall);
    node.binds(101, address("10.0.0.5"))
}

/// What a neighbour makes of a guest that is bound without it.
fn beside(kind: GuestKind, config: &str, firewall: Option<&str>) -> Option<CannotFilter> {
    let mut node = NodeFirewall::new(Some(DATACENTER));
    node.add(101, GuestKind::Qemu, CONFIG, Some(FIREWALL));
    node.add(102, kind, config, firewall);
    match node.binds(101, address("10.0.0.5")) {
        Ok(()) => None,
        Err(Unbound::Shared { vmid, why, .. }) => {
            assert_eq!(vmid, 102);
            Some(why)
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn an_address_is_bound_where_the_filter_names_it_and_everything_is_on() {
    assert_eq!(decided(Some(DATACENTER), CONFIG, Some(FIREWALL)), Ok(()));
    for firewall in [
        // The set alone is enough, and words may be written in either case.
        "[options]\nENABLE: 1\n[ipset IPFILTER-net0]\n10.0.0.5/32\n",
        "# a remark\n\t[OPTIONS]\nnonsense\nenable: 1\n\n[ALIASES]\na 10.0.0.9\n[IPSET ipfilter-net0]\n10.0.0.0/24\n",
        "[OPTIONS]\nenable: 0\nenable: 1\n[group x]\n|IN DROP\n[IPSET other]\nalias\n[IPSET ipfilter-net0]\nfe80::1\n10.0.0.5\n",
    ] {
        assert_eq!(
            decided(Some(DATACENTER), CONFIG, Some(firewall)),
            Ok(()),
            "{firewall}"
        );
    }
}

#[test]
fn without_the_datacenters_firewall_nothing_is_bound() {
    for (datacenter, why) in [
        (None, Unbound::DatacenterOff),
        (Some(""), Unbound::DatacenterOff),
        (Some("[OPTIONS]\nenable: 0\n"), Unbound::DatacenterOff),
        (Some("enable: 1\n"), Unbound::DatacenterOff),
        (Some("[RULES]\nenable: 1\n"), Unbound::DatacenterOff),
        (Some("[OPTIONS]\n#enable: 1\n"), Unbound::DatacenterOff),
        (Some("[OPTIONS]\nenable : 1\n"), Unbound::DatacenterOff),
        // For a minute, since that moment.
        (
            Some("[OPTIONS]\nenable: 1795290468\n"),
            Unbound::DatacenterOff,
        ),
        (
            Some("[OPTIONS]\nenable: 1\nenable: 0\n"),
            Unbound::DatacenterOff,
        ),
        (
            Some("[OPTIONS]\nenable: 1\nebtables: 0\n"),
            Unbound::ArpUnfiltered,
        ),
        (
            Some("[OPTIONS]\nenable: 1\n[NEWS]\n"),
            Unbound::UnknownSection(3),
        ),
    ] {
        assert_eq!(
            decided(datacenter, CONFIG, Some(FIREWALL)),
            Err(why),
            "{datacenter:?}"
        );
    }
}

#[test]
fn a_guest_whose_own_filter_does_not_hold_is_not_bound() {
    use CannotFilter::{CardOff, Entry, GuestOff, NoFilter, UnknownSection};
    let set = "[IPSET ipfilter-net0]\n10.0.0.5\n";
    for (firewall, why) in [
        (None, GuestOff),
        (Some(set.to_owned()), GuestOff),
        (Some(format!("[OPTIONS]\nenable: 0\n{set}")), GuestOff),
        (Some("[OPTIONS]\nenable: 1\n".to_owned()), NoFilter),
        (
            Some("[OPTIONS]\nenable: 1\nipfilter: 0\n[IPSET ipfilter-net1]\n10.0.0.5\n".to_owned()),
            NoFilter,
        ),
        (
            Some(format!("[OPTIONS]\nenable: 1\n{set}web-alias\n")),
            Entry("web-alias".to_owned()),
        ),
        (
            Some(format!("[OPTIONS]\nenable: 1\n{set}!10.0.0.7\n")),
            Entry("10.0.0.7".to_owned()),
        ),
        (
            Some(format!("[OPTIONS]\nenable: 1\n{set}0.0.0.0/0\n")),
            Entry("0.0.0.0/0".to_owned()),
        ),
        (
            Some(format!("[OPTIONS]\nenable: 1\n{set}10.0.0.1-10.0.0.9\n")),
            Entry("10.0.0.1-10.0.0.9".to_owned()),
        ),
        (
            Some(format!(
                "[OPTIONS]\nenable: 1\n[options] # no header\n{set}"
            )),
            UnknownSection(3),
        ),
    ] {
        let card = "net0".to_owned();
        let decided = decided(Some(DATACENTER), CONFIG, firewall.as_deref());
        assert_eq!(decided, Err(Unbound::Open { card, why }), "{firewall:?}");
    }
    let unfiltered = CONFIG.replace(",firewall=1", "");
    let open = |card: &str, why| {
        Err(Unbound::Open {
            card: card.to_owned(),
            why,
        })
    };
    assert_eq!(
        decided(Some(DATACENTER), &unfiltered, Some(FIREWALL)),
        open("net0", CardOff)
    );
    let second = format!("{CONFIG}net1: virtio=BC:24:11:00:00:09,bridge=vmbr1\n");
    assert_eq!(
        decided(Some(DATACENTER), &second, Some(FIREWALL)),
        open("net1", CardOff)
    );
}

#[test]
fn an_address_that_no_filter_names_is_not_the_guests() {
    let not_named = Err(Unbound::NotNamed {
        card: "net0".to_owned(),
    });
    for firewall in [
        "[OPTIONS]\nenable: 1\nipfilter: 1\n",
        "[OPTIONS]\nenable: 1\n[IPSET ipfilter-net0]\n10.0.0.50\n",
        "[OPTIONS]\nenable: 1\n[IPSET ipfilter-net0]\n10.0.0.5\n[IPSET ipfilter-net0]\n10.0.0.6\n",
    ] {
        assert_eq!(
            decided(Some(DATACENTER), CONFIG, Some(firewall)),
            not_named,
            "{firewall}"
        );
    }
    assert_eq!(
        decided(Some(DATACENTER), "agent: 1\n", Some(FIREWALL)),
        Err(Unbound::NoCard)
    );
    let pending = "name: web1\n[PENDING]\nnet0: virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1\n";
    assert_eq!(
        decided(Some(DATACENTER), pending, Some(FIREWALL)),
        Err(Unbound::NoCard)
    );
}

#[test]
fn only_a_virtual_machine_of_this_node_is_bound() {
    let mut node = NodeFirewall::new(Some(DATACENTER));
    node.add(101, GuestKind::Lxc, CONFIG, Some(FIREWALL));
    let five = address("10.0.0.5");
    assert_eq!(node.binds(101, five), Err(Unbound::NotHere(101)));
    assert_eq!(node.binds(103, five), Err(Unbound::NotHere(103)));
    node.add(101, GuestKind::Qemu, CONFIG, Some(FIREWALL));
    assert_eq!(node.binds(101, five), Ok(()));
    assert_eq!(node.binds(101, address("::ffff:10.0.0.5")), Ok(()));
    assert_eq!(node.binds(101, address("fd00::5")), Err(Unbound::NotIpv4));
}

#[test]
fn a_neighbour_that_is_kept_from_the_address_does_no_harm() {
    let address =
        "net0: name=eth0,bridge=vmbr0,firewall=1,hwaddr=BC:24:11:00:00:03,ip=10.0.0.7/24\n";
    for (kind, config, firewall) in [
        (GuestKind::Qemu, NEIGHBOUR, Some(NEIGHBOURS_FIREWALL)),
        (
            GuestKind::Lxc,
            address,
            Some("[OPTIONS]\nenable: 1\nipfilter: 1\n"),
        ),
        // On another bridge, not a card on a bridge, and never running.
        (
            GuestKind::Qemu,
            "net0: virtio=BC:24:11:00:00:02,bridge=vmbr1\n",
            None,
        ),
        (GuestKind::Qemu, "net0: virtio=BC:24:11:00:00:02\n", None),
        (
            GuestKind::Qemu,
            "template: 1\nnet0: virtio=BC:24:11:00:00:02,bridge=vmbr0\n",
            None,
        ),
    ] {
        assert_eq!(beside(kind, config, firewall), None, "{config}");
    }
}

#[test]
fn a_neighbour_that_could_use_the_address_unbinds_it() {
    use CannotFilter::{Allows, AnyMac, CardOff, GuestOff, NoEntry, NoFilter};
    let container = |ip: &str| format!("net0: name=eth0,bridge=vmbr0,firewall=1,ip={ip}\n");
    let qemu = |firewall| (GuestKind::Qemu, NEIGHBOUR.to_owned(), firewall);
    for ((kind, config, firewall), why) in [
        (qemu(None), GuestOff),
        (qemu(Some("[OPTIONS]\nenable: 1\n")), NoFilter),
        (qemu(Some("[OPTIONS]\nenable: 1\nipfilter: 1\n")), NoEntry),
        (
            qemu(Some(
                "[OPTIONS]\nenable: 1\n[IPSET ipfilter-net0]\n10.0.0.5\n",
            )),
            Allows,
        ),
        (
            qemu(Some(
                "[OPTIONS]\nenable: 1\n[IPSET ipfilter-net0]\n10.0.0.0/29\n",
            )),
            Allows,
        ),
        (
            qemu(Some(
                "[OPTIONS]\nenable: 1\nmacfilter: 0\n[IPSET ipfilter-net0]\n10.0.0.6\n",
            )),
            AnyMac,
        ),
        (
            (
                GuestKind::Qemu,
                NEIGHBOUR.replace("firewall=1", "firewall=0"),
                Some(NEIGHBOURS_FIREWALL),
            ),
            CardOff,
        ),
        (
            (
                GuestKind::Lxc,
                container("10.0.0.5/24"),
                Some("[OPTIONS]\nenable: 1\nipfilter: 1\n"),
            ),
            Allows,
        ),
        // What a set without entries, and no `ipfilter: 1`, does for a container's ARP: nothing.
        (
            (
                GuestKind::Lxc,
                container("10.0.0.7/24"),
                Some("[OPTIONS]\nenable: 1\n[IPSET ipfilter-net0]\n"),
            ),
            NoEntry,
        ),
        (
            (
                GuestKind::Lxc,
                container("dhcp"),
                Some("[OPTIONS]\nenable: 1\nipfilter: 1\n"),
            ),
            NoEntry,
        ),
    ] {
        assert_eq!(
            beside(kind, &config, firewall),
            Some(why),
            "{config}{firewall:?}"
        );
    }
}

#[test]
fn of_two_guests_the_one_with_a_net_is_told_apart_and_the_other_is_not() {
    let wide = FIREWALL.replace("10.0.0.5", "10.0.0.0/24");
    let mut node = NodeFirewall::new(Some(DATACENTER));
    node.add(101, GuestKind::Qemu, CONFIG, Some(&wide));
    node.add(102, GuestKind::Qemu, NEIGHBOUR, Some(NEIGHBOURS_FIREWALL));
    assert_eq!(node.binds(101, address("10.0.0.5")), Ok(()));
    let refused = node.binds(102, address("10.0.0.6")).unwrap_err();
    assert!(
        matches!(
            &refused,
            Unbound::Shared {
                vmid: 101,
                why: CannotFilter::Allows,
                ..
            }
        ),
        "{refused}"
    );
}

#[test]
fn a_refusal_names_who_and_what_to_do_in_one_line() {
    let mut node = NodeFirewall::new(Some(DATACENTER));
    node.add(101, GuestKind::Qemu, CONFIG, Some(FIREWALL));
    for vmid in 102..105 {
        node.add(
            vmid,
            GuestKind::Lxc,
            NEIGHBOUR,
            Some("[OPTIONS]\nenable: 1\n"),
        );
    }
    let five = address("10.0.0.5");
    let refused = node.binds(101, five).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "container 102 could use it as well: its net0 on vmbr0 is not kept from that: it has no IP \
         filter (and 2 more cards)"
    );
    assert_eq!(
        refused.remedy(101, five),
        "pvesh create /nodes/$(hostname)/lxc/102/firewall/ipset --name ipfilter-net0 (unless it is \
         there), then pvesh create /nodes/$(hostname)/lxc/102/firewall/ipset/ipfilter-net0 --cidr \
         with the addresses that it uses; or take it off vmbr0"
    );
    let off = decided(None, CONFIG, None).unwrap_err();
    assert!(
        off.remedy(101, five)
            .starts_with("pvesh set /cluster/firewall/options --enable 1")
    );
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>(), more in "(\\[(OPTIONS|IPSET [a-z0-9-]{1,12}|RULES)\\]|enable: [01]|!?[0-9./]{1,18}|net[0-9]: [a-z0-9=,]{0,30}|\n|#| ){0,60}") {
        for text in [&text, &more] {
            let _ = FirewallFile::parse(text).filter("net0");
            let _ = Card::read(text);
        }
    }

    /// Lines that Proxmox VE would skip, wherever they stand, bind nothing that was not bound.
    #[test]
    fn nothing_binds_that_is_not_named(noise in "[ -~\n]{0,200}") {
        prop_assume!(!noise.contains("10.0.0"));
        let firewall = format!("[OPTIONS]\nenable: 1\nipfilter: 1\n{noise}\n");
        prop_assert!(decided(Some(DATACENTER), CONFIG, Some(&firewall)).is_err());
        let open = format!("{noise}\n");
        prop_assume!(!noise.to_ascii_lowercase().contains("enable: 1"));
        prop_assert!(decided(Some(&open), CONFIG, Some(FIREWALL)).is_err());
    }
}
