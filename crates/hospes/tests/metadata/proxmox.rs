//! Guests of a cluster are known by their address where the node's firewall binds it, and nowhere else.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::path::Path;

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::home::{Home, PATIENCE, Reply, err};

const DATACENTER: &str = "[OPTIONS]\n\nenable: 1\n";

/// A node's `/etc/pve`, and a server beside it.
struct Node {
    home: Home,
    port: u16,
}

impl Node {
    /// With the guests `db` (VM 101, 127.0.0.2) and `app` (VM 102, 127.0.0.3), whose addresses are
    /// bound.
    fn new() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        let home = Home::new(&format!(
            "[guest.db]\ncluster = \"home\"\nvmid = 101\nmetadata.address = \"127.0.0.2\"\n\
             [guest.app]\ncluster = \"home\"\nvmid = 102\nmetadata.address = \"127.0.0.3\"\n\
             [cluster.home]\nendpoints = \"127.0.0.1:1\"\ntoken-id = \"hospes@pve!ops\"\n\
             token-file = \"secret\"\n\
             [metadata]\nfirewall-dir = \"pve\"\nlisten = [\"127.0.0.1:{port}\"]\n"
        ));
        for folder in ["firewall", "qemu-server", "lxc"] {
            fs::create_dir_all(home.path("pve").join(folder)).expect("a folder");
        }
        let node = Self { home, port };
        node.write("firewall/cluster.fw", DATACENTER);
        for (vmid, address) in [(101, "127.0.0.2"), (102, "127.0.0.3")] {
            let config = format!("net0: virtio=BC:24:11:00:0{vmid},bridge=vmbr0,firewall=1\n");
            node.write(&format!("qemu-server/{vmid}.conf"), &config);
            node.write(&format!("firewall/{vmid}.fw"), &firewall(address));
        }
        node
    }

    fn write(&self, name: &str, content: &str) {
        self.home.write(
            &Path::new("pve").join(name).to_string_lossy(),
            content.as_bytes(),
        );
    }

    fn asks_from(&self, source: &str) -> Reply {
        Reply::to(self.connects_from(source), "instance/name")
    }

    fn connects_from(&self, source: &str) -> TcpStream {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        let source = SocketAddrV4::new(source.parse().expect("an address"), 0);
        bind(&socket, &source).expect("an address of this machine");
        let server = SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port);
        connect(&socket, &server).expect("a server");
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream
    }
}

fn firewall(address: &str) -> String {
    format!("[OPTIONS]\nenable: 1\nipfilter: 1\n\n[IPSET ipfilter-net0]\n\n{address}\n")
}

#[test]
fn a_guest_is_served_where_the_firewall_binds_its_address() {
    let node = Node::new();
    let mut server = node.home.serve();
    server.hears("db (127.0.0.2) is served: the firewall binds the address to VM 101");
    assert_eq!(node.asks_from("127.0.0.2").body, "db");
    assert_eq!(node.asks_from("127.0.0.3").body, "app");
    assert_eq!(node.asks_from("127.0.0.4").status, 403);
    assert_eq!(node.home.asks("web1", "instance/name").body, "web1");
}

#[test]
fn a_guest_whose_address_another_could_use_is_refused_and_the_log_says_why() {
    let node = Node::new();
    node.write("firewall/102.fw", "[OPTIONS]\nenable: 1\n");
    let mut server = node.home.serve();
    let told = server.hears("db (127.0.0.2) is refused: VM 102 could use it as well");
    assert!(
        told.contains("pvesh create /nodes/$(hostname)/qemu/102/firewall/ipset"),
        "{told}"
    );
    for source in ["127.0.0.2", "127.0.0.3"] {
        let reply = node.asks_from(source);
        assert_eq!(reply.status, 403);
        assert!(
            reply.body.contains("does not prove who asks") && !reply.body.contains("102"),
            "{}",
            reply.body
        );
    }
}

#[test]
fn without_the_nodes_files_every_guest_of_a_cluster_is_refused() {
    let node = Node::new();
    fs::remove_dir_all(node.home.path("pve")).unwrap();
    let mut server = node.home.serve();
    server.hears("db (127.0.0.2) is refused: whether the firewall binds its address is not known");
    assert_eq!(node.asks_from("127.0.0.2").status, 403);
}

#[test]
fn what_changes_while_the_server_runs_counts() {
    let node = Node::new();
    let mut server = node.home.serve();
    assert_eq!(node.asks_from("127.0.0.2").body, "db");
    let open = node.connects_from("127.0.0.2");

    node.write(
        "lxc/200.conf",
        "net0: name=eth0,bridge=vmbr0,firewall=1,ip=127.0.0.2/8\n",
    );
    server.hears("from now on db (127.0.0.2) is refused: container 200 could use it as well");
    assert_eq!(node.asks_from("127.0.0.2").status, 403);
    // The connection that was open is closed, not served.
    let reply = std::panic::catch_unwind(|| Reply::to(open, "instance/name"));
    assert!(reply.is_err(), "{reply:?}");

    node.write(
        "lxc/200.conf",
        "net0: name=eth0,bridge=vmbr1,ip=127.0.0.2/8\n",
    );
    server.hears("from now on db (127.0.0.2) is served");
    assert_eq!(node.asks_from("127.0.0.2").body, "db");
}

#[test]
fn a_check_says_who_would_be_served_and_serves_nobody() {
    let node = Node::new();
    let said = node.home.says(&["serve", "--check"]);
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(TcpStream::connect(("127.0.0.1", node.port)).is_err());

    node.write("firewall/cluster.fw", "[OPTIONS]\nenable: 0\n");
    let output = node.home.run(&["serve", "--check", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let db = &document["guests"][1];
    assert_eq!(
        (&db["guest"], &db["served"]),
        (&"db".into(), &false.into()),
        "{document}"
    );
    assert_eq!(db["reason"], "the datacenter's firewall is off");
}

#[test]
fn guests_of_two_clusters_cannot_be_told_apart_on_one_node() {
    let node = Node::new();
    let text = fs::read_to_string(node.home.path("hospes.toml")).unwrap();
    let second = "[cluster.away]\nendpoints = \"127.0.0.1:1\"\ntoken-id = \"a@pve!b\"\ntoken-file = \"s\"\n\
                  [guest.other]\ncluster = \"away\"\nvmid = 101\nmetadata.address = \"127.0.0.5\"\n";
    node.home
        .write("hospes.toml", format!("{text}{second}").as_bytes());
    let output = node.home.run(&["serve", "--check"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        said.matches("guests of several clusters (away, home)")
            .count(),
        3,
        "{said}"
    );
}
