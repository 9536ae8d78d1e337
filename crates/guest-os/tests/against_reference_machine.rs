//! Our answers about machine, identity and accounts beside those of QEMU's agent on the same
//! machine. Without `/usr/sbin/qemu-ga` there is nothing to compare: then each test says so.
//!
//! Only commands that read are sent, and wishes that cannot come true.
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use guest_os::process::PidFile;
use guest_os::{accounts, clock, identity, memory, processors, users};
use qga::OnlineSetting;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

const AGENT: &str = "/usr/sbin/qemu-ga";
const PATIENCE: Duration = Duration::from_secs(60);
/// Never to be called on a machine that somebody uses.
const FORBIDDEN: &str = "guest-shutdown,guest-suspend-disk,guest-suspend-ram,\
    guest-suspend-hybrid,guest-fsfreeze-freeze,guest-fsfreeze-freeze-list,guest-fsfreeze-thaw,\
    guest-fstrim,guest-set-time,guest-set-user-password";
/// More processors and memory blocks than a machine has.
const NOWHERE: u64 = 987_654_321;

/// QEMU's agent on a socket of its own.
struct Reference {
    process: Child,
    stream: BufReader<UnixStream>,
    _directory: TempDir,
}

impl Reference {
    fn start() -> Option<Self> {
        Self::start_as(Command::new(AGENT))
    }

    /// `command` ends in the agent's name; the arguments are added.
    fn start_as(mut command: Command) -> Option<Self> {
        if !Path::new(AGENT).exists() {
            eprintln!("skipped: there is no {AGENT}");
            return None;
        }
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("socket");
        let process = command
            .args(["-m", "unix-listen", "-b", FORBIDDEN, "-p"])
            .arg(&socket)
            .arg("-t")
            .arg(directory.path())
            .stderr(Stdio::null())
            .spawn()
            .expect("the agent");
        Some(Self {
            process,
            stream: connected(&socket),
            _directory: directory,
        })
    }

    fn ask(&mut self, command: &str) -> Value {
        self.ask_with(command, json!({}))["return"].take()
    }

    fn refusal(&mut self, command: &str, arguments: Value) -> String {
        let reply = self.ask_with(command, arguments);
        let text = reply["error"]["desc"].as_str();
        text.unwrap_or_else(|| panic!("{command}: {reply}"))
            .to_owned()
    }

