//! From a file to settings in which everything is decided.

mod files;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{
    Address, Config, ConfigError, Deadlines, Environment, GuestMetadata, Jump, MetadataService,
    WithoutWatcher,
};
use files::{directory, environment, guest, load, local, write};
use proptest::prelude::*;

const EXAMPLE: &str = include_str!("../hospes.example.toml");

#[test]
fn the_documented_example_means_what_it_says() {
    let config = load(EXAMPLE).unwrap();
    assert_eq!(config.state_dir, Path::new("/var/lib/hospes"));
    insta::assert_debug_snapshot!(config.guests);
    insta::assert_debug_snapshot!(config.metadata);
}

#[test]
fn the_example_shows_the_default_deadlines() {
    let config = load(EXAMPLE).unwrap();
    assert_eq!(guest(&config, "db1").deadlines, Deadlines::default());
}

#[test]
fn the_example_shows_every_key() {
    // An unknown key is answered with those that there are.
    let tables = "[defaults]\nx=1\n[defaults.ssh]\nx=1\n[guest.g]\nqmp=\"/q\"\nx=1\n\
                  [guest.g.ssh]\nhost=\"h\"\nx=1\n[guest.g.deadlines]\nx=1\n\
                  [guest.g.metadata]\nx=1\n[metadata]\nx=1\n";
    let clusters = "[cluster.c]\nx=1\n[cluster.c.ssh]\nx=1\n[cluster.c.deadlines]\nx=1\n\
                    [cluster.c.metadata]\nx=1\n[cluster.c.tag.t]\nx=1\n\
                    [guest.h]\ncluster=\"c\"\nvmid=101\n[guest.h.ssh]\nx=1\n";
    let told = [format!("x=1\n{tables}"), clusters.to_owned()].map(files::complaint);
    let told = told.join("\n");
    let known: BTreeSet<&str> = told
        .lines()
        .filter_map(|line| line.split_once(" takes "))
        .flat_map(|(_, keys)| keys.split(", "))
        .collect();
    assert!(known.len() > 20, "{known:?}");
    for key in known {
        let shown = [
            format!("\n{key} = "),
            format!("[{key}"),
            format!(".{key}]"),
            format!(".{key}."),
            // In a comment, as another way.
            format!(" {key} = "),
            format!("{key}, "),
            format!("{key}.\n"),
        ];
        assert!(
            shown.iter().any(|form| EXAMPLE.contains(form)),
            "{key} is not in the example"
        );
    }
}

#[test]
fn a_guest_is_merged_with_the_defaults_key_by_key() {
    let config = load(
        r#"
        [defaults]
        tags = ["lab"]
        start = ["start-vm"]
        ssh = { user = "admin", port = 2222, jump = "bastion" }
        deadlines = { stop = "10m", agent = "1s" }

        [guest.plain]
        qmp = "/run/plain"

        [guest.own]
        qmp = "/run/own"
        tags = []
        start = ["start-own", ""]
        ssh = { host = "192.0.2.1", port = 22, jump = ["uwe@b1:23", "[fe80::1%eth0]", "b-2:1"] }
        deadlines = { agent = "2s" }
        "#,
    )
    .unwrap();
    let plain = guest(&config, "plain");
    assert_eq!(plain.tags, BTreeSet::from(["lab".to_owned()]));
    let start = local(&plain).start;
    assert_eq!(start.as_deref(), Some(&["start-vm".to_owned()][..]));
    assert_eq!(plain.ssh, None, "no host, no SSH");
    assert_eq!(plain.deadlines.stop, Duration::from_secs(600));
    assert_eq!(plain.deadlines.agent, Duration::from_secs(1));

    let own = guest(&config, "own");
    let start = local(&own).start.unwrap();
    assert_eq!((own.tags, start.len()), (BTreeSet::new(), 2));
    assert_eq!(own.deadlines.stop, Duration::from_secs(600));
    assert_eq!(own.deadlines.agent, Duration::from_secs(2));
    let ssh = own.ssh.unwrap();
    assert_eq!(
        (ssh.address, ssh.port, ssh.user.as_str()),
        (Address::Host("192.0.2.1".into()), 22, "admin")
    );
    let jump = |user: &str, host: &str, port| Jump {
        host: host.into(),
        port,
        user: user.into(),
    };
    assert_eq!(
        ssh.jump,
        [
            jump("uwe", "b1", 23),
            jump("admin", "fe80::1%eth0", 22),
            jump("admin", "b-2", 1)
        ]
    );
}

