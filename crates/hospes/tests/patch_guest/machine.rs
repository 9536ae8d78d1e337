//! A real machine under the guest, without an OS: it waits in its firmware, and has one disk.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::guest::Guest;

pub(crate) struct Machine {
    room: TempDir,
    argv: Vec<String>,
    qemu: Child,
}

impl Machine {
    /// Its disk begins with bytes of this pattern.
    pub(crate) fn start(pattern: u8) -> Self {
        Self::on("qcow2", pattern)
    }

    /// The same with a disk that holds no snapshots.
    pub(crate) fn raw(pattern: u8) -> Self {
        Self::on("raw", pattern)
    }

    fn on(format: &str, pattern: u8) -> Self {
        let room = tempfile::tempdir().expect("a folder");
        let disk = room.path().join("disk");
        let disk = disk.to_str().expect("text");
        tool("qemu-img", &["create", "-q", "-f", format, disk, "16M"]);
        io(format, disk, &format!("write -P {pattern} 0 1M"));
        let monitor = room.path().join("qmp");
        let argv: Vec<String> = [
            "qemu-system-x86_64 -accel tcg -m 64 -display none -nodefaults -machine pc",
            &format!("-qmp unix:{},server=on,wait=off", monitor.display()),
            &format!("-drive file={disk},format={format},if=virtio"),
        ]
        .iter()
        .flat_map(|words| words.split(' ').map(str::to_owned))
        .collect();
        let mut qemu = Command::new(&argv[0]);
        let silent = qemu.args(&argv[1..]).stdin(Stdio::null());
        let qemu = silent.spawn().expect("QEMU runs");
        let begun = Instant::now();
        while UnixStream::connect(&monitor).is_err() {
            let waited = begun.elapsed();
            assert!(waited < Duration::from_secs(60), "no monitor");
            sleep(Duration::from_millis(20));
        }
        Self { room, argv, qemu }
    }

    fn disk(&self) -> PathBuf {
        self.room.path().join("disk")
    }

    /// The table of a guest that is logged in to as `guest` is, and runs on this machine.
    pub(crate) fn table(&self, guest: &Guest) -> String {
        let monitor = self.room.path().join("qmp");
        let here = format!("qmp = {monitor:?}\nstart = {:?}\n", self.argv);
        guest.table().replace("qmp = \"web1.qmp\"\n", &here)
    }

    /// It is off, and its disk begins with bytes of this pattern, as if the guest had gone on.
    pub(crate) fn ends(&mut self, pattern: u8) {
        self.qemu.kill().expect("ended");
        self.qemu.wait().expect("ended");
        let disk = self.disk();
        let disk = disk.to_str().expect("text");
        io("qcow2", disk, &format!("write -P {pattern} 0 1M"));
    }

    /// Fails unless its disk begins with bytes of this pattern. It has to be off.
    pub(crate) fn holds(&self, pattern: u8) {
        let disk = self.disk();
        let disk = disk.to_str().expect("text");
        let told = io("qcow2", disk, &format!("read -P {pattern} 0 1M"));
        assert!(!told.contains("verification failed"), "{told}");
    }

    /// How many snapshots are in its disk.
    pub(crate) fn snapshots(&self) -> usize {
        let disk = self.disk();
        let disk = disk.to_str().expect("text");
        let told = tool("qemu-img", &["snapshot", "-U", "-l", disk]);
        told.lines().filter(|line| line.contains("hospes-")).count()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.qemu.kill());
        drop(self.qemu.wait());
    }
}

fn io(format: &str, disk: &str, command: &str) -> String {
    tool("qemu-io", &["-f", format, "-c", command, disk])
}

fn tool(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} does not run: {error}"));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_ok = output.status.success();
    assert!(is_ok, "{program} {arguments:?}: {told}{complaint}");
    told
}
