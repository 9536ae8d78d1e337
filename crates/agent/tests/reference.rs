//! Command lines and configuration files, compared with QEMU's own agent where it is installed.

#![allow(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use agent::handles::{Counter, STATE_FILE};
use agent::settings::{
    Action, Invocation, Settings, UsageError, decode_config, dump_conf, parse, version_text,
};
use proptest::prelude::*;
use qga::System;

/// QEMU's agent, told to print its settings: `-D` only prints, and `-h` and `-V` too.
struct Reference {
    program: PathBuf,
    config: tempfile::NamedTempFile,
}

impl Reference {
    fn installed() -> Option<Self> {
        let program = PathBuf::from("/usr/sbin/qemu-ga");
        if !program.exists() {
            eprintln!("skipped: {} is not installed", program.display());
            return None;
        }
        let config = tempfile::NamedTempFile::new().expect("a temporary file");
        Some(Self { program, config })
    }

    /// Runs it with nothing in its environment but `QGA_CONF`.
    fn run(&self, config: &[u8], arguments: &[&str]) -> Output {
        std::fs::write(self.config.path(), config).expect("a configuration file");
        let mut command = Command::new(&self.program);
        let command = command.env_clear().env("QGA_CONF", self.config.path());
        command.args(arguments).output().expect("it runs")
    }

    fn program(&self) -> &Path {
        &self.program
    }
}

/// What ours would do: its output, or why it fails.
fn ours(config: &[u8], arguments: &[&str]) -> Result<String, String> {
    let Invocation { action, cli, .. } = read(arguments).map_err(|error| error.to_string())?;
    assert_eq!(action, Action::DumpConf, "these tests only print");
    let config = decode_config(config).map_err(|error| error.to_string())?;
    let settings = Settings::resolve(System::Linux, cli.over(config.settings), None);
    let settings = settings.map_err(|error| error.to_string())?;
    Ok(dump_conf(&settings))
}

fn read(arguments: &[&str]) -> Result<Invocation, UsageError> {
    parse(System::Linux, arguments.iter().map(OsString::from))
}

/// Version 7.2 knows no list of allowed commands.
fn of_7_2(dump: &str) -> String {
    let lines = dump.lines().filter(|line| !line.starts_with("allow-rpcs="));
    lines.map(|line| format!("{line}\n")).collect()
}

fn compare(reference: &Reference, config: &[u8], arguments: &[&str]) {
    let theirs = reference.run(config, arguments);
    let case = format!("{} {arguments:?}", String::from_utf8_lossy(config));
    match ours(config, arguments) {
        Ok(dump) => {
            let text = String::from_utf8_lossy(&theirs.stdout);
            assert_eq!(of_7_2(&text), of_7_2(&dump), "{case}");
            assert_eq!(theirs.status.code(), Some(0), "{case}");
        }
        Err(error) => {
            assert_eq!(theirs.status.code(), Some(1), "{case}: {error}");
            assert!(!theirs.stderr.is_empty(), "{case}: {error}");
        }
    }
}

#[test]
fn arguments_give_the_same_settings() {
    let Some(reference) = Reference::installed() else {
        return;
    };
    let table: &[&[&str]] = &[
        &["-D"],
        &["-Dvdr"],
        &["-D", "-m", "isa-serial"],
        &["-D", "-m", "unix-listen", "-p", "/x"],
        &["-D", "-m", "unix-listen"],
        &["-D", "-m", "vsock-listen", "-p", "3:4"],
        &["-D", "-m", "vsock-listen"],
        &["-D", "-m", "nope"],
        &["-D", "-m", "nope", "-p", "/x"],
        &["-D", "-m=x", "-p", ""],
        &["-D", "-m", "--", "-p", "-v"],
        &["-D", "-F"],
        &["-D", "-F", "/x"],
        &["-D", "-F/x"],
        &["-D", "--fsfreeze-hook"],
        &["-D", "--fsfreeze-hook=/x"],
        &["-D", "--fs=/x"],
        &["-D", "--fs="],
        &["-D", "-l", "/l", "-f", "/f", "-t", "/t"],
        &["-D", "--logfile=/l", "--pidf=/f", "--s=/t"],
        &["-D", "-b", "a,b", "-b", "c", "--blacklist", "d,e"],
        &["-D", "-b", "", "--b", "x"],
        &["-D", "-b", ",", "--bl=a,,b"],
        &["-D", "-p", "  x  y  "],
        &["-D", "-p", " \t\n \r\\x"],
        &["-D", "-p", "\u{e9}\u{7}"],
        &["extra", "-D", "-", "--", "-v"],
        &["-D", "-v", "-v", "--verb"],
        &["-D", "-p", "/a", "-p", "/b"],
    ];
    for arguments in table {
        compare(&reference, b"", arguments);
    }
}

