//! The questions, on a terminal.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::Desk;
use crate::server::{SECRET, Server};

const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal with somebody at it.
struct Terminal {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    shown: String,
    read: usize,
    line: File,
    child: Child,
}

impl Terminal {
    fn start(desk: &Desk, arguments: &[&str]) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new())
            .unwrap()
            .into_string()
            .unwrap();
        let line = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name)
            .unwrap();
        let end = || Stdio::from(line.try_clone().unwrap());
        let mut command = desk.command(arguments);
        let child = command
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let keyboard = File::from(keyboard);
        let mut reader = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            keyboard,
            screen,
            shown: String::new(),
            read: 0,
            line,
            child,
        }
    }

    /// Waits until `part` is shown, behind what was waited for before.
    fn shows(&mut self, part: &str) {
        loop {
            if let Some(at) = self.shown[self.read..].find(part) {
                self.read += at + part.len();
                return;
            }
            let bytes = self.screen.recv_timeout(PATIENCE);
            let bytes = bytes.unwrap_or_else(|_| panic!("no `{part}` in:\n{}", self.shown));
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
    }

    fn types(&mut self, text: &str) {
        self.keyboard
            .write_all(format!("{text}\n").as_bytes())
            .unwrap();
    }

    fn hides(&self) -> bool {
        !tcgetattr(&self.line)
            .unwrap()
            .local_modes
            .contains(LocalModes::ECHO)
    }

    fn ends(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn who_answers_the_questions_gets_a_configuration_and_the_secret_is_not_shown() {
    let (desk, server) = (Desk::new(), Server::administrator());
    let mut terminal = Terminal::start(&desk, &[]);
    terminal.shows("A node of the cluster");
    terminal.types(&format!("https://{}/", server.host()));
    terminal.shows("What to call the cluster [home]");
    terminal.types("lab");
    terminal.shows(&server.fingerprint);
    terminal.shows("pvenode cert info");
    terminal.shows("Is it the same");
    terminal.types("yes");
    terminal.shows("API token");
    terminal.types("hospes@pve!main");
    terminal.shows("(not shown)");
    while !terminal.hides() {
        std::thread::yield_now();
    }
    terminal.types(SECRET);
    terminal.shows("Write this to");
    assert!(!terminal.hides());
    assert!(
        !desk.path(".config").exists(),
        "nothing is written before the last answer"
    );
    terminal.types("");
    terminal.shows("Next: hospes guests");
    assert_eq!(terminal.ends(), Some(0));
    assert!(!terminal.shown.contains(SECRET));

    let file = desk.path(".config/hospes/lab.secret");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{SECRET}\n"));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let config = fs::read_to_string(desk.path(".config/hospes/hospes.toml")).unwrap();
    assert!(
        config.contains(&format!("token-file = \"{}\"", file.display())),
        "{config}"
    );
    assert!(
        config.contains(&format!("endpoints = [\"{}\"]", server.host())),
        "{config}"
    );
}

#[test]
fn who_does_not_confirm_the_certificate_sends_and_writes_nothing() {
    let (desk, server) = (Desk::new(), Server::administrator());
    let mut terminal = Terminal::start(&desk, &["--host", &server.host(), "--name", "home"]);
    terminal.shows("Is it the same");
    terminal.types("");
    terminal.shows("was not confirmed");
    assert_eq!(terminal.ends(), Some(1));
    assert!(desk.is_untouched());
    assert_eq!(server.heard(), "");
}

#[test]
fn an_interrupted_secret_leaves_the_terminal_as_it_was() {
    let (desk, server) = (Desk::new(), Server::administrator());
    let host = server.host();
    let mut terminal = Terminal::start(
        &desk,
        &[
            "--host",
            &host,
            "--name",
            "home",
            "--fingerprint",
            &server.fingerprint,
            "--token-id",
            "hospes@pve!main",
        ],
    );
    terminal.shows("(not shown)");
    while !terminal.hides() {
        std::thread::yield_now();
    }
    // There is no Ctrl-C on a terminal that is not the child's own.
    kill_process(Pid::from_child(&terminal.child), Signal::INT).unwrap();
    terminal.shows("interrupted; nothing was written");
    assert_eq!(terminal.ends(), Some(1));
    assert!(!terminal.hides() && desk.is_untouched());
}
