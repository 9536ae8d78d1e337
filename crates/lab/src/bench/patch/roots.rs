//! Endpoints with real sshd, apt, dpkg and Python, without machines: each a root, processes and mounts of
//! its own over one tree.
//!
//! ```text
//! root ─► overlay: upper   what this one changes, in memory, gone with it
//!                  older   the archives' older packages, installed once
//!                  tree    Debian, from the cache
//! ```
//!
//! The first process of each ends with its standard input, and takes mounts and processes with it, also
//! when the lab is killed; only files in memory stay then.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::apt::Updates;
use crate::bench::endpoints::{IDENTITY, KNOWN_HOSTS, address};
use crate::bench::fleet::Fleet;
use crate::command;
use crate::console::{Activity, Console};
use crate::image::Tree;

/// Memory that looks like a disk, on every Linux.
const MEMORY: &str = "/dev/shm";

/// Whom the tree's SSH server lets in.
const USER: &str = "root";

const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// Arguments: the lower directories, the endpoint's own, then what runs in its root.
const ENTER: &str = r#"set -eu
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount --bind /dev "$2/root/dev"
mkdir -p "$2/root/run/systemd/system" "$2/root/run/sshd"
root=$2/root; shift 2
"#;
const TO_ITS_END: &str = "exec chroot \"$root\" \"$@\"\n";
/// Whoever is killed with the namespace is not counted; so all of them end before it.
const UNTIL_INPUT_ENDS: &str = "chroot \"$root\" \"$@\" </dev/null &\nread -r line || true\n\
    kill -TERM -1\nwait\nsleep 0.2\n";

/// Argument: the lines for `sources.list`.
const INSTALL_OLDER: &str = "set -eu\nprintf %s \"$1\" >/etc/apt/sources.list\n\
    export DEBIAN_FRONTEND=noninteractive\napt-get -q update\n\
    apt-get -q -y install lab-tool lab-svc lab-conf lab-held lab-pinned lab-kept lab-phased lab-kernel \
    lab-slow lab-fails\necho 0 >/etc/lab-slow.seconds\n";

/// What endpoints are made of.
pub(super) struct Roots {
    tree: Tree,
    older: Room,
    /// The archives, which offer the newer set.
    _updates: Updates,
}

/// Directories of one endpoint.
struct Room(TempDir);

/// Endpoints that listen.
pub(super) struct Endpoints {
    pub(super) fleet: Fleet,
    rooms: Vec<Room>,
}

impl Roots {
    /// The tree with the older packages, and archives with newer ones.
    pub(super) async fn prepare(console: &Console, activity: &Activity) -> Result<Self> {
        let tree = Tree::ensure(console).await?;
        activity.step("installing older packages");
        let older = Room::new()?;
        let updates = Updates::serve(&older.path("archives")).await?;
        let mut install = enter(&tree.root(), &older, TO_ITS_END)?;
        install.args(["/bin/sh", "-c", INSTALL_OLDER, "install"]);
        command::output(install.arg(updates.local_sources_list())).await?;
        updates.publish_newer().await?;
        updates.publish_mended().await?;
        Ok(Self {
            tree,
            older,
            _updates: updates,
        })
    }

    /// So many that nothing was done to.
    pub(super) async fn start(&self, count: usize) -> Result<Endpoints> {
        let dir = TempDir::new().context("cannot create a directory")?;
        std::fs::copy(self.tree.login_key(), dir.path().join(IDENTITY))
            .context("cannot copy a key")?;
        let host_key =
            std::fs::read_to_string(self.tree.host_key()).context("cannot read a key")?;
        let key: Vec<&str> = host_key.split_whitespace().take(2).collect();
        let (mut rooms, mut processes) = (Vec::new(), Vec::new());
        let mut known_hosts = String::new();
        for address in (0..count).map(address) {
            let room = Room::new()?;
            let port = free_port(address)?;
            processes.push(self.listen(&room, address, port)?);
            rooms.push(room);
            writeln!(known_hosts, "[{address}]:{port} {}", key.join(" "))?;
        }
        std::fs::write(dir.path().join(KNOWN_HOSTS), known_hosts)
            .context("cannot write host keys")?;
        let fleet = Fleet::of(dir, USER, processes)?;
        for guest in fleet.guests(count) {
            let address = format!("{}:{}", guest.host, guest.port);
            let answers = timeout(STARTS_WITHIN, answers(&address)).await;
            ensure!(answers.is_ok(), "no sshd listens on {address}");
        }
        Ok(Endpoints { fleet, rooms })
    }

    fn listen(&self, room: &Room, address: Ipv4Addr, port: u16) -> Result<Child> {
        let lower = format!(
            "{}:{}",
            self.older.path("upper").display(),
            self.tree.root().display()
        );
        let mut sshd = enter(Path::new(&lower), room, UNTIL_INPUT_ENDS)?;
        sshd.args(["/usr/sbin/sshd", "-D", "-o"])
            .arg(format!("ListenAddress={address}:{port}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        sshd.spawn().context("cannot start an endpoint")
    }
}

impl Endpoints {
    /// Names and versions of the archives' packages in each.
    pub(super) async fn versions(&self) -> Result<Vec<String>> {
        let mut all = Vec::with_capacity(self.rooms.len());
        for room in &self.rooms {
            let mut query = Command::new("dpkg-query");
            query
                .arg("--admindir")
                .arg(room.path("upper/var/lib/dpkg"))
                .args(["-W", "-f", "${Package} ${Version} ${db:Status-Status}\\n"])
                .args(["lab-*", "linux-image-99*"]);
            all.push(command::output(&mut query).await?);
        }
        Ok(all)
    }

    /// Waits until nothing of them is left.
    pub(super) async fn end(self) -> Result<()> {
        self.fleet.end().await?;
        for Room(dir) in self.rooms {
            dir.close().context("cannot remove an endpoint's files")?;
        }
        Ok(())
    }
}

impl Room {
    fn new() -> Result<Self> {
        let room = Self(TempDir::new_in(MEMORY).context("cannot create a directory in memory")?);
        for name in ["upper", "work", "root"] {
            let dir = room.path(name);
            // The upper one's mode is the root's: everybody has to come in.
            std::fs::create_dir(&dir)
                .and_then(|()| {
                    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755))
                })
                .with_context(|| format!("cannot create {}", dir.display()))?;
        }
        Ok(room)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// A shell in namespaces of its own, which runs in the root what its further arguments name.
fn enter(lower: &Path, room: &Room, then: &str) -> Result<Command> {
    let lower = lower.to_str().context("the cache's path is not UTF-8")?;
    ensure!(
        !lower.contains([',', '\\']),
        "the cache's path ({lower}) has what mount takes for its own"
    );
    let mut unshare = Command::new("unshare");
    unshare
        .args([
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--",
            "/bin/sh",
        ])
        .args(["-c", &format!("{ENTER}{then}"), "endpoint", lower])
        .arg(room.0.path())
        .env("LC_ALL", "C.UTF-8");
    Ok(unshare)
}

/// The chosen address is the benchmark's own, so that nobody else takes the port meanwhile.
fn free_port(address: Ipv4Addr) -> Result<u16> {
    let listener = TcpListener::bind((address, 0));
    let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
    Ok(listener.local_addr()?.port())
}

async fn answers(address: &str) {
    while TcpStream::connect(address).await.is_err() {
        sleep(Duration::from_millis(20)).await;
    }
}