#[test]
fn configuration_files_give_the_same_settings() {
    let Some(reference) = Reference::installed() else {
        return;
    };
    let table: &[&[u8]] = &[
        b"[general]\ndaemon = true\n  method=unix-listen  \npath =  /a b  \n",
        b"path=/x\n",
        b"garbage\n",
        b"[general]\ngarbage\n",
        b"[general\n",
        b"[general] \t\npath=/x\n",
        b"[general] x\npath=/x\n",
        b"[general]\nverbose=1\nretry-path=0\ndaemon=false\n",
        b"[general]\nverbose=yes\n",
        b"[general]\nverbose=TRUE\n",
        b"[general]\nverbose= true \t\n",
        b"[general]\nverbose=\n",
        b"[general]\nverbose=1\\s\n",
        b"[general]\nverbose=x\nverbose=0\n",
        b"[general]\npath=/a\\sb\\tc\\nd\\re\\\\f\n",
        b"[general]\npath=/a\\qb\n",
        b"[general]\npath=/a\\\n",
        b"[general]\npath=/a;b\\;c\n",
        b"[general]\npath=\\s\\t/lead\n",
        b"[general]\npath=\\n\\s\\r\\t/lead\n",
        b"[general]\npath=/trail \nlogfile=/trail\\s\n",
        b"[general]\npath=/a\npath=/b\n",
        b"[general]\npath=/a\n[other]\npath=/c\n[general]\nlogfile=/l\n",
        b"[general]\nunknown=1\nblock-rpcs=a,b\nallow-rpcs=c\n",
        b"[general]\nblacklist=d,e\n",
        b"[general]\nblock-rpcs=a, b\n",
        b"[general]\nblock-rpcs=help\n",
        b"[general]\n# c\n\n   # d\npath=/x # e\n",
        b"\n#x\n[general]\npath=/x",
        b"\r\n[general]\r\npath=/x\r\n",
        b"[general]\npath=/x\r\r\n",
        b"[general]\npath[de]=/y\npath=/x\n",
        b"[general]\npath[]=/y\n",
        b"[general]\npath [de]=/y\n",
        b"[general]\npath[d e]=/y\n",
        b"[general]\npath[de=/y\n",
        b"[general]\npath]=/y\n",
        b"[general]\n[a]=x\n",
        b"[general]\npa th=/y\n",
        b"[general]\n=/y\n",
        b"[general]\n /y\n",
        b"[general]\npath=/\xc3\xa9\n",
        b"[general]\npath=/\xc3\n",
        b"[general]\nunknown=/\xc3\n#\xff\npa\xffth=1\n",
        b"[general]\nPATH=/x\n",
        b"[general]\nmethod=\n",
        b"[general]\npath=\nfsfreeze-hook=\nlogfile=\n",
        b"[gen]\n[general]\n[]\npath=/x\n",
        b"[a[b]\n",
        b"[a]b]\n",
        b"[a\x01]\n",
        b"[a\xff]\n[ general ]\npath=/x\n",
        b"\xef\xbb\xbf[general]\npath=/x\n",
        b"[general]\npath = a=b\n;path=/x\n\tstatedir\t=\t/tab\n",
        b"[general]\nlogfile=\x0b/l\n\x0bpidfile\x0b=/y\n\x0cstatedir\x0c=\x0c/s\n",
    ];
    for config in table {
        compare(&reference, config, &["-D"]);
        compare(&reference, config, &["-D", "-p", "/cli", "-b", "y,z"]);
    }
}

