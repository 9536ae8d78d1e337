//! Options, environment and configuration file, as far as a start that ends at once shows them.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::differences::DIFFERENCES;
use crate::report::tell;
use crate::support::{BLOCKED, Program};

const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// One start. None of them may come so far as to serve a real port.
struct Start {
    arguments: &'static [&'static str],
    /// The text of the configuration file that `QGA_CONF` names.
    file: Option<&'static str>,
    told: Told,
    /// The difference that may be seen.
    differs: Option<&'static str>,
}

/// What is compared of standard output, besides the exit status and whether standard error is empty.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Every byte.
    Same,
    /// That there is something; the version and the list of commands are their own.
    Something,
}

const fn start(arguments: &'static [&'static str]) -> Start {
    Start {
        arguments,
        file: None,
        told: Told::Same,
        differs: None,
    }
}

const fn dumped(file: &'static str) -> Start {
    start(&["-D"]).with_file(file)
}

impl Start {
    const fn with_file(self, file: &'static str) -> Self {
        let file = Some(file);
        Self { file, ..self }
    }

    const fn tells_something(self) -> Self {
        let told = Told::Something;
        Self { told, ..self }
    }

    const fn differs(self, key: &'static str) -> Self {
        let differs = Some(key);
        Self { differs, ..self }
    }
}

const EVERY_KEY: &str = "[general]
daemon=true
method=unix-listen
path=/a b
logfile=/l
pidfile=/p
fsfreeze-hook=/h
statedir=/s
verbose=true
retry-path=true
block-rpcs=x,y
";

const STARTS: &[Start] = &[
    start(&["-h"]).tells_something(),
    start(&["--help"]).tells_something(),
    start(&["-h", "--nothing"]).tells_something(),
    start(&["-V"]).tells_something(),
    start(&["--version"]).tells_something(),
    start(&["-vV"]).tells_something(),
    start(&["-b", "help"]).tells_something(),
    start(&["-bhelp"]).tells_something(),
    start(&["-b", "?"]).tells_something(),
    start(&["--block-rpcs=help"]).tells_something(),
    start(&["--nothing"]).differs("usage-on-stderr"),
    start(&["-Z"]).differs("usage-on-stderr"),
    start(&["-m"]).differs("usage-on-stderr"),
    start(&["--path"]).differs("usage-on-stderr"),
    start(&["--verbose=1"]).differs("usage-on-stderr"),
    start(&["-a", "help"])
        .tells_something()
        .differs("newer-options"),
    start(&["-D"]),
    start(&["--dump-conf"]),
    start(&["-Dv"]),
    start(&["-D", "-v", "-v"]),
    start(&["-D", "-d"]),
    start(&["-D", "-r", "--verbose"]),
    start(&["-D", "extra"]),
    start(&["-D", "-m", "unix-listen", "-p", "/a b"]),
    start(&["-D", "--method=vsock-listen", "--path=3:1024"]),
    start(&["-D", "--method", "isa-serial"]),
    start(&["-D", "--meth", "virtio-serial"]),
    start(&["-D", "-m", "isa-serial"]),
    start(&["-D", "-munix-listen", "-p/a"]),
    start(&["-D", "-m", "unix-listen"]).tells_something(),
    start(&["-D", "-m", "nothing"]).tells_something(),
    start(&["-D", "-m", "nothing", "-p", "/a"]),
    start(&["-D", "-m", "unix-listen", "-p", ""]),
    start(&["-D", "-l", "/l", "-f", "/f", "-t", "/t"]),
    start(&["-D", "--logfile", "/l", "--pidfile=/f", "--statedir=/t"]),
    start(&["-D", "-l", ""]),
    start(&["-D", "-F"]),
    start(&["-D", "-F/hook"]),
    start(&["-D", "-F", "/hook"]),
    start(&["-D", "--fsfreeze-hook"]),
    start(&["-D", "--fsfreeze-hook=/hook"]),
    start(&["-D", "-b", "a,b"]),
    start(&["-D", "-b", "a", "-b", "b"]),
    start(&["-D", "-b", "a, b,,c,"]),
    start(&["-D", "-b", "a;b"]),
    start(&["-D", "-b", ""]),
    start(&["-D", "--blacklist=a"]),
    start(&["-D", "-a", "guest-ping"]).differs("newer-options"),
    start(&["-D", "-c", "/nowhere"]).differs("newer-options"),
    start(&["-D", "-p", "/a\\b\tc "]),
    dumped(EVERY_KEY),
    start(&["-D", "-p", "/over", "-b", "z", "-l", "/over"]).with_file(EVERY_KEY),
    dumped(""),
    dumped("[general]\n"),
    dumped("[other]\nverbose=true\n"),
    dumped("verbose=true\n"),
    dumped("# only a comment\n\n[general]\n# another\nverbose=true\n"),
    dumped("[general]\nverbose=1\n"),
    dumped("[general]\nverbose=0\n"),
    dumped("[general]\nverbose=maybe\n"),
    dumped("[general]\nverbose=True\n"),
    dumped("[general]\nverbose=true \n"),
    dumped("[general]\nverbose\n"),
    dumped("[general]\nverbose=\n"),
    dumped("[general]\nverbose=true\nverbose=false\n"),
    dumped("[general]\nverbose=true\n[general]\nretry-path=true\n"),
    dumped("[general]\r\nverbose=true\r\n"),
    dumped("[general]\nunknown=1\n"),
    dumped("[general]\npath = /spaces around \n"),
    dumped("[general]\npath=/a\\sb\\tc\\\\d\\n\n"),
    dumped("[general]\npath=/wrong\\escape\n"),
    dumped("[general]\npath=/\u{e4}\n"),
    dumped("[general]\npath[de]=/de\n"),
    dumped("[general]\nmethod=\n"),
    dumped("[general]\nmethod=unix-listen\n").tells_something(),
    dumped("[general]\nblock-rpcs=a,b\n"),
    dumped("[general]\nblock-rpcs=a ; b;;c\n"),
    dumped("[general]\nblacklist=a,b\n").differs("old-name"),
    dumped("[general\nverbose=true\n"),
    dumped("[general]\n = 1\n"),
    dumped("[general]\n-- no key file --\n"),
    dumped(" [general]\n verbose=true\n"),
    dumped("[general] \nverbose=true\n"),
    dumped("[general]\nverbose=true"),
    dumped("[general]\nallow-rpcs=a\n").differs("newer-options"),
    start(&["-m", "nothing", "-p", "/a"]).tells_something(),
    start(&["-m", "unix-listen"]).tells_something(),
    start(&["-m", "vsock-listen", "-p", "nothing"]),
    start(&["-m", "isa-serial", "-p", "/nowhere/port"]),
    start(&["-m", "virtio-serial", "-p", "/nowhere/port"]),
    start(&["-m", "unix-listen", "-p", "/nowhere/socket"]),
    start(&[
        "-m",
        "isa-serial",
        "-p",
        "/nowhere/port",
        "-l",
        "/nowhere/log",
    ])
    .differs("failed-start"),
];

