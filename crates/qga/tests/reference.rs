//! The arguments as the real qemu-ga takes them, request by request. It runs over a socket of its
//! own, with every command blocked that could do anything to the machine.

#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use qga::commands::GuestInfo;
use qga::{AgentError, Answer, COMMANDS, Call, CommandSpec, Reply, decode_base64_in_place};
use serde_json::{Map, Value, json};

const AGENT: &str = "/usr/sbin/qemu-ga";

/// Never asked for here, and blocked all the same.
const BLOCKED: &[&str] = &[
    "guest-shutdown",
    "guest-suspend-disk",
    "guest-suspend-ram",
    "guest-suspend-hybrid",
    "guest-set-time",
    "guest-set-user-password",
    "guest-set-vcpus",
    "guest-set-memory-blocks",
    "guest-fsfreeze-freeze",
    "guest-fsfreeze-freeze-list",
    "guest-fsfreeze-thaw",
    "guest-fstrim",
];

#[derive(Clone, Copy)]
enum Kind {
    Integer,
    Text,
    Texts,
    Flag,
    Base64,
    Whence,
    Capture,
}

struct Parameter {
    name: &'static str,
    kind: Kind,
    /// A value that the command takes, and that makes it do nothing: no such handle, file or user.
    good: Value,
    optional: bool,
}

fn parameter(name: &'static str, kind: Kind, good: Value) -> Parameter {
    Parameter {
        name,
        kind,
        good,
        optional: false,
    }
}

fn optional(name: &'static str, kind: Kind, good: Value) -> Parameter {
    Parameter {
        optional: true,
        ..parameter(name, kind, good)
    }
}

/// The commands that take arguments and may be asked for.
fn commands() -> Vec<(&'static str, Vec<Parameter>)> {
    use Kind::{Base64, Capture, Flag, Integer, Text, Texts, Whence};
    let handle = || parameter("handle", Integer, json!(1));
    let path = || parameter("path", Text, json!("/nonexistent/file"));
    let user = || parameter("username", Text, json!("no-such-user-at-all"));
    let keys = || parameter("keys", Texts, json!(["ssh-rsa a", "ssh-rsa b"]));
    vec![
        ("guest-sync", vec![parameter("id", Integer, json!(1))]),
        ("guest-ping", vec![]),
        ("guest-get-time", vec![]),
        ("guest-get-host-name", vec![]),
        ("guest-fsfreeze-status", vec![]),
        (
            "guest-file-open",
            vec![path(), optional("mode", Text, json!("r"))],
        ),
        ("guest-file-close", vec![handle()]),
        (
            "guest-file-read",
            vec![handle(), optional("count", Integer, json!(1))],
        ),
        (
            "guest-file-write",
            vec![
                handle(),
                parameter("buf-b64", Text, json!("aGk=")),
                optional("count", Integer, json!(1)),
            ],
        ),
        (
            "guest-file-seek",
            vec![
                handle(),
                parameter("offset", Integer, json!(0)),
                parameter("whence", Whence, json!("set")),
            ],
        ),
        ("guest-file-flush", vec![handle()]),
        (
            "guest-exec",
            vec![
                path(),
                optional("arg", Texts, json!(["a", "b"])),
                optional("env", Texts, json!(["A=b"])),
                optional("input-data", Base64, json!("aGk=")),
                optional("capture-output", Capture, json!(true)),
            ],
        ),
        (
            "guest-exec-status",
            vec![parameter("pid", Integer, json!(1))],
        ),
        ("guest-ssh-get-authorized-keys", vec![user()]),
        (
            "guest-ssh-add-authorized-keys",
            vec![user(), keys(), optional("reset", Flag, json!(false))],
        ),
        ("guest-ssh-remove-authorized-keys", vec![user(), keys()]),
    ]
}

