//! Real machines without disks: they wait in their firmware.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use conditions::{GuestId, NodeName, Observation};
use hypervisor_qemu::{Deadlines, LocalGuest, QemuHypervisor};
use lifecycle::ports::{Hypervisor, HypervisorError};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const SHORT: Deadlines = Deadlines {
    greeting: Duration::from_millis(1500),
    reply: Duration::from_secs(3),
    objection: Duration::from_millis(500),
};

/// A directory with the sockets of one guest, `vm`, which may run or not.
pub(crate) struct Site {
    pub(crate) dir: TempDir,
    pub(crate) guest: LocalGuest,
}

impl Site {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let guest = LocalGuest {
            qmp: dir.path().join("qmp"),
            agent: Some(dir.path().join("agent")),
            start: None,
            deadlines: SHORT,
        };
        Self { dir, guest }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn hypervisor(&self) -> QemuHypervisor {
        let guests = BTreeMap::from([(vm(), self.guest.clone())]);
        QemuHypervisor::new(NodeName::new("here"), guests, self.path("logs"))
            .with_launcher(env!("CARGO_BIN_EXE_qemu-test-launcher").into())
    }

    pub(crate) async fn observe(&self) -> Result<Observation, HypervisorError> {
        self.hypervisor().observe(&vm()).await
    }

    /// The arguments of a machine with a monitor, and an agent port behind the agent's socket.
    pub(crate) fn argv(&self, more: &[&str]) -> Vec<String> {
        let socket = |name| format!("path={},server=on,wait=off", self.path(name).display());
        let mut argv: Vec<String> = [
            "qemu-system-x86_64",
            "-accel tcg -m 64 -display none -nodefaults -machine pc",
            &format!("-chardev socket,id=mon,{}", socket("qmp")),
            "-mon chardev=mon,mode=control",
            &format!("-chardev socket,id=qga0,{}", socket("agent")),
            "-device virtio-serial",
            &format!("-pidfile {}", self.path("pid").display()),
        ]
        .iter()
        .flat_map(|words| words.split(' ').map(str::to_owned))
        .collect();
        argv.extend(more.iter().map(|word| (*word).to_owned()));
        argv
    }

    /// Starts the machine with its agent port and returns when its monitor answers.
    pub(crate) fn boot(&self, more: &[&str]) -> Machine {
        let port = [
            "-device",
            "virtserialport,chardev=qga0,name=org.qemu.guest_agent.0,id=agent",
        ];
        self.boot_with(&[&port, more].concat())
    }

    /// The same without any port but those in `more`.
    pub(crate) fn boot_with(&self, more: &[&str]) -> Machine {
        let argv = self.argv(more);
        let child = Command::new(&argv[0])
            .args(&argv[1..])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let machine = Machine(child);
        drop(Monitor::connect(&self.guest.qmp));
        machine
    }
}

pub(crate) fn vm() -> GuestId {
    "vm".parse().unwrap()
}

/// A machine that ends with the test.
pub(crate) struct Machine(pub(crate) Child);

impl Machine {
    /// Stops every thread of the process, not the machine in it.
    pub(crate) fn freeze(&self) {
        let pid = self.0.id();
        let process = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(process, rustix::process::Signal::STOP).unwrap();
        until("all threads have stopped", || {
            let mut tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
            let stopped = |task: std::io::Result<fs::DirEntry>| {
                let stat = fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
                stat.contains(") T ")
            };
            tasks.all(stopped).then_some(())
        });
    }

    pub(crate) fn end(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Ends the machine that wrote a pid file, at the end of the test.
pub(crate) struct EndsByPidFile(pub(crate) PathBuf);

impl EndsByPidFile {
    pub(crate) fn pid(&self) -> Option<i32> {
        fs::read_to_string(&self.0).ok()?.trim().parse().ok()
    }
}

impl Drop for EndsByPidFile {
    fn drop(&mut self) {
        if let Some(pid) = self.pid().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// A client that keeps the monitor.
pub(crate) struct Monitor(BufReader<UnixStream>);

impl Monitor {
    pub(crate) fn connect(path: &Path) -> Self {
        let stream = until("the monitor listens", || UnixStream::connect(path).ok());
        let mut monitor = Self(BufReader::new(stream));
        assert!(monitor.message().get("QMP").is_some());
        monitor.execute("qmp_capabilities", json!({}));
        monitor
    }

    pub(crate) fn execute(&mut self, command: &str, arguments: Value) -> Value {
        let request = json!({"execute": command, "arguments": arguments});
        writeln!(self.0.get_mut(), "{request}").unwrap();
        loop {
            let message = self.message();
            assert!(message.get("error").is_none(), "{message}");
            if message.get("return").is_some() {
                return message;
            }
        }
    }

    fn message(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

/// Polls for something, for at most 20 seconds.
pub(crate) fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < end, "gave up: {what}");
        sleep(Duration::from_millis(20));
    }
}
