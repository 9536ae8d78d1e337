//! `hospes init` with the real program, against an HTTPS server.

#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]

mod server;
mod terminal;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Kind, SECRET, Server};

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("token", &format!("{SECRET}\n"));
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hospes"));
        command
            .arg("init")
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("HOME", self.0.path())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// With everything that there is to say about `server`, and more.
    fn init(&self, server: &Server, more: &[&str]) -> Output {
        let host = server.host();
        let usual = [
            "--host",
            &host,
            "--fingerprint",
            &server.fingerprint,
            "--token-id",
            "hospes@pve!main",
            "--token-file",
            "token",
            "--output",
            "hospes.toml",
        ];
        self.run(&[&usual, more].concat())
    }

    /// Nothing but the token's file is here.
    fn is_untouched(&self) -> bool {
        let names = fs::read_dir(self.0.path()).unwrap();
        names
            .map(|entry| entry.unwrap().file_name())
            .all(|name| name == "token")
    }
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn options_alone_make_a_configuration() {
    let (desk, server) = (Desk::new(), Server::administrator());
    let output = desk.init(&server, &["--yes"]);
    assert!(output.status.success(), "{}", err(&output));
    let said = out(&output);
    let table = format!(
        "[cluster.home]\nendpoints = [\"{}\"]\nfingerprint = \"{}\"\ntoken-id = \"hospes@pve!main\"\n\
         token-file = \"{}\"\n",
        server.host(),
        server.fingerprint,
        desk.path("token").display()
    );
    assert_eq!(desk.read("hospes.toml"), table);
    for part in [
        "runs Proxmox VE 9.2: nodes pve1, pve2; 2 VMs, 1 container",
        "has every privilege",
        "Next: hospes guests",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!said.contains(SECRET) && !err(&output).contains(SECRET));
}

#[test]
fn a_dry_run_shows_what_would_be_written_and_writes_nothing() {
    let (desk, server) = (Desk::new(), Server::administrator());
    let output = desk.init(&server, &["--check"]);
    assert!(output.status.success(), "{}", err(&output));
    let said = out(&output);
    assert!(
        said.contains("  [cluster.home]\n") && said.contains("Nothing was written."),
        "{said}"
    );
    assert!(desk.is_untouched());
}

#[test]
fn a_cluster_is_added_and_what_is_there_stays_as_it_is() {
    let (desk, server) = (Desk::new(), Server::administrator());
    let before = "# mine\nstate-dir = \"state\"\n[guest.web1]\nqmp = \"web1.qmp\" # no newline";
    desk.write("hospes.toml", before);
    let output = desk.init(&server, &["--yes"]);
    assert!(output.status.success(), "{}", err(&output));
    let after = desk.read("hospes.toml");
    assert!(
        after.starts_with(&format!("{before}\n\n[cluster.home]\n")),
        "{after}"
    );

    let second = desk.init(&server, &["--yes"]);
    assert_eq!(second.status.code(), Some(3), "{}", err(&second));
    assert!(
        err(&second).contains("has a cluster called home"),
        "{}",
        err(&second)
    );
    assert_eq!(desk.read("hospes.toml"), after);

    let other = desk.init(&server, &["--yes", "--name", "away"]);
    assert!(
        out(&other).contains("are called home.NAME-VMID and away.NAME-VMID"),
        "{}",
        out(&other)
    );
    assert!(desk.read("hospes.toml").starts_with(&after));
}

#[test]
fn what_goes_wrong_is_told_and_nothing_is_written() {
    let (desk, server) = (Desk::new(), Server::administrator());
    desk.write("token", "not-the-secret\n");
    let refused = desk.init(&server, &["--yes"]);
    let wrong = Server {
        fingerprint: "AB:".repeat(31) + "CD",
        ..Server::administrator()
    };
    let another = desk.init(&wrong, &["--yes"]);
    let other = desk.init(&Server::start(Kind::Other), &["--yes"]);
    let gone = {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        desk.init(
            &Server {
                port,
                ..Server::administrator()
            },
            &["--yes"],
        )
    };
    for (output, parts) in [
        (
            refused,
            [
                "does not accept the token hospes@pve!main",
                "pveum user token list hospes@pve",
            ],
        ),
        (
            another,
            ["is another one: its fingerprint is", "pvenode cert info"],
        ),
        (
            other,
            ["answers, but not as Proxmox VE does", "name a node"],
        ),
        (gone, ["cannot be reached over HTTPS", "efused"]),
    ] {
        let told = err(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            parts.iter().all(|part| told.contains(part)),
            "{parts:?}: {told}"
        );
        assert!(!told.contains("not-the-secret"), "{told}");
        assert!(desk.is_untouched());
    }
    assert_eq!(wrong.heard(), "", "to the wrong server nothing is said");
}