    fn ask_with(&mut self, command: &str, arguments: Value) -> Value {
        conversation(&mut self.stream, command, &arguments)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn connected(socket: &Path) -> BufReader<UnixStream> {
    let stream = until("the agent listens", || UnixStream::connect(socket).ok());
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    BufReader::new(stream)
}

fn conversation(stream: &mut BufReader<UnixStream>, command: &str, arguments: &Value) -> Value {
    let request = json!({"execute": command, "arguments": arguments});
    writeln!(stream.get_mut(), "{request}").expect("the agent reads");
    let mut reply = String::new();
    stream.read_line(&mut reply).expect("the agent answers");
    serde_json::from_str(&reply).expect("JSON")
}

fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(reached) = attempt() {
            return reached;
        }
        assert!(Instant::now() < end, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Both agents may list in any order.
fn by_number(list: Value, number: &str) -> Vec<Value> {
    let Value::Array(mut list) = list else {
        panic!("no list: {list}");
    };
    list.sort_by_key(|entry| entry[number].as_u64());
    list
}

#[test]
fn processors_are_the_same() {
    let Some(mut reference) = Reference::start() else {
        return;
    };
    let theirs = reference.ask("guest-get-vcpus");
    let ours = json!(processors::processors().expect("processors"));
    assert_eq!(
        by_number(ours, "logical-id"),
        by_number(theirs, "logical-id")
    );
}

#[test]
fn memory_blocks_are_the_same() {
    let Some(mut reference) = Reference::start() else {
        return;
    };
    let theirs = reference.ask("guest-get-memory-blocks");
    let ours = json!(memory::blocks().expect("blocks"));
    assert_eq!(
        by_number(ours, "phys-index"),
        by_number(theirs, "phys-index")
    );
    let info = reference.ask_with("guest-get-memory-block-info", json!({}));
    match memory::block_info() {
        Ok(ours) => assert_eq!(json!(ours), info["return"]),
        Err(error) => assert!(info["error"].is_object(), "{error} but {info}"),
    }
}

#[test]
fn wishes_that_cannot_come_true_are_answered_the_same() {
    let Some(mut reference) = Reference::start() else {
        return;
    };
    for index in [NOWHERE.cast_signed(), -1] {
        let wish = json!({"vcpus": [{"logical-id": index, "online": false}]});
        let theirs = reference.refusal("guest-set-vcpus", wish);
        let wish = OnlineSetting {
            index: index.cast_unsigned(),
            online: false,
        };
        let ours = processors::set(&[wish]).expect_err("there is no such processor");
        assert_eq!(ours.to_string(), theirs);
    }
    assert_eq!(processors::set(&[]).expect("nothing to do"), 0);

    let wish = json!({"mem-blks": [{"phys-index": NOWHERE, "online": false}]});
    let theirs = reference.ask_with("guest-set-memory-blocks", wish);
    let ours = memory::set(&[OnlineSetting {
        index: NOWHERE,
        online: false,
    }]);
    assert_eq!(json!(ours), theirs["return"]);
}

#[test]
fn name_users_and_system_are_the_same() {
    let Some(mut reference) = Reference::start() else {
        return;
    };
    let theirs = reference.ask("guest-get-host-name");
    assert_eq!(json!(identity::host_name()), theirs);
    let theirs = reference.ask("guest-get-osinfo");
    assert_eq!(json!(identity::os_info(None)), theirs);
    // Where utmp is gone the reference knows nobody, and we may know more.
    let theirs = reference.ask("guest-get-users");
    if Path::new("/var/run/utmp").exists() {
        assert_eq!(json!(users::users().expect("users")), theirs);
    }
}

#[test]
fn a_named_os_release_is_read_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("os-release");
    // The file of QEMU's own test suite for the agent.
    let text = r#"ID=qemu-ga-test
NAME="QEMU-GA"
PRETTY_NAME="QEMU Guest Agent test"
VERSION="Test 1"
VERSION_ID=1
VARIANT="Unit test \"\'\$\`\\ and \\\\ etc."
VARIANT_ID=unit-test
"#;
    fs::write(&path, text).expect("a file");
    let mut command = Command::new(AGENT);
    command.env("QGA_OS_RELEASE", &path);
    if let Some(mut reference) = Reference::start_as(command) {
        let theirs = reference.ask("guest-get-osinfo");
        assert_eq!(json!(identity::os_info(Some(&path))), theirs);
    }
}

#[test]
fn the_time_is_the_same_within_two_seconds() {
    let Some(mut reference) = Reference::start() else {
        return;
    };
    let theirs = reference.ask("guest-get-time").as_i64().expect("a number");
    let ours = clock::now_ns().expect("a time");
    assert!((ours - theirs).abs() < 2_000_000_000, "{ours} and {theirs}");
}

const ROLE: &str = "HOSPES_TEST_ROLE";
const REPORT: &str = "HOSPES_TEST_REPORT";

/// What a process that these tests start does: this same program with [`ROLE`] set, because the
/// answer depends on the process's environment.
#[test]
fn role() {
    match std::env::var(ROLE).as_deref() {
        Ok("timezone") => {
            let zone = json!(identity::timezone().expect("a zone"));
            fs::write(std::env::var(REPORT).expect("a path"), zone.to_string()).expect("a file");
        }
        Ok("keys") => change_keys_as(OUR_USER),
        _ => {}
    }
}

fn run_role(mut command: Command, role: &str) {
    let status = command
        .args(["--exact", "role", "--nocapture"])
        .env(ROLE, role)
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("this program").success(), "{role}");
}

fn this_program() -> String {
    let path = std::env::current_exe().expect("this program");
    path.to_str().expect("a plain path").to_owned()
}

#[test]
fn time_zones_are_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let report = directory.path().join("report");
    for zone in [
        None,
        Some("UTC"),
        Some("America/New_York"),
        Some("Asia/Kathmandu"),
        Some("Pacific/Chatham"),
        Some("EST5EDT,M3.2.0,M11.1.0"),
        Some("<-0330>3:30"),
    ] {
        let mut theirs = Command::new(AGENT);
        let mut ours = Command::new(this_program());
        for command in [&mut theirs, &mut ours] {
            match zone {
                Some(zone) => command.env("TZ", zone),
                None => command.env_remove("TZ"),
            };
        }
        let Some(mut reference) = Reference::start_as(theirs) else {
            return;
        };
        ours.env(REPORT, &report);
        run_role(ours, "timezone");
        let ours = fs::read_to_string(&report).expect("a report");
        let ours: Value = serde_json::from_str(&ours).expect("JSON");
        assert_eq!(ours, reference.ask("guest-get-timezone"), "{zone:?}");
    }
}

#[test]
fn the_reference_s_lock_on_a_pid_file_keeps_us_out() {
    if !Path::new(AGENT).exists() {
        eprintln!("skipped: there is no {AGENT}");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("pid");
    let status = Command::new(AGENT)
        .args(["-d", "-m", "unix-listen", "-p"])
        .arg(directory.path().join("socket"))
        .arg("-t")
        .arg(directory.path())
        .arg("-f")
        .arg(&path)
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("the agent").success());
    let pid = until("the agent writes its pid", || {
        fs::read_to_string(&path).ok()?.trim().parse().ok()
    });
    let pid = Pid::from_raw(pid).expect("a pid");
    let refused = PidFile::create(&path);
    // Before its loop runs, which is later than it listens, it forgets that it was told to end.
    let mut stream = connected(&directory.path().join("socket"));
    conversation(&mut stream, "guest-ping", &json!({}));
    kill_process(pid, Signal::TERM).expect("the agent that this test started");
    refused.expect_err("the agent holds it");
    until("the agent lets go", || (!path.exists()).then_some(()));
    PidFile::create(&path).expect("nobody holds it");
}

