//! Clusters: their settings, and the guests that they tell of.

mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use conditions::GuestId;
use config::{Address, AddressSource, Clustered, Config, Discovered, Found, Guest, Place};
use files::{cluster, guest, load};
use proptest::prelude::*;
use pve::{Credentials, Endpoint, SecretSource, Trust};

const EXAMPLE: &str = include_str!("../hospes.example.toml");

fn discovered(vmid: u32, name: &str) -> Discovered {
    Discovered {
        vmid,
        name: Some(name.to_owned()),
        node: "pve1".to_owned(),
        pool: None,
        tags: BTreeSet::new(),
    }
}

fn tagged(vmid: u32, name: &str, tags: &[&str]) -> Discovered {
    Discovered {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..discovered(vmid, name)
    }
}

fn names(guests: &[Guest]) -> Vec<&str> {
    guests.iter().map(|guest| guest.name.as_str()).collect()
}

fn adopted<'g>(guests: &'g [Guest], name: &str) -> &'g Guest {
    let found = guests.iter().find(|guest| guest.name.as_str() == name);
    found.expect("a guest of that name")
}

#[test]
fn the_documented_example_has_a_cluster() {
    let config = load(EXAMPLE).unwrap();
    let settings = &config.clusters["home"].settings;
    let endpoint = |host: &str| Endpoint {
        host: host.to_owned(),
        port: 8006,
    };
    assert_eq!(settings.name, "home");
    assert_eq!(
        settings.endpoints,
        ["pve1.example.net", "pve2.example.net", "2001:db8::1"].map(endpoint)
    );
    let Trust::Pinned(pins) = &settings.trust else {
        panic!("{:?}", settings.trust);
    };
    assert_eq!((pins.len(), pins[0][0], pins[0][31]), (1, 0x8c, 0x6c));
    assert_eq!(settings.call, Duration::from_secs(30));
    let file = config.file.with_file_name("home.token");
    let token = Credentials::Token {
        id: "hospes@pve!ops".to_owned(),
        secret: SecretSource::File(file),
    };
    assert_eq!(settings.credentials, token);
}

#[test]
fn secrets_are_in_files_variables_or_come_from_programs() {
    let login = |lines: &str| {
        let text = format!("[cluster.home]\nendpoints = \"pve1:443\"\n{lines}\n");
        let config = load(text).unwrap();
        assert_eq!(config.clusters["home"].settings.endpoints[0].port, 443);
        config.clusters["home"].settings.clone()
    };
    let token = login("token-id = \"a.b@my-ad!c_d\"\ntoken-env = \"_T1\"\nca-file = \"/ca.pem\"");
    assert_eq!(token.trust, Trust::Authorities("/ca.pem".into()));
    let expected = Credentials::Token {
        id: "a.b@my-ad!c_d".to_owned(),
        secret: SecretSource::Environment("_T1".to_owned()),
    };
    assert_eq!(token.credentials, expected);
    let ticket = login("user = \"root@pam\"\npassword-command = [\"pass\", \"\"]");
    assert_eq!(ticket.trust, Trust::System);
    let expected = Credentials::Ticket {
        user: "root@pam".to_owned(),
        password: SecretSource::Command(vec!["pass".to_owned(), String::new()]),
    };
    assert_eq!(ticket.credentials, expected);
}

#[test]
fn guests_are_called_after_their_tables_or_else_after_names_and_ids() {
    let text = format!(
        "{}[guest.shop]\ncluster = \"home\"\nvmid = 101\n",
        cluster("home")
    );
    let one = load(&text).unwrap();
    let nameless = Discovered {
        name: None,
        ..discovered(103, "")
    };
    let found = [
        discovered(101, "web1"),
        discovered(102, "web1"),
        nameless,
        discovered(104, "-.été (alt)"),
        discovered(105, &"x".repeat(80)),
        discovered(106, "/"),
        discovered(99, "no id of Proxmox VE"),
    ];
    let expected = [
        "shop",
        "t---alt--104",
        "vm-103",
        "vm-106",
        "web1-102",
        &format!("{}-105", "x".repeat(59)),
    ];
    assert_eq!(names(&one.adopt("home", &found)), expected);
    let two = load(format!("{text}{}", cluster("lab"))).unwrap();
    assert_eq!(
        names(&two.adopt("home", &found[..3])),
        ["home.vm-103", "home.web1-102", "shop"]
    );
    assert_eq!(names(&two.adopt("lab", &found[..1])), ["lab.web1-101"]);
    assert_eq!(two.adopt("nowhere", &found), []);
}

