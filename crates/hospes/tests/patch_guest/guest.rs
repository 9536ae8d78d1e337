//! A guest without a machine: a real sshd whose logins run the scripts by this machine's shell, with
//! a room in place of the guest's directories and stand-ins for what would change it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const OLD: &str = "11111111-2222-4333-8444-555555555555";
const NEW: &str = "99999999-2222-4333-8444-555555555555";

/// A guest that is never waited for longer.
const LONG: Duration = Duration::from_secs(60);

/// What every script sees of the room instead of the machine. `silent` has a line for each time
/// that a script which has its words does not end well.
const SHELL: &str = "\
PATH=@/bin:$PATH; export PATH
script=$(mktemp @/script.XXXXXX); cat >$script
if [ -s @/silent ] && grep -q -e \"$(head -n 1 @/silent)\" $script; then sed -i 1d @/silent; exit 9; fi
sed -e 's#/var/lib/hospes#@/hospes#g' -e 's#PATH=/usr/local/sbin#PATH=@/bin:/usr/local/sbin#' \
-e 's#/proc/sys/kernel/random/boot_id#@/boot_id#g' -e 's#/proc/uptime#@/uptime#g' \
-e 's#/proc/self/status#@/status#g' -e 's#/proc/locks#@/locks#g' \
-e 's#/run/systemd/system#@/bin#g' -e 's#/run/reboot-required#@/reboot-required#g' \
-e 's#/boot/vmlinuz#@/vmlinuz#g' -e 's#/etc/os-release#@/os-release#g' \
-e 's#/var/lib/dpkg/updates#@/updates#g' $script | /bin/sh -s
";

const APT_GET: &str = "\
case \"$*\" in
  *--version*) echo 'apt 2.6.1 (amd64)';;
  *check*) ;;
  *update*) echo update >>@/calls;;
  *-s*upgrade*)
    if grep -q 3.0-13 @/packages; then
      echo 'Inst zip [3.0-13] (3.0-14 Debian-Security:12/stable-security [amd64])'
      echo '1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.'
    else echo '0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.'; fi;;
  *upgrade*)
    echo upgrade >>@/calls
    echo 'Setting up zip (3.0-14) ...'
    while [ -e @/hold ]; do sleep 0.1; done
    sed -i 's/3.0-13/3.0-14/' @/packages
    if [ -e @/asks ]; then echo zip >@/reboot-required.pkgs; touch @/reboot-required; fi
    exit $(cat @/exit);;
esac
";

const SYSTEMCTL: &str = "\
case \"$*\" in
  *reboot*)
    echo reboot >>@/calls
    [ -e @/stays ] && exit 0
    rm -f @/reboot-required*; echo '1.00 1.00' >@/uptime; echo @NEW >@/boot_id;;
  *is-system-running*) echo running;;
  *ActiveState*) cat @/unit;;
esac
";

/// Runs the unit's command beside, as systemd does.
const SYSTEMD_RUN: &str = "\
while [ \"$1\" != -- ]; do shift; done; shift
echo active >@/unit
setsid /bin/sh -c '\"$@\"; echo inactive >@/unit' x \"$@\" </dev/null >/dev/null 2>&1 &
";

pub(crate) struct Guest {
    sshd: Child,
    pub(crate) port: u16,
    room: tempfile::TempDir,
}

