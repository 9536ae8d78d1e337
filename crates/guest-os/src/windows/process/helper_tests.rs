//! What tests start: this very program, told by a variable what to do.

use std::env;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write, stdin, stdout};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, exit};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The variable: a word, and a file where it takes one.
pub(in crate::windows) const VARIABLE: &str = "HOSPES_TEST_HELPER";

pub(in crate::windows) const LONG: Duration = Duration::from_secs(120);

/// Of an exception that nobody has handled.
pub(in crate::windows) const EXCEPTION: u32 = 0xC000_0005;

/// How it is started.
pub(in crate::windows) fn program() -> (String, Vec<String>) {
    start_of("windows::process::helper_tests::helper")
}

/// How one test of this program is started.
pub(in crate::windows) fn start_of(test: &str) -> (String, Vec<String>) {
    let own = env::current_exe().unwrap().to_str().unwrap().to_owned();
    let arguments = ["--exact", test, "--ignored", "--nocapture"];
    (own, arguments.map(str::to_owned).to_vec())
}

/// The same as a line of `cmd`.
pub(in crate::windows) fn line(told: &str) -> String {
    let (program, arguments) = program();
    format!("set {VARIABLE}={told}&& {program} {}", arguments.join(" "))
}

#[test]
#[ignore = "other tests start it"]
fn helper() {
    let told = env::var(VARIABLE).unwrap_or_default();
    let (word, file) = told.split_once(' ').unwrap_or((&told, ""));
    let file = Path::new(file);
    match word {
        "sleep" => hold(file),
        "count" => {
            let mut input = Vec::new();
            stdin().read_to_end(&mut input).unwrap();
            say(&format!("count={}\n", input.len()));
        }
        "print" => say(&"x".repeat(1 << 20)),
        "parent" => {
            let (program, arguments) = program();
            let mut child = Command::new(program);
            child.args(arguments).stdin(Stdio::null());
            let told = format!("child {}", file.display());
            // It is not waited for.
            drop(child.env(VARIABLE, told).spawn().unwrap());
            // The test's own first lines would end it, once nobody reads them.
            wait_until(|| ready(file).exists());
            say("parent\n");
        }
        "child" => {
            fs::write(ready(file), "").unwrap();
            wait_until(|| gate(file).exists());
            say(&format!("to:{}\nlate\n", file.display()));
            fs::write(file, "lives").unwrap();
        }
        "fault" => exit(EXCEPTION.cast_signed()),
        _ => return,
    }
    exit(0);
}

/// What lets the background child of `file` go on.
pub(in crate::windows) fn gate(file: &Path) -> PathBuf {
    file.with_extension("gate")
}

/// What tells that the background child of `file` runs.
fn ready(file: &Path) -> PathBuf {
    file.with_extension("ready")
}

pub(in crate::windows) fn wait_until(is_so: impl Fn() -> bool) {
    let until = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < until, "in vain");
        sleep(Duration::from_millis(20));
    }
}

/// Whether a helper that sleeps holds the file.
pub(in crate::windows) fn is_held(file: &Path) -> bool {
    file.exists() && OpenOptions::new().write(true).open(file).is_err()
}

fn hold(file: &Path) {
    let mut alone = OpenOptions::new();
    let held = alone.write(true).create(true).share_mode(0).open(file);
    sleep(LONG);
    drop(held);
}

/// Whoever reads may be gone.
fn say(text: &str) {
    let _ = stdout().write_all(text.as_bytes());
    let _ = stdout().flush();
}

/// Our environment with one more variable.
pub(in crate::windows) fn environment(told: &str) -> Vec<String> {
    let text = |text: OsString| text.into_string().unwrap();
    let ours = env::vars_os().map(|(name, value)| format!("{}={}", text(name), text(value)));
    ours.chain([format!("{VARIABLE}={told}")]).collect()
}