/// What is put in the place of a good value: something of each type, and what only looks right.
fn odd_values(kind: Kind) -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(5),
        json!(-1),
        json!(1.5),
        json!(1.0),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!("no-such-thing"),
        json!(""),
        json!([]),
        json!({}),
        json!([1]),
        json!({"a": 1}),
    ];
    values.extend(match kind {
        Kind::Texts => vec![
            json!(["a", null]),
            json!(["a", "b", 3]),
            json!([["a"]]),
            json!([{}]),
        ],
        Kind::Base64 => ["aG\nk=", "aG k=", "a-_k", "aGké", "aGk\t="]
            .map(Value::from)
            .to_vec(),
        Kind::Whence => vec![json!("cur"), json!("end"), json!("END"), json!(2)],
        Kind::Integer | Kind::Text | Kind::Flag | Kind::Capture => vec![],
    });
    values
}

/// Every command with good arguments, and with one or two that are missing, odd or too many.
fn requests() -> Vec<(&'static str, Value)> {
    let mut requests = Vec::new();
    for (name, parameters) in commands() {
        let good = |parameter: &Parameter| (parameter.name.to_owned(), parameter.good.clone());
        let all: Map<String, Value> = parameters.iter().map(good).collect();
        let mut add = |arguments: &Map<String, Value>| {
            requests.push((name, Value::Object(arguments.clone())));
            let mut more = arguments.clone();
            more.insert("foo".to_owned(), json!(1));
            requests.push((name, Value::Object(more)));
        };
        add(&all);
        add(&Map::new());
        for one in &parameters {
            let mut arguments = all.clone();
            arguments.remove(one.name);
            add(&arguments);
            for other in &parameters {
                let mut fewer = arguments.clone();
                fewer.insert(other.name.to_owned(), json!({"odd": []}));
                add(&fewer);
            }
            for odd in odd_values(one.kind) {
                let mut arguments = all.clone();
                arguments.insert(one.name.to_owned(), odd);
                add(&arguments);
                for other in parameters.iter().filter(|other| other.optional) {
                    let mut two = arguments.clone();
                    two.insert(other.name.to_owned(), json!({}));
                    add(&two);
                }
            }
        }
    }
    requests
}

struct Reference {
    child: Child,
    folder: PathBuf,
    stream: BufReader<UnixStream>,
}