#[test]
fn a_node_is_logged_in_to_as_its_table_says_else_its_cluster_at_the_address_that_the_cluster_has() {
    let text = "[defaults.ssh]\nuser = \"debian\"\nport = 1\nknown-hosts = \"/kh\"\n\
                [cluster.home.ssh]\nport = 2\n[cluster.home.node-ssh]\nport = 3\n\
                [cluster.home.node.pve1.ssh]\nhost = \"pve1.example.net\"\nuser = \"ops\"\n";
    let config = load(format!("{}{text}", cluster("home"))).unwrap();
    let told = |name, address| {
        let ssh = config.clusters["home"].node_ssh(name, address)?;
        assert_eq!(ssh.known_hosts, [std::path::PathBuf::from("/kh")]);
        Some((ssh.user, ssh.port, ssh.address))
    };
    let host = |host: &str| Address::Host(host.to_owned());
    let expected = ("ops".to_owned(), 3, host("pve1.example.net"));
    assert_eq!(told("pve1", Some("192.0.2.1")), Some(expected));
    let expected = ("root".to_owned(), 3, host("192.0.2.2"));
    assert_eq!(told("pve2", Some("192.0.2.2")), Some(expected));
    assert_eq!(told("pve2", None), None);
}

#[test]
fn a_node_may_take_its_time_to_reboot_whatever_its_guests_are_told() {
    let of = |more: &str| {
        let text = "[cluster.home.deadlines]\nreboot = \"2m\"\nready = \"7m\"\n";
        let config = load(format!("{}{text}{more}", cluster("home"))).unwrap();
        config.clusters["home"].node_deadlines()
    };
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let usual = of("").phases;
    assert_eq!((usual.reboot, usual.ready), (minutes(30), minutes(7)));
    let told = of("[cluster.home.node-deadlines]\nreboot = \"45m\"\n").phases;
    assert_eq!((told.reboot, told.ready), (minutes(45), minutes(7)));
}

#[test]
fn emptying_a_node_and_bringing_it_back_may_take_longer() {
    let of = |more: &str| {
        let config = load(format!("{}{more}", cluster("home"))).unwrap();
        let told = config.clusters["home"].node_deadlines();
        [told.guest_move, told.evacuation, told.back].map(|told| told.as_secs() / 60)
    };
    assert_eq!(of(""), [60, 60, 20]);
    let all = "[cluster.home.node-deadlines]\nguest-move = \"3h\"\nevacuation = \"4h\"\n\
               back = \"45m\"\n";
    assert_eq!(of(all), [180, 240, 45]);
}

#[test]
fn a_guest_with_a_table_is_there_whether_it_was_found_or_not() {
    let text = "[guest.shop]\ncluster = \"home\"\nvmid = 101\n[guest.gone]\ncluster = \"home\"\n\
                vmid = 102\n";
    let config = load(format!("{}{text}", cluster("home"))).unwrap();
    let guests = config.adopt("home", &[discovered(101, "web1")]);
    let place = |vmid, found| {
        Place::Cluster(Clustered {
            cluster: "home".to_owned(),
            vmid,
            found,
        })
    };
    let found = Found {
        name: Some("web1".to_owned()),
        node: "pve1".to_owned(),
        pool: None,
    };
    assert_eq!(adopted(&guests, "shop").place, place(101, Some(found)));
    assert_eq!(adopted(&guests, "gone").place, place(102, None));
    assert_eq!(guest(&config, "gone"), *adopted(&guests, "gone"));
}