#[test]
fn wrong_arguments_are_told_in_the_same_words() {
    let Some(reference) = Reference::installed() else {
        return;
    };
    let program = reference.program().display().to_string();
    let table: &[&[&str]] = &[
        &["--nope"],
        &["--nope=1"],
        &["-z"],
        &["-vz"],
        &["-v=1"],
        &["-m"],
        &["--meth"],
        &["--verb=1"],
        &["-D", "--statedir"],
    ];
    for arguments in table {
        let theirs = reference.run(b"", arguments);
        let error = read(arguments).expect_err("it is wrong");
        let status = Some(i32::from(UsageError::EXIT_STATUS));
        assert_eq!(theirs.status.code(), status, "{arguments:?}");
        let text = String::from_utf8_lossy(&theirs.stderr);
        let report = error.report(&program);
        assert_eq!(text.lines().next(), report.lines().next(), "{arguments:?}");
    }
}

#[test]
fn the_version_has_the_same_shape() {
    let Some(reference) = Reference::installed() else {
        return;
    };
    let theirs = reference.run(b"", &["-V"]);
    let text = String::from_utf8_lossy(&theirs.stdout);
    let version = text.trim_end().rsplit(' ').next().expect("a version");
    assert_eq!(text, version_text(version));
}

#[test]
fn commands_are_listed_for_the_same_words() {
    let Some(reference) = Reference::installed() else {
        return;
    };
    for word in ["help", "?"] {
        let theirs = reference.run(b"", &["-b", word]);
        let text = String::from_utf8_lossy(&theirs.stdout);
        assert!(text.contains("guest-ping\n"), "{word}: {text}");
        let invocation = read(&["-b", word]).expect("it is right");
        assert_eq!(invocation.action, Action::ListCommands);
    }
}

#[test]
fn handles_are_counted_in_the_same_file() {
    let Some(reference) = Reference::installed() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    // It cannot listen there, and so it ends; its state is written before that.
    let (state_dir, pid_file, socket) = (path(""), path("pid"), path("absent/socket"));
    let method = ["-m", "unix-listen", "-p", &socket];
    let arguments = [&method[..], &["-t", &state_dir, "-f", &pid_file]].concat();
    assert_eq!(reference.run(b"", &arguments).status.code(), Some(1));
    let state = std::fs::read(path(STATE_FILE)).expect("its state");
    assert_eq!(String::from_utf8_lossy(&state), Counter::default().encode());
    assert_eq!(Counter::decode(&state), Counter::default());
}

fn any_config() -> impl Strategy<Value = String> {
    let key = proptest::sample::select(vec![
        "method",
        "path",
        "logfile",
        "pidfile",
        "fsfreeze-hook",
        "statedir",
        "verbose",
        "daemon",
        "retry-path",
        "block-rpcs",
        "pa th",
        "path[de]",
        "",
    ]);
    let equals = proptest::sample::select(vec!["=", " = ", "\t=", "=="]);
    let value = prop_oneof![
        "[a-z/, #;\\[\\]]{0,8}",
        "([a-z ]|\\\\s|\\\\t|\\\\n|\\\\\\\\|\\\\x){0,4}",
        proptest::sample::select(vec!["true", "false", "1", "0", "yes"]).prop_map(String::from),
    ];
    let pair =
        (key, equals, value).prop_map(|(key, equals, value)| format!("{key}{equals}{value}"));
    let line = prop_oneof![8 => pair, 1 => "\\[[a-z]{0,3}\\]", 1 => "[ #]{0,2}[a-z]{0,3}"];
    proptest::collection::vec(line, 0..4).prop_map(|lines| {
        let text = lines.join("\n");
        format!("[general]\n{text}\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_configuration_file_gives_the_same_settings(config in any_config()) {
        if let Some(reference) = Reference::installed() {
            compare(&reference, config.as_bytes(), &["-D"]);
        }
    }
}
