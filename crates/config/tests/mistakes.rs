//! What an operator is told about each kind of mistake: whole texts, as snapshots.

mod files;

use std::fmt::Write as _;

use files::complaint;

/// All complaints one after another, each under its mistake's name.
fn complaints(mistakes: &[(&str, &str)]) -> String {
    let mut told = String::new();
    for (name, text) in mistakes {
        let _ = write!(told, "---- {name} ----\n{}\n\n", complaint(text));
    }
    told
}

#[test]
fn text_that_is_not_toml() {
    let told = complaints(&[
        ("value missing", "[guest.web1]\nqmp =\n"),
        (
            "string not closed",
            "[guest.web1]\nqmp = \"/run/web1.qmp\nagent = \"x\"\n",
        ),
        ("header not closed", "[guest.web1\nqmp = \"/q\"\n"),
        ("no quotes", "[guest.web1]\nqmp = /run/web1.qmp\n"),
        ("key twice", "[guest.web1]\nqmp = \"/a\"\nqmp = \"/b\"\n"),
        (
            "table twice",
            "[guest.web1]\nqmp = \"/a\"\n[guest.web1]\nqmp = \"/b\"\n",
        ),
        ("bare words", "hello world\n"),
        ("yaml", "guests:\n  - web1\n"),
        (
            "too deep",
            &format!("guest = {}{}", "[".repeat(200), "]".repeat(200)),
        ),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn text_that_is_not_utf_8() {
    insta::assert_snapshot!(complaint(b"[guest.web1]\nqmp = \"/run/\xff.qmp\"\n"), @r#"
    hospes.toml:2:13: this is not UTF-8 text
      |
    2 | qmp = "/run/�.qmp"
      |             ^
    "#);
}

#[test]
fn keys_that_do_not_exist() {
    let told = complaints(&[
        (
            "near miss",
            "[guest.web1]\nqmp = \"/q\"\nstrat = [\"qemu\"]\n",
        ),
        (
            "nothing near",
            "[guest.web1]\nqmp = \"/q\"\nmemory = 2048\n",
        ),
        ("plural", "[guests.web1]\nqmp = \"/q\"\n"),
        (
            "underscore",
            "[defaults.deadlines]\nssh_connect = \"10s\"\n",
        ),
        ("sockets in the defaults", "[defaults]\nqmp = \"/q\"\n"),
        (
            "in ssh",
            "[guest.web1]\nqmp = \"/q\"\nssh = { host = \"h\", pot = 22 }\n",
        ),
        (
            "needs quotes",
            "[guest.web1]\nqmp = \"/q\"\n\"x\\u001b[2J\" = 1\n",
        ),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn values_of_the_wrong_kind() {
    let told = complaints(&[
        ("number as path", "[guest.web1]\nqmp = 5\n"),
        ("guest is no table", "[guest]\nweb1 = \"/q\"\n"),
        ("guest is a list", "[[guest.web1]]\nqmp = \"/q\"\n"),
        (
            "start is a line",
            "[guest.web1]\nqmp = \"/q\"\nstart = \"qemu -m 1\"\n",
        ),
        ("start is empty", "[guest.web1]\nqmp = \"/q\"\nstart = []\n"),
        (
            "start has a number",
            "[guest.web1]\nqmp = \"/q\"\nstart = [\"qemu\", \"-m\", 2048]\n",
        ),
        (
            "start has a zero",
            "[guest.web1]\nqmp = \"/q\"\nstart = [\"qemu\", \"\\u0000\"]\n",
        ),
        (
            "tag with a blank",
            "[guest.web1]\nqmp = \"/q\"\ntags = [\"web\", \"my web\"]\n",
        ),
        ("empty path", "[guest.web1]\nqmp = \"\"\n"),
        ("another's home", "[guest.web1]\nqmp = \"~uwe/q\"\n"),
        ("state directory", "state-dir = false\n"),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn durations() {
    let deadline = |value: &str| format!("[defaults.deadlines]\npermit = {value}\n");
    let [number, unit, zero, long, negative] =
        ["60", "\"60\"", "\"0s\"", "\"6m\"", "\"-5s\""].map(deadline);
    let told = complaints(&[
        ("number", &number),
        ("no unit", &unit),
        ("nothing", &zero),
        ("permit over 5 min", &long),
        ("negative", &negative),
        (
            "over a day",
            "[guest.web1]\nqmp = \"/q\"\ndeadlines = { stop = \"25h\" }\n",
        ),
        (
            "overflow",
            "[guest.web1]\nqmp = \"/q\"\ndeadlines.stop = \"99999999999999999999y\"\n",
        ),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn ssh() {
    let ssh = |line: &str| format!("[guest.web1]\nqmp = \"/q\"\n[guest.web1.ssh]\n{line}\n");
    let cases = [
        "user = \"root\"",
        "host = \"root@192.0.2.10\"",
        "host = \"192.0.2.10:22\"",
        "host = \"-oProxyCommand=x\"",
        "host = \"h\"\nport = 0",
        "host = \"h\"\nport = 65536",
        "host = \"h\"\nport = \"22\"",
        "host = \"h\"\nagent = \"yes\"",
        "host = \"h\"\nidentities = [1]",
        "host = \"h\"\nhost-key = \"SHA256:47DEQpj8HBSa\"",
        "host = \"h\"\njump = [\"bastion:ssh\"]",
        "host = \"h\"\njump = [\"2001:db8::1\"]",
        "host = \"h\"\njump = [\"@bastion\"]",
    ]
    .map(ssh);
    let named: Vec<(&str, &str)> = cases
        .iter()
        .map(|case| (case.lines().last().unwrap(), case.as_str()))
        .collect();
    let told = complaints(&named);
    insta::assert_snapshot!(told);
}

#[test]
fn metadata() {
    let service = |line: &str| format!("[metadata]\n{line}\n");
    let guest = |line: &str| format!("[guest.web1]\nqmp = \"/q\"\n[guest.web1.metadata]\n{line}\n");
    let defaults = |line: &str| format!("[defaults.metadata]\n{line}\n");
    let cases = [
        service("listen = 80"),
        service("listen = [\"169.254.169.254:80\", \"localhost:80\"]"),
        service("listen = \"169.254.169.254:0\""),
        service("listen = \"fd20:ce::254:80\""),
        service("socket-mode = 0o660"),
        service("socket-mode = \"0666\""),
        service("socket-mode = \"0060\""),
        service("socket-mode = \"+660\""),
        service("socket-dir = \"\""),
        service("project-id = \"my project\""),
        service("port = 80"),
        guest("address = \"web1.example.net\""),
        guest("address = \"10.0.0.0/24\""),
        guest("address = \"0.0.0.0\""),
        guest("address = \"ff02::1\""),
        guest("graceful = \"0s\""),
        guest("graceful = \"500ms\""),
        guest("graceful = \"25h\""),
        guest("graceful = true"),
        guest("without-watcher = \"go on\""),
        guest("without_watcher = \"wait\""),
        defaults("address = \"10.0.0.5\""),
        "guest.a = { qmp = \"/a\", metadata.address = \"10.0.0.5\" }\n\
         guest.b = { qmp = \"/b\", metadata.address = \"::ffff:10.0.0.5\" }\n"
            .to_owned(),
    ];
    let named: Vec<(&str, &str)> = cases
        .iter()
        .map(|case| (case.lines().last().unwrap(), case.as_str()))
        .collect();
    insta::assert_snapshot!(complaints(&named));
}

/// A cluster's table with `lines` in it.
fn cluster(lines: &str) -> String {
    format!("[cluster.home]\nendpoints = [\"pve1\"]\n{lines}\n")
}

/// The same, with a login.
fn known_cluster(lines: &str) -> String {
    cluster(&format!(
        "token-id = \"a@pve!b\"\ntoken-env = \"T\"\n{lines}"
    ))
}

fn complaints_by_last_line(cases: &[String]) -> String {
    let named: Vec<(&str, &str)> = cases
        .iter()
        .map(|case| (case.lines().last().unwrap_or_default(), case.as_str()))
        .collect();
    complaints(&named)
}

#[test]
fn clusters() {
    let told = complaints_by_last_line(&[
        "[cluster.home]".to_owned(),
        "[cluster.\"my home\"]\nendpoints = 5".to_owned(),
        "[cluster.\"example.net\"]".to_owned(),
        known_cluster("endpoint = \"pve2\""),
        "[cluster.home]\nendpoints = []".to_owned(),
        "[cluster.home]\nendpoints = [\"https://pve1:8006\"]".to_owned(),
        "[cluster.home]\nendpoints = [\"pve1:0\"]".to_owned(),
        "[cluster.home]\nendpoints = [\"2001:db8::1\"]".to_owned(),
        known_cluster("fingerprint = \"AB:CD\""),
        known_cluster("fingerprint = []"),
        known_cluster(
            "fingerprint = \"0000000000000000000000000000000000000000000000000000000000000000\"\nca-file = \"ca.pem\"",
        ),
        known_cluster("call-timeout = \"6m\""),
        known_cluster("include = [\"tag:hospes\", \"web,db\"]"),
        known_cluster("[cluster.home.ssh]\nhost = \"192.0.2.1\""),
        known_cluster("[cluster.home.ssh]\naddress = [\"arp\"]"),
        known_cluster("[cluster.home.ssh]\nnetworks = [\"10.0.0.1\"]"),
        known_cluster("[cluster.home.ssh]\ndomain = \"example net\""),
        known_cluster("[cluster.home.metadata]\naddress = \"10.0.0.5\""),
        known_cluster("[cluster.home.tag.web]\ntags = [\"x\"]"),
        known_cluster("[cluster.home.tag.\"my web\"]\nssh = {}"),
        known_cluster("tag = [\"web\"]"),
        known_cluster("[cluster.home.node-ssh]\nhost = \"192.0.2.1\""),
        known_cluster("[cluster.home.node-deadlines]\nagent = \"5s\""),
        known_cluster("[cluster.home.node.pve1]\nhost = \"192.0.2.1\""),
        known_cluster("[cluster.home.node.\"pve 1\".ssh]\nport = 22"),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn logins_to_clusters() {
    let told = complaints_by_last_line(&[
        cluster("token-id = \"hospes@pve\"\ntoken-env = \"T\""),
        cluster("token-env = \"T\"\ntoken-id = \"hospes@pve!ops=0b6e1f9a-8d6c\""),
        cluster("token-file = \"t\""),
        cluster("token-id = \"hospes@pve!ops\""),
        cluster("token-id = \"hospes@pve!ops\"\ntoken-env = \"T\"\ntoken-file = \"t\""),
        cluster("token-id = \"hospes@pve!ops\"\ntoken-env = \"0b6e1f9a-8d6c\""),
        cluster("token-id = \"hospes@pve!ops\"\ntoken-command = \"pass show pve\""),
        known_cluster("user = \"root@pam\""),
        cluster("user = \"root\"\npassword-env = \"P\""),
        cluster("user = \"root@pam\"\ntoken-file = \"t\""),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn secrets_in_the_file_are_refused_and_not_shown() {
    let told = complaints_by_last_line(&[
        cluster("token-id = \"hospes@pve!ops\"\ntoken = \"hunter2\""),
        cluster("token-id = \"hospes@pve!ops\"\ntoken-secret = \"hunter2\""),
        cluster("user = \"root@pam\"\npassword = \"hunter2\""),
        cluster("user = \"root@pam\"\npasword = \"hunter2\""),
        "cluster.home = { endpoints = 1, user = \"root@pam\", password = \"hunter2\" }".to_owned(),
        cluster("user = \"root@pam\"\npassword = hunter2"),
        cluster("password = \"hunter2"),
        cluster("password: hunter2"),
    ]);
    // The names of the cases are their last lines.
    let told: String = told
        .lines()
        .map(|line| {
            if line.starts_with("----") {
                "----"
            } else {
                line
            }
        })
        .collect::<Vec<_>>()
        .join("\n");
    assert!(!told.contains("hunter2"), "{told}");
    insta::assert_snapshot!(told);
}

/// A configuration with a secret in it, which is mistaken at any rate.
const SECRETIVE: &[&str] = &[
    "[cluster.home]\nendpoints = [\"pve1\"]\nuser = \"root@pam\"\npassword = \"hunter2\"\n",
    "[cluster.home]\ntoken-id = \"hospes@pve!ops=hunter2\"\n[guest.a]\nqmp = 5\n",
    "x = 1\ncluster.home = { password = \"hunter2\", endpoints = 1 }\n",
    "cluster.home.token-secret = \"\"\"\nhunter2\n\"\"\"\n[guest.a]\nqmp = 5\n",
    "[cluster.home]\ntoken = [\n  \"pve\",\n  \"hunter2\",\n]\n",
    "[cluster.home]\ntoken-command = 5\npasswrd = \"hunter2\"\n[cluster.home.ssh]\nhost = 1\n",
    "[cluster.home]\npassword: hunter2\n",
];

/// What slips into a file.
const SLIPS: &[&str] = &[
    "\n",
    "\"",
    "'",
    "\"\"\"",
    "=",
    ":",
    "[",
    "]",
    "{",
    "}",
    ",",
    "#",
    "x",
    ".",
    " ",
    "\u{e9}",
    "\0",
    "\r\n",
    "[guest.b]\n",
    "a = 1\n",
    "[cluster.home]\n",
    "= 1\n",
];

#[test]
fn a_secret_is_not_shown_whatever_is_wrong_with_the_file() {
    for text in SECRETIVE {
        let secret = text.find("hunter2").unwrap();
        let places = (0..=text.len()).filter(|at| !(secret + 1..secret + 7).contains(at));
        for at in places {
            for slip in SLIPS {
                let text = format!("{}{slip}{}", &text[..at], &text[at..]);
                let told = complaint(&text);
                assert!(!told.contains("hunter2"), "{text}\n{told}");
            }
        }
    }
}

#[test]
fn guests_of_clusters() {
    let guest = |lines: &str| known_cluster(&format!("[guest.web1]\n{lines}"));
    let two = |first: &str, second: &str| {
        known_cluster(&format!("[guest.web1]\n{first}\n[guest.web2]\n{second}"))
    };
    let home = "cluster = \"home\"\nvmid = 101";
    let told = complaints_by_last_line(&[
        guest("cluster = \"home\""),
        guest("vmid = 101"),
        guest("vmid = 101\ncluster = \"hoem\""),
        guest("cluster = \"home\"\nvmid = \"101\""),
        guest("cluster = \"home\"\nvmid = 99"),
        guest(&format!("{home}\nqmp = \"/q\"")),
        guest(&format!("{home}\nagent = \"/a\"")),
        guest(&format!("{home}\nstart = [\"qemu\"]")),
        guest(&format!(
            "{home}\nssh = {{ host = \"h\", address = \"dns\" }}"
        )),
        guest("qmp = \"/q\"\nssh = { host = \"h\", address = \"dns\" }"),
        two(home, home),
        known_cluster("[guest.web1-101]\nqmp = \"/q\""),
        known_cluster("[guest.web1-101]\ncluster = \"home\"\nvmid = 102"),
        known_cluster("[guest.web1-101]\ncluster = \"home\"\nvmid = 101"),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn guests() {
    let long = format!("[guest.web1]\nqmp = \"/run/{}\"\n", "x".repeat(110));
    let told = complaints(&[
        ("no qmp", "[guest.web1]\ntags = [\"web\"]\n"),
        ("name with a blank", "[guest.\"my web\"]\nqmp = \"/q\"\n"),
        ("called all", "[guest.all]\nqmp = \"/q\"\n"),
        ("long socket", &long),
        (
            "shared socket",
            "[guest.web2]\nqmp = \"/run/b\"\n[guest.web1]\nqmp = \"/run/a\"\nagent = \"/run/.//b\"\n",
        ),
        (
            "one socket for both",
            "[guest.web1]\nqmp = \"/run/a\"\nagent = \"/run/a\"\n",
        ),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let told = complaint(
        "statedir = \"/s\"\n\n[guest.web2]\nqmp = 1\n\n[guest.web1]\nagent = \"/a\"\n\n[guest.web1.ssh]\nport = 99999\n",
    );
    insta::assert_snapshot!(told);
}

#[test]
fn of_very_many_mistakes_the_first_are_told_and_the_rest_counted() {
    let told = complaint((0..1000).map(|n| format!("k{n} = 1\n")).collect::<String>());
    assert_eq!(told.matches("unknown key").count(), 20);
    assert!(told.ends_with("\n\nand 980 more"), "{told}");
}