#[test]
fn a_certificate_is_never_taken_for_right_without_a_word_of_the_operator() {
    let (desk, server) = (Desk::new(), Server::administrator());
    let host = server.host();
    let output = desk.run(&[
        "--host",
        &host,
        "--token-id",
        "hospes@pve!main",
        "--token-file",
        "token",
        "--yes",
    ]);
    let told = err(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains(&server.fingerprint) && told.contains("--fingerprint"),
        "{told}"
    );
    assert!(!server.heard().contains("PVEAPIToken") && desk.is_untouched());
}

#[test]
fn what_is_missing_where_nobody_can_be_asked_is_named() {
    let (desk, server) = (Desk::new(), Server::administrator());
    let (host, pin) = (server.host(), server.fingerprint.clone());
    let token = ["--token-id", "hospes@pve!main"];
    for (arguments, missing) in [
        (vec![], "--host"),
        (vec!["--host", &host, "--fingerprint", &pin], "--token-id"),
        (
            [&["--host", &host, "--fingerprint", &pin][..], &token].concat(),
            "--token-file, --token-env or --token-command",
        ),
        (
            [
                &[
                    "--host",
                    &host,
                    "--fingerprint",
                    &pin,
                    "--token-file",
                    "token",
                ][..],
                &token,
            ]
            .concat(),
            "--yes, or --check",
        ),
        (vec!["--host", "a b"], "expects `host`"),
        (
            vec!["--name", "a.b", "--host", &host],
            "no name for a cluster",
        ),
        (
            vec![
                "--host",
                &host,
                "--fingerprint",
                &pin,
                "--token-id",
                "root",
                "--token-file",
                "token",
            ],
            "expects `USER@REALM!ID`",
        ),
    ] {
        let output = desk.run(&arguments);
        let told = err(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(missing), "{arguments:?}: {told}");
        assert!(desk.is_untouched());
    }
}

#[test]
fn missing_privileges_are_listed_with_the_commands_that_grant_them() {
    let some = json!({"/": {"VM.Audit": 1}, "/vms/101": {"VM.Audit": 1, "VM.PowerMgmt": 1}});
    let (desk, server) = (Desk::new(), Server::start(Kind::Proxmox(some)));
    let said = out(&desk.init(&server, &["--check"]));
    for part in [
        "VM.PowerMgmt",
        "/vms/102",
        "restart, shutdown, start",
        "pveum acl modify / --roles HospesCluster --propagate 0 --tokens 'hospes@pve!main'",
        "pveum acl modify /vms --roles Hospes --users 'hospes@pve'",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let output = desk.init(&server, &["--yes", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["schema"], "hospes.init/1");
    assert_eq!(
        (&document["written"], &document["machines"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(document["missing"][0]["privilege"], "Sys.Audit");
    assert_eq!(document["adds"], desk.read("hospes.toml"));
}

#[test]
fn the_secret_may_come_from_the_environment_or_a_command() {
    let server = Server::administrator();
    let host = server.host();
    let usual = [
        "--host",
        &host,
        "--fingerprint",
        &server.fingerprint,
        "--token-id",
        "hospes@pve!main",
        "--yes",
        "--output",
        "hospes.toml",
    ];
    for (more, written) in [
        (["--token-env", "PVE_SECRET"], "token-env = \"PVE_SECRET\""),
        (
            ["--token-command", "/bin/cat token"],
            "token-command = [\"/bin/cat\", \"token\"]",
        ),
    ] {
        let desk = Desk::new();
        let mut command = desk.command(&[&usual[..], &more].concat());
        let output = command.env("PVE_SECRET", SECRET).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        assert!(desk.read("hospes.toml").contains(written));
        assert!(!desk.read("hospes.toml").contains(SECRET));
    }
}