#[test]
fn metadata_settings_are_merged_key_by_key() {
    let config = load(
        r#"
        [defaults.metadata]
        graceful = "5m"
        without-watcher = "wait"
        [guest.plain]
        qmp = "/plain"
        [guest.own]
        qmp = "/own"
        metadata = { graceful = "1s", without-watcher = "refuse", address = "::ffff:10.0.0.5" }
        "#,
    )
    .unwrap();
    let plain = GuestMetadata {
        address: None,
        graceful: Some(Duration::from_secs(300)),
        without_watcher: WithoutWatcher::Wait,
    };
    assert_eq!(guest(&config, "plain").metadata, plain);
    let own = GuestMetadata {
        address: Some("10.0.0.5".parse().unwrap()),
        graceful: Some(Duration::from_secs(1)),
        without_watcher: WithoutWatcher::Refuse,
    };
    assert_eq!(guest(&config, "own").metadata, own);
    let bare = load("[guest.a]\nqmp = \"/a\"\n").unwrap();
    assert_eq!(guest(&bare, "a").metadata, GuestMetadata::default());
    assert_eq!(bare.metadata, MetadataService::default());
}

#[test]
fn a_guests_socket_is_in_the_named_directory_or_else_in_the_state_directory() {
    let named = load("state-dir = \"/s\"\nmetadata.socket-dir = \"/run/m\"").unwrap();
    let usual = load("state-dir = \"/s\"").unwrap();
    let web1 = "web1".parse().unwrap();
    assert_eq!(named.metadata_socket(&web1), Path::new("/run/m/web1.sock"));
    assert_eq!(
        usual.metadata_socket(&web1),
        Path::new("/s/metadata/web1.sock")
    );
}