const THEIR_USER: &str = "hospes-test-theirs";
const OUR_USER: &str = "hospes-test-ours";
const KEYS: [&str; 3] = ["algo key1 one", "algo key2 two", "algo key3 three"];

/// The same changes on two accounts that exist in a mount namespace of the test's only, where
/// another file lies over `/etc/passwd`.
#[test]
fn keys_are_changed_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path().to_str().expect("a plain path").to_owned();
    let passwd = format!(
        "{THEIR_USER}:x:54321:54322::{place}/{THEIR_USER}:/bin/sh\n\
         {OUR_USER}:x:54321:54322::{place}/{OUR_USER}:/bin/sh\n"
    );
    let file = directory.path().join("passwd");
    fs::write(&file, passwd).expect("a file");
    for user in [THEIR_USER, OUR_USER] {
        fs::create_dir(directory.path().join(user)).expect("a directory");
    }
    let apart = |program: &str| {
        let script = "mount --bind \"$0\" /etc/passwd && exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-ec", script]);
        command.arg(&file).arg(program);
        command
    };
    let possible = apart("true").stderr(Stdio::null()).status();
    if !geteuid().is_root() || !possible.is_ok_and(|status| status.success()) {
        eprintln!("skipped: a mount namespace needs root");
        return;
    }
    let Some(mut reference) = Reference::start_as(apart(AGENT)) else {
        return;
    };
    for (command, arguments) in changes(THEIR_USER) {
        let reply = reference.ask_with(command, arguments);
        assert!(reply["return"].is_object(), "{reply}");
    }
    run_role(apart(&this_program()), "keys");
    let lines = |user: &str| {
        let file = directory.path().join(user).join(".ssh/authorized_keys");
        let text = fs::read_to_string(file).expect("a file");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(OUR_USER), lines(THEIR_USER));
    assert_eq!(lines(OUR_USER), [KEYS[1], KEYS[2]]);
    let listed = reference.ask_with(
        "guest-ssh-get-authorized-keys",
        json!({"username": OUR_USER}),
    );
    let listed = listed["return"]["keys"].as_array().expect("keys").len();
    assert_eq!(listed, 2, "the reference reads what we wrote");
}

fn changes(user: &str) -> [(&'static str, Value); 5] {
    let (add, remove) = (
        "guest-ssh-add-authorized-keys",
        "guest-ssh-remove-authorized-keys",
    );
    [
        (remove, json!({"username": user, "keys": [KEYS[0]]})),
        (
            add,
            json!({"username": user, "keys": ["algo old", KEYS[2]]}),
        ),
        (
            add,
            json!({"username": user, "keys": [KEYS[1], KEYS[0], KEYS[1]], "reset": true}),
        ),
        (add, json!({"username": user, "keys": [KEYS[1], KEYS[2]]})),
        (
            remove,
            json!({"username": user, "keys": [KEYS[0], "algo old"]}),
        ),
    ]
}

fn change_keys_as(user: &str) {
    for (command, arguments) in changes(user) {
        let keys: Vec<String> =
            serde_json::from_value(arguments["keys"].clone()).expect("a list of keys");
        let done = if command.contains("add") {
            accounts::add_keys(user, &keys, arguments["reset"] == true)
        } else {
            accounts::remove_keys(user, &keys)
        };
        done.expect("an account of this namespace");
    }
    let listed = accounts::ssh_keys(user).expect("a file");
    assert_eq!(listed.keys, KEYS[1..]);
}

#[test]
fn what_is_no_user_or_no_key_is_refused_the_same() {
    let Some(mut reference) = Reference::start() else {
        return;
    };
    let nobody = "hospes-test-nobody";
    let list = "guest-ssh-get-authorized-keys";
    let theirs = reference.refusal(list, json!({"username": nobody}));
    let ours = accounts::ssh_keys(nobody).expect_err("nobody").to_string();
    let common = format!("failed to lookup user '{nobody}': ");
    assert!(theirs.starts_with(&common), "{theirs}");
    assert!(ours.starts_with(&common), "{ours}");

    let add = "guest-ssh-add-authorized-keys";
    for key in ["# a comment", "two\nlines"] {
        let theirs = reference.refusal(add, json!({"username": nobody, "keys": [key]}));
        let ours = accounts::add_keys(nobody, &[key.to_owned()], false).expect_err("no key");
        assert_eq!(ours.to_string(), theirs);
    }
}