impl Reference {
    /// The agent, running; `None` where it is not installed.
    fn start(name: &str) -> Option<Self> {
        if !Path::new(AGENT).exists() {
            eprintln!("skipped: {AGENT} is not installed");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("qga-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder of its own");
        let socket = folder.join("sock");
        let child = Command::new(AGENT)
            .args(["-m", "unix-listen", "-p"])
            .arg(&socket)
            .arg("-t")
            .arg(&folder)
            .arg("-f")
            .arg(folder.join("pid"))
            .args(["-b", &BLOCKED.join(",")])
            .env("QGA_CONF", folder.join("no.conf"))
            .stderr(Stdio::null())
            .spawn()
            .expect("qemu-ga starts");
        let stream = connect(&socket);
        let stream = BufReader::new(stream);
        Some(Self {
            child,
            folder,
            stream,
        })
    }

    fn ask(&mut self, name: &str, arguments: &Value) -> Answer {
        assert!(!BLOCKED.contains(&name));
        let request = json!({"execute": name, "arguments": arguments, "id": 7});
        let line = format!("{request}\n");
        self.stream
            .get_mut()
            .write_all(line.as_bytes())
            .expect("it reads");
        let mut reply = Vec::new();
        self.stream
            .read_until(b'\n', &mut reply)
            .expect("it answers in time");
        let reply = Reply::decode(&reply).expect("a reply");
        assert_eq!(reply.id, Some(json!(7)));
        reply.answer
    }
}

/// A program's socket has no other sign of being ready than that it can be reached.
fn connect(socket: &Path) -> UnixStream {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => {
                let patience = Some(Duration::from_secs(20));
                stream.set_read_timeout(patience).expect("a timeout");
                return stream;
            }
            Err(error) if Instant::now() > end => panic!("{}: {error}", socket.display()),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Whether the reference found fault with the arguments, rather than with the world.
fn is_about_arguments(error: &AgentError) -> bool {
    ["Parameter '", "Invalid parameter type", "Base64 data"]
        .iter()
        .any(|start| error.desc.starts_with(start))
}

#[test]
fn arguments_are_taken_and_refused_as_qemu_ga_does() {
    let Some(mut reference) = Reference::start("arguments") else {
        return;
    };
    let (mut refused, mut taken) = (0, 0);
    for (name, arguments) in requests() {
        let answer = reference.ask(name, &arguments);
        let problem = match &answer {
            Answer::Error(error) if is_about_arguments(error) => Some(error),
            _ => None,
        };
        let call = Call::decode(name, Some(arguments.clone()));
        let request = format!("{name} {arguments}");
        match (call, problem) {
            (Ok(_), None) => taken += 1,
            (Err(ours), Some(theirs)) => {
                assert_eq!(ours.class, theirs.class, "{request}");
                // An alternate of flag and word since 8.0.
                let alternate = ours.desc.ends_with("expected: GuestExecCaptureOutput");
                let word = ours.desc.starts_with("Parameter 'capture-output' does not");
                if !(alternate || word) {
                    assert_eq!(ours.desc, theirs.desc, "{request}");
                }
                refused += 1;
            }
            // Words such as `no-such-thing` are for the command to refuse.
            (Err(ours), None) if ours.desc.starts_with("invalid whence code") => taken += 1,
            (ours, theirs) => panic!("{request}: {ours:?}, but qemu-ga: {theirs:?} {answer:?}"),
        }
    }
    println!("{refused} requests refused alike, {taken} taken alike");
    assert!(refused > 500 && taken > 50);
}

#[test]
fn base64_means_what_it_means_to_qemu_ga() {
    let Some(mut reference) = Reference::start("base64") else {
        return;
    };
    let path = reference.folder.join("written");
    let arguments = json!({"path": path, "mode": "w"});
    let Answer::Return(handle) = reference.ask("guest-file-open", &arguments) else {
        panic!("no file");
    };
    // What is not the same on purpose: a group of four that is not whole, and stray padding.
    let (lost, padded) = (["aGk", "aA", "aGkKaGk\n", "a"], ["a=Gk", "====", "aG=k"]);
    let same = [
        "", "\n", "aGk=", "aG\nk=", "aGk==", "=", "aGk=aGk=", "aGl=", "aGkK\n", "aG k=", "a\rGk",
        "aGké", "a-_k", "!",
    ];
    for text in same.into_iter().chain(lost).chain(padded) {
        let arguments = json!({"handle": handle, "buf-b64": text});
        let theirs = match reference.ask("guest-file-write", &arguments) {
            Answer::Return(written) => Ok(written["count"].as_u64()),
            Answer::Error(error) => Err(error.desc),
        };
        let ours = decode_base64_in_place(text.to_owned());
        let ours = ours.map(|bytes| Some(bytes.len() as u64));
        let ours = ours.map_err(|error| error.desc);
        assert_eq!(
            ours == theirs,
            same.contains(&text),
            "{text:?}: {ours:?} {theirs:?}"
        );
    }
}

#[test]
fn every_command_of_qemu_ga_is_in_the_table() {
    let Some(mut reference) = Reference::start("table") else {
        return;
    };
    let Answer::Return(info) = reference.ask("guest-info", &json!({})) else {
        panic!("guest-info fails");
    };
    let info = GuestInfo::from_result(info).expect("its own shape");
    let mut last = None;
    for theirs in info.commands {
        if theirs.name == "guest-get-devices" {
            // Windows only; up to 9.1 the others listed it as disabled.
            assert!(!theirs.enabled);
            continue;
        }
        let ours = CommandSpec::find(&theirs.name).expect(&theirs.name);
        assert_eq!(ours.success_response, theirs.success_response);
        let place = COMMANDS.iter().position(|command| command == ours);
        assert!(place > last, "{} stands elsewhere", theirs.name);
        last = place;
    }
}