#[test]
fn only_included_guests_are_there_but_for_those_with_tables() {
    let text = format!(
        "{}include = [\"tag:hospes\", \"id:200-299\"]\nexclude = [\"*-old\", \"node:pve2\"]\n\
         [guest.shop]\ncluster = \"home\"\nvmid = 101\n",
        cluster("home")
    );
    let config = load(text).unwrap();
    let elsewhere = Discovered {
        node: "pve2".to_owned(),
        ..tagged(105, "far", &["hospes"])
    };
    let found = [
        discovered(101, "shop"),
        tagged(102, "in", &["hospes"]),
        tagged(103, "in-old", &["hospes"]),
        discovered(104, "out"),
        elsewhere,
        discovered(200, "by-id"),
    ];
    assert_eq!(
        names(&config.adopt("home", &found)),
        ["by-id-200", "in-102", "shop"]
    );
}

const LAYERS: &str = r#"
    [defaults]
    tags = ["all"]
    start = ["qemu"]
    [defaults.ssh]
    host = "127.0.0.1"
    user = "of-defaults"
    port = 1
    jump = ["of-defaults"]
    [defaults.deadlines]
    stop = "1m"
    [cluster.home.ssh]
    user = "of-cluster"
    port = 2
    [cluster.home.metadata]
    graceful = "1m"
    [cluster.home.tag.a]
    ssh.port = 3
    deadlines.stop = "3m"
    [cluster.home.tag.b]
    ssh.port = 4
    ssh.networks = "10.0.0.0/8"
    metadata.graceful = "4m"
    [guest.shop]
    cluster = "home"
    vmid = 101
    tags = ["b"]
    ssh.port = 5
    ssh.host = "shop.example.net"
    metadata.address = "10.0.0.5"
"#;

#[test]
fn what_a_guests_table_does_not_say_its_tags_say_else_the_cluster_else_the_defaults() {
    let config = load(format!("{}{LAYERS}", cluster("home"))).unwrap();
    let found = [
        tagged(101, "shop", &["a"]),
        tagged(102, "plain", &["c"]),
        tagged(103, "both", &["b", "a"]),
    ];
    let guests = config.adopt("home", &found);
    let seen = |name: &str| {
        let guest = adopted(&guests, name);
        let ssh = guest.ssh.as_ref().expect("a login");
        let graceful = guest.metadata.graceful.map(|grace| grace.as_secs() / 60);
        (
            ssh.port,
            ssh.user.as_str(),
            guest.deadlines.stop.as_secs() / 60,
            graceful,
        )
    };
    assert_eq!(seen("plain-102"), (2, "of-cluster", 1, Some(1)));
    assert_eq!(
        seen("both-103"),
        (3, "of-cluster", 3, Some(4)),
        "the first by name"
    );
    assert_eq!(seen("shop"), (5, "of-cluster", 3, Some(4)));
    let shop = adopted(&guests, "shop");
    assert_eq!(shop.ssh.as_ref().unwrap().jump[0].host, "of-defaults");
    assert_eq!(shop.metadata.address, Some("10.0.0.5".parse().unwrap()));
    assert_eq!(shop.tags, ["a", "b"].map(str::to_owned).into());
    let plain = adopted(&guests, "plain-102");
    assert_eq!(plain.tags, ["all", "c"].map(str::to_owned).into());
}