pub(crate) fn compare(reference: &Program, subject: &Program) {
    let (mut same, mut listed) = (0, 0);
    let mut different = Vec::new();
    for start in STARTS {
        let (peer, ours) = (start.run(reference), start.run(subject));
        match start.difference(&peer, &ours) {
            None => same += 1,
            Some(_) if start.differs.is_some_and(is_in_the_table) => listed += 1,
            Some(_) if is_newer_dump(&peer, &ours) => listed += 1,
            Some(what) => different.push(format!(
                "{:?} with {:?}: {what}\n  qemu-ga {}\n  ours    {}",
                start.arguments,
                start.file,
                shown(&peer),
                shown(&ours)
            )),
        }
    }
    tell(&format!(
        "{} starts compared with qemu-ga: {same} the same, {listed} different as listed, {} different",
        STARTS.len(),
        different.len()
    ));
    assert!(different.is_empty(), "{}", different.join("\n\n"));
}

fn is_in_the_table(key: &str) -> bool {
    DIFFERENCES.iter().any(|difference| difference.key == key)
}

/// Nothing differs but a key that the reference does not know: `newer-options`.
fn is_newer_dump(peer: &Output, ours: &Output) -> bool {
    let text = String::from_utf8_lossy(&ours.stdout);
    let older = text.replace("allow-rpcs=\n", "");
    is_in_the_table("newer-options")
        && (peer.status, &peer.stderr) == (ours.status, &ours.stderr)
        && peer.stdout == older.as_bytes()
}

impl Start {
    fn run(&self, program: &Program) -> Output {
        let dir = tempfile::tempdir().unwrap();
        let dumps = self
            .arguments
            .iter()
            .any(|argument| argument.contains("-D"));
        let blocked = ["-b", BLOCKED, "-t", "."];
        let own = if dumps { &[][..] } else { &blocked[..] };
        let mut command = program.command(own.iter().chain(self.arguments));
        let file = dir.path().join("conf");
        if let Some(text) = self.file {
            fs::write(&file, text).unwrap();
        }
        command.env("QGA_CONF", &file);
        run(command.current_dir(dir.path()), dir.path())
    }

    fn difference(&self, peer: &Output, ours: &Output) -> Option<&'static str> {
        if peer.status.code() != ours.status.code() {
            return Some("exit status");
        }
        if peer.stderr.is_empty() != ours.stderr.is_empty() {
            return Some("standard error");
        }
        let same = match self.told {
            Told::Same => peer.stdout == ours.stdout,
            Told::Something => peer.stdout.is_empty() == ours.stdout.is_empty(),
        };
        (!same).then_some("standard output")
    }
}

/// The program's end; one that does not end has begun to serve, and is killed.
fn run(command: &mut std::process::Command, dir: &Path) -> Output {
    let file = |name| fs::File::create(dir.join(name)).unwrap();
    command
        .stdin(Stdio::null())
        .stdout(file("out"))
        .stderr(file("err"));
    let mut child = command.spawn().unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > ENDS_WITHIN {
            child.kill().unwrap();
        }
        sleep(Duration::from_millis(1));
    }
    Output {
        status: child.wait().unwrap(),
        stdout: fs::read(dir.join("out")).unwrap(),
        stderr: fs::read(dir.join("err")).unwrap(),
    }
}

fn shown(output: &Output) -> String {
    format!(
        "{:?} {:?} {:?}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