#[test]
fn hosts_are_names_or_addresses() {
    for (written, host) in [
        ("web1.example.net", "web1.example.net"),
        ("192.0.2.10", "192.0.2.10"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ] {
        let text = format!("[guest.g]\nqmp = \"/q\"\nssh.host = \"{written}\"\n");
        let ssh = guest(&load(text).unwrap(), "g").ssh.unwrap();
        assert_eq!(ssh.address, Address::Host(host.to_owned()));
    }
}

#[test]
fn relative_paths_start_at_the_file_and_tilde_at_home() {
    let dir = directory();
    let text = r#"
        state-dir = "state"
        [guest.g]
        qmp = "run/g.qmp"
        agent = "./g.qga"
        start = ["./start.sh", "~/disk"]
        [guest.g.ssh]
        host = "h"
        identities = ["~/.ssh/lab", "keys/id", "/abs/id"]
        known-hosts = "~"
    "#;
    let file = write(dir.path(), "etc/hospes.toml", text);
    let config = Config::load(Some(&file), &environment()).unwrap();
    let base = dir.path().join("etc");
    assert_eq!(config.state_dir, base.join("state"));
    let guest = guest(&config, "g");
    let local = local(&guest);
    assert_eq!(local.qmp, base.join("run/g.qmp"));
    assert_eq!(
        local.agent.unwrap().as_os_str(),
        base.join("g.qga").as_os_str()
    );
    assert_eq!(
        local.start.unwrap(),
        ["./start.sh", "~/disk"],
        "argv is taken as it is"
    );
    let ssh = guest.ssh.unwrap();
    let expected = [
        PathBuf::from("/home/eva/.ssh/lab"),
        base.join("keys/id"),
        "/abs/id".into(),
    ];
    assert_eq!(ssh.identities, expected);
    assert_eq!(ssh.known_hosts, [PathBuf::from("/home/eva")]);
}

#[test]
fn the_usual_key_files_are_those_that_exist_and_the_agent_is_used_unless_forbidden() {
    let home = directory();
    for name in [
        ".ssh/id_rsa",
        ".ssh/id_ed25519",
        ".ssh/id_ed25519.pub",
        ".ssh/id_dsa",
    ] {
        write(home.path(), name, "");
    }
    let with = Environment {
        home: Some(home.path().to_owned()),
        ssh_auth_sock: Some("/run/agent".into()),
        ..environment()
    };
    let file = write(
        home.path(),
        "hospes.toml",
        "[guest.a]\nqmp = \"/a\"\nssh.host = \"h\"\n[guest.b]\nqmp = \"/b\"\nssh = { host = \"h\", agent = false }\n",
    );
    let config = Config::load(Some(&file), &with).unwrap();
    let [a, b] = ["a", "b"].map(|name| guest(&config, name).ssh.unwrap());
    let keys = [".ssh/id_ed25519", ".ssh/id_rsa"].map(|name| home.path().join(name));
    assert_eq!(a.identities, keys);
    let known = [
        home.path().join(".ssh/known_hosts"),
        "/etc/ssh/ssh_known_hosts".into(),
    ];
    assert_eq!(a.known_hosts, known);
    assert_eq!((a.agent, b.agent), (Some("/run/agent".into()), None));
}

#[test]
fn the_first_file_of_the_usual_places_is_taken_and_a_named_one_is_never_replaced() {
    let dir = directory();
    let at = |name: &str| write(dir.path(), name, "");
    let (system, home) = (at("etc/hospes.toml"), at("home/.config/hospes/hospes.toml"));
    let (xdg, variable, named) = (
        at("xdg/hospes/hospes.toml"),
        at("variable.toml"),
        at("named"),
    );
    let mut with = Environment {
        system_config: system.clone(),
        ..environment()
    };
    let file =
        |explicit: Option<&Path>, with: &Environment| Config::load(explicit, with).unwrap().file;
    assert_eq!(file(None, &with), system);
    with.home = Some(dir.path().join("home"));
    assert_eq!(file(None, &with), home);
    with.xdg_config_home = Some(dir.path().join("xdg"));
    assert_eq!(file(None, &with), xdg);
    with.hospes_config = Some(variable);
    assert_eq!(file(None, &with), *with.hospes_config.as_ref().unwrap());
    assert_eq!(file(Some(&named), &with), named);

    for missing in [Some(dir.path().join("missing")), None] {
        with.hospes_config = Some(dir.path().join("missing"));
        let error = Config::load(missing.as_deref(), &with).unwrap_err();
        assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
        assert!(
            error
                .to_string()
                .contains("missing cannot be read: No such file"),
            "{error}"
        );
    }
}

#[test]
fn without_a_file_the_places_and_a_minimal_example_are_told() {
    let told = Config::load(None, &environment()).unwrap_err().to_string();
    insta::assert_snapshot!(told);
    let example = told.split_once("\n\n").unwrap().1;
    let config = load(example).unwrap();
    let ssh = guest(&config, "web1").ssh.unwrap();
    assert_eq!(ssh.address, Address::Host("192.0.2.10".to_owned()));
}

#[test]
fn state_is_kept_where_the_file_or_else_the_environment_says() {
    let dir = directory();
    let empty = write(dir.path(), "empty.toml", "");
    let set = write(dir.path(), "set.toml", "state-dir = \"/from/file\"");
    let state = |file: &Path, with: &Environment| Config::load(Some(file), with).unwrap().state_dir;
    let mut with = environment();
    assert_eq!(
        state(&empty, &with),
        Path::new("/home/eva/.local/state/hospes")
    );
    with.xdg_state_home = Some("/xdg".into());
    assert_eq!(state(&empty, &with), Path::new("/xdg/hospes"));
    with.is_root = true;
    assert_eq!(state(&empty, &with), Path::new("/var/lib/hospes"));
    with.hospes_state = Some("/from/variable".into());
    assert_eq!(state(&empty, &with), Path::new("/from/variable"));
    assert_eq!(state(&set, &with), Path::new("/from/file"));

    let homeless = Environment {
        home: None,
        ..environment()
    };
    let error = Config::load(Some(&empty), &homeless).unwrap_err();
    assert!(
        matches!(error, ConfigError::NoStateDirectory { .. }),
        "{error}"
    );
}

#[test]
fn a_file_without_end_is_refused() {
    let error = Config::load(Some(Path::new("/dev/zero")), &environment()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/dev/zero is longer than 8 MiB, so it is no configuration of hospes"
    );
    let error = Config::load(Some(Path::new("/")), &environment()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration / cannot be read: Is a directory (os error 21)"
    );
}

/// Text that gets past the TOML parser more often than noise does.
fn near_toml() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "[guest.web1]\n",
        "[guest.\"\"]\n",
        "[defaults]\n",
        "[defaults.ssh]\n",
        "[guest.a.ssh]\n",
        "[guest.a.deadlines]\n",
        "[guest.a.metadata]\n",
        "[metadata]\n",
        "[[guest.b]]\n",
        "[cluster.home]\n",
        "[cluster.home.ssh]\n",
        "[cluster.home.tag.web.ssh]\n",
        "cluster",
        "vmid",
        "endpoints",
        "fingerprint",
        "token-id",
        "token-file",
        "password",
        "include",
        "networks",
        "tag:web",
        "101",
        "qmp",
        "agent",
        "start",
        "tags",
        "host",
        "jump",
        "host-key",
        "permit",
        "listen",
        "address",
        "graceful",
        "10.0.0.5:80",
        "stop",
        "guest",
        "ssh",
        ".",
        " = ",
        "\"",
        "/run/x",
        "~",
        "5m",
        "0s",
        "[",
        "]",
        "{",
        "}",
        ",",
        "\n",
        "é",
        "\u{1F600}",
        "\\u0000",
        "1",
        "-",
        "0x_",
        "1979-05-27",
        "true",
        "inf",
        "#",
        "'''",
        "\r\n",
        "\t",
        "user@h:22",
        "[::1]:",
    ]);
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = load(bytes).map_err(|error| error.to_string());
    }

    #[test]
    fn anything_near_to_toml_is_answered(text in near_toml()) {
        if let Err(ConfigError::Mistaken { mistakes, .. }) = load(&text) {
            for mistake in mistakes {
                let lines = text.matches('\n').count() + 1;
                prop_assert!((1..=lines).contains(&mistake.line()), "{mistake}");
            }
        }
    }

    #[test]
    fn a_damaged_example_is_answered(at in 0..EXAMPLE.len(), piece in near_toml()) {
        prop_assume!(EXAMPLE.is_char_boundary(at));
        let text = format!("{}{piece}{}", &EXAMPLE[..at], &EXAMPLE[at..]);
        let _ = load(text).map_err(|error| error.to_string());
    }
}