#[test]
fn addresses_of_guests_of_clusters_are_found_unless_a_host_is_named() {
    let config = load(format!("{}{LAYERS}", cluster("home"))).unwrap();
    let found = [
        discovered(101, "shop"),
        discovered(102, "web1"),
        tagged(103, "in", &["b"]),
    ];
    let guests = config.adopt("home", &found);
    let address = |name| adopted(&guests, name).ssh.clone().unwrap().address;
    let sources = |networks: &[&str]| {
        let networks = networks.iter().map(|text| text.parse().unwrap()).collect();
        Address::Found(vec![
            AddressSource::Agent { networks },
            AddressSource::Dns { domain: None },
        ])
    };
    assert_eq!(
        address("shop"),
        Address::Host("shop.example.net".to_owned())
    );
    assert_eq!(
        address("web1-102"),
        sources(&[]),
        "not the host of the defaults"
    );
    assert_eq!(address("in-103"), sources(&["10.0.0.0/8"]));

    let ssh = |lines: &str| {
        let text = format!("{}[cluster.home.ssh]\n{lines}\n", cluster("home"));
        let guests = load(text)
            .unwrap()
            .adopt("home", &[discovered(101, "web1")]);
        guests[0].ssh.clone().map(|ssh| ssh.address)
    };
    assert_eq!(ssh("address = []"), None);
    let domain = Some("example.net".to_owned());
    let dns = Address::Found(vec![AddressSource::Dns { domain }]);
    assert_eq!(
        ssh("address = \"dns\"\ndomain = \".example.net.\""),
        Some(dns)
    );
}

/// What clusters may tell, however odd.
fn told() -> impl Strategy<Value = Vec<Discovered>> {
    let vmid = prop_oneof![100..130_u32, 999_999_990..=999_999_999_u32, any::<u32>()];
    let name = prop_oneof![
        Just(None),
        proptest::sample::select(vec![
            "web1",
            "web1-101",
            "home.web1",
            "all",
            "vm",
            "b.web1-101"
        ])
        .prop_map(|name| Some(name.to_owned())),
        any::<String>().prop_map(Some),
        "[a-z.-]{0,80}".prop_map(Some),
    ];
    let guest = (vmid, name).prop_map(|(vmid, name)| Discovered {
        name,
        ..discovered(vmid, "")
    });
    proptest::collection::vec(guest, 0..30)
}

/// Every guest of all clusters, by name; fails when two have one name.
fn everybody(config: &Config, told: &[Vec<Discovered>]) -> BTreeMap<GuestId, (String, u32)> {
    let mut places = BTreeMap::new();
    for (cluster, told) in config.clusters.keys().zip(told) {
        for guest in config.adopt(cluster, told) {
            let place = guest.place.clustered().expect("a guest of a cluster");
            assert!(guest.name.as_str().parse::<GuestId>().is_ok());
            let before = places.insert(guest.name, (place.cluster.clone(), place.vmid));
            assert_eq!(before, None);
        }
    }
    places
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_name_leads_to_one_machine_whatever_clusters_tell(
        clusters in 1..4_usize,
        first in proptest::collection::vec(told(), 3),
        later in proptest::collection::vec(told(), 3),
    ) {
        let text: String = ["a", "b", "home"][..clusters].iter().map(|name| cluster(name)).collect();
        let config = load(format!("{text}[guest.web1]\ncluster = \"a\"\nvmid = 101\n")).unwrap();
        let (before, after) = (everybody(&config, &first), everybody(&config, &later));
        for (name, place) in &before {
            prop_assert_eq!(after.get(name).unwrap_or(place), place, "{}", name);
        }
        let told: BTreeSet<(usize, u32)> = (0..clusters)
            .flat_map(|at| first[at].iter().map(move |guest| (at, guest.vmid)))
            .filter(|(_, vmid)| (100..=999_999_999).contains(vmid))
            .chain([(0, 101)])
            .collect();
        prop_assert_eq!(before.len(), told.len());
        // Each is chosen by its name, and asks at most its own cluster.
        let guests: Vec<Guest> = config.clusters.keys().zip(&first)
            .flat_map(|(cluster, told)| config.adopt(cluster, told))
            .collect();
        for (name, (cluster, _)) in &before {
            let selector = [name.as_str().parse().unwrap()];
            let chosen = config::select(&guests, &selector).unwrap();
            prop_assert_eq!(chosen.len(), 1);
            prop_assert_eq!(&chosen[0].name, name);
            let asked: Vec<&str> = config.clusters_for(&selector).into_iter().collect();
            prop_assert_eq!(asked, [cluster.as_str()]);
        }
    }
}