impl Guest {
    /// One package has a newer version.
    pub(crate) fn start() -> Self {
        let room = tempfile::tempdir().expect("a folder");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(room.path(), mode).expect("opened");
        fs::create_dir(room.path().join("bin")).expect("a folder");
        let port = free_port();
        let sshd = sshd(room.path(), port);
        let guest = Self { sshd, port, room };
        guest.furnish();
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(begun.elapsed() < LONG, "sshd does not listen");
            sleep(Duration::from_millis(20));
        }
        guest
    }

    fn furnish(&self) {
        self.program("shell", SHELL);
        for (name, body) in [
            ("apt-get", APT_GET),
            ("systemctl", SYSTEMCTL),
            ("systemd-run", SYSTEMD_RUN),
            ("apt-cache", ""),
            ("apt-mark", ""),
            ("needrestart", ""),
            ("systemd-inhibit", ""),
            (
                "dpkg",
                "[ \"$1\" = --print-architecture ] && echo amd64; exit 0",
            ),
            ("dpkg-query", "cat @/packages"),
            ("df", "echo h; echo \"x 99999999 1 88888888 1% $2\""),
        ] {
            self.program(&format!("bin/{name}"), body);
        }
        for (name, text) in [
            ("boot_id", OLD),
            ("uptime", "1000.00 1000.00"),
            ("status", "Uid:\t0\t0\t0\t0"),
            ("locks", ""),
            ("unit", "inactive"),
            ("exit", "0"),
            ("calls", ""),
            (
                "os-release",
                "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"",
            ),
            ("packages", "zip\tall\t3.0-13\tinstalled"),
        ] {
            self.put(name, text);
        }
    }

    fn program(&self, name: &str, body: &str) {
        let room = self.room.path().to_str().expect("text");
        let body = body.replace("@NEW", NEW).replace('@', room);
        // What the scripts themselves write with an @ is no path.
        let body = body.replace(&format!("\"${room}\""), "\"$@\"");
        self.put(name, &format!("#!/bin/sh\n{body}"));
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.path(name), mode).expect("executable");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    /// A line in the room.
    pub(crate) fn put(&self, name: &str, text: &str) {
        let text = match text.is_empty() {
            true => String::new(),
            false => format!("{text}\n"),
        };
        fs::write(self.path(name), text).expect("written");
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("it was there");
    }

    /// Another boot, as by a reboot.
    pub(crate) fn boots(&self) {
        self.put("uptime", "1.00 1.00");
        self.put("boot_id", NEW);
    }

    /// How often `what` was done to it.
    pub(crate) fn calls(&self, what: &str) -> usize {
        let calls = fs::read_to_string(self.path("calls")).expect("text");
        calls.lines().filter(|call| *call == what).count()
    }

    pub(crate) fn wait_for(&self, what: &str) {
        let begun = Instant::now();
        while self.calls(what) == 0 {
            assert!(begun.elapsed() < LONG, "no {what}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Its part of hospes.toml.
    pub(crate) fn table(&self) -> String {
        let key = fs::read_to_string(self.path("host.pub")).expect("text");
        let (user, port) = (user(), self.port);
        let identity = self.path("user");
        format!(
            "[guest.web1]\nqmp = \"web1.qmp\"\n[guest.web1.ssh]\nhost = \"127.0.0.1\"\n\
             port = {port}\nuser = \"{user}\"\nidentities = [\"{}\"]\nhost-key = [\"{}\"]\n",
            identity.display(),
            key.trim()
        )
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        drop(fs::remove_file(self.path("hold")));
        drop(self.sshd.kill());
        drop(self.sshd.wait());
    }
}

fn sshd(room: &Path, port: u16) -> Child {
    for name in ["host", "user"] {
        let keygen = Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-C", "test", "-t", "ed25519", "-f"])
            .arg(room.join(name))
            .status();
        assert!(keygen.expect("ssh-keygen runs").success());
    }
    drop(fs::create_dir("/run/sshd"));
    let room_text = room.display();
    // A home of its own: the files of the account's own shell have no part in this.
    let configuration = format!(
        "HostKey {room_text}/host\nAuthorizedKeysFile {room_text}/user.pub\n\
         ForceCommand {room_text}/shell\nListenAddress 127.0.0.1\nPidFile none\nStrictModes no\n\
         UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin yes\nUseDNS no\nSetEnv HOME={room_text}\n"
    );
    fs::write(room.join("sshd_config"), configuration).expect("written");
    let log = fs::File::create(room.join("log")).expect("a file");
    Command::new("/usr/sbin/sshd")
        .args(["-D", "-e", "-p", &port.to_string(), "-f"])
        .arg(room.join("sshd_config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("sshd runs; install the package openssh-server")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

fn user() -> String {
    let output = Command::new("id").arg("-un").output().expect("id runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
