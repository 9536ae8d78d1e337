//! A fleet of fake guests: the process that plays them, and configurations that name them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use conditions::{GuestId, Timestamp};
use journal::{Journal, KeySource};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::endpoints::{AGENT, IDENTITY, KNOWN_HOSTS, Ports, READY, USER};

/// The running fleet. Its processes end when it is dropped.
pub(super) struct Fleet {
    processes: Vec<Child>,
    user: &'static str,
    guests: Vec<Guest>,
    dir: TempDir,
}

/// One guest as a client sees it.
pub(super) struct Guest {
    pub(super) host: String,
    pub(super) port: u16,
    /// `ssh-ed25519 AAAA...`.
    pub(super) host_key: String,
}

/// Where hospes finds the host keys that it trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// `host-key` in the configuration.
    Configuration,
    /// Pinned in the journal.
    Journal,
    /// One file with all of them.
    KnownHosts,
}

impl Trust {
    pub(super) const ALL: [Self; 3] = [Self::Configuration, Self::Journal, Self::KnownHosts];

    /// Where the keys are, in words.
    pub(super) const fn place(self) -> &'static str {
        match self {
            Self::Configuration => "keys in the configuration",
            Self::Journal => "keys pinned in the journal",
            Self::KnownHosts => "keys in known_hosts",
        }
    }
}

impl Fleet {
    /// Starts `count` guests and waits until they listen.
    pub(super) async fn start(count: usize, ports: Ports) -> Result<Self> {
        let dir = TempDir::new().context("cannot create a directory")?;
        let lab = std::env::current_exe().context("cannot find the lab's own program")?;
        let mut process = Command::new(lab)
            .arg("bench-endpoints")
            .arg(count.to_string())
            .arg(dir.path())
            .args((ports == Ports::One).then_some("--one-port"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the process of the fake guests")?;
        let out = process.stdout.take().context("a pipe was asked for")?;
        let line = BufReader::new(out).lines().next_line().await;
        ensure!(
            line.is_ok_and(|line| line.as_deref() == Some(READY)),
            "the process of the fake guests did not start"
        );
        let fleet = Self::of(dir, USER, vec![process])?;
        let listening = fleet.guests.len();
        ensure!(listening == count, "{listening} of {count} guests listen");
        Ok(fleet)
    }

    /// The guests whose host keys and whose `user`'s key are in `dir`. Their processes end with their
    /// standard input.
    pub(super) fn of(dir: TempDir, user: &'static str, processes: Vec<Child>) -> Result<Self> {
        Ok(Self {
            processes,
            user,
            guests: known_guests(&dir.path().join(KNOWN_HOSTS))?,
            dir,
        })
    }

    /// Waits until nothing of it is left.
    pub(super) async fn end(mut self) -> Result<()> {
        for process in &mut self.processes {
            drop(process.stdin.take());
        }
        for process in &mut self.processes {
            process.wait().await.context("cannot wait for a guest")?;
        }
        self.dir.close().context("cannot remove a directory")
    }

    /// Whom the guests let in.
    pub(super) const fn user(&self) -> &'static str {
        self.user
    }

    /// A directory that is removed with it.
    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The socket of the fake agent.
    pub(super) fn agent(&self) -> PathBuf {
        self.dir.path().join(AGENT)
    }

    /// The private key that the guests let in.
    pub(super) fn identity(&self) -> PathBuf {
        self.dir.path().join(IDENTITY)
    }

    /// The host keys of all guests.
    pub(super) fn known_hosts(&self) -> PathBuf {
        self.dir.path().join(KNOWN_HOSTS)
    }

    /// The first `count` guests.
    pub(super) fn guests(&self, count: usize) -> &[Guest] {
        &self.guests[..count]
    }

    /// Writes a configuration of the first `count` guests with a state directory of its own, and
    /// returns its path.
    pub(super) fn configure(&self, count: usize, trust: Trust) -> Result<PathBuf> {
        let home = self.dir.path().join(format!("{count}-{trust:?}"));
        let state = home.join("state");
        std::fs::create_dir_all(&state).context("cannot create a directory")?;
        let file = home.join("hospes.toml");
        let text = self.configuration(count, trust, &state);
        std::fs::write(&file, text).context("cannot write a configuration")?;
        if trust == Trust::Journal {
            pin(&state, self.guests(count))?;
        }
        Ok(file)
    }

    fn configuration(&self, count: usize, trust: Trust, state: &Path) -> String {
        let known_hosts = if trust == Trust::KnownHosts {
            format!("[{:?}]", self.known_hosts())
        } else {
            "[]".to_owned()
        };
        let mut text = format!(
            "state-dir = {state:?}\n\n[defaults.ssh]\nuser = {:?}\nidentities = [{:?}]\n\
             agent = false\nknown-hosts = {known_hosts}\n",
            self.user,
            self.identity()
        );
        for (index, guest) in self.guests(count).iter().enumerate() {
            let name = name(index);
            let qmp = state.join(format!("{name}.qmp"));
            let _ = write!(
                text,
                "\n[guest.{name}]\nqmp = {qmp:?}\n[guest.{name}.ssh]\nhost = {:?}\nport = {}\n",
                guest.host, guest.port
            );
            if trust == Trust::Configuration {
                let _ = writeln!(text, "host-key = {:?}", guest.host_key);
            }
        }
        text
    }
}

/// The name of the guest at `index`; names sort as indices do.
pub(super) fn name(index: usize) -> String {
    format!("g{index:05}")
}

fn pin(state: &Path, guests: &[Guest]) -> Result<()> {
    let journal = Journal::open(state).context("cannot open a journal")?;
    for (index, guest) in guests.iter().enumerate() {
        let id: GuestId = name(index).parse().context("a name of the benchmark")?;
        let at = Timestamp::from_millis(0);
        journal
            .pin(&id, &guest.host_key, KeySource::Operator, at)
            .context("cannot pin a key")?;
    }
    Ok(())
}

fn known_guests(path: &Path) -> Result<Vec<Guest>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let guests = text
        .lines()
        .map(|line| known_guest(line).context("not a line of known_hosts"));
    guests.collect()
}

/// `[127.1.0.1]:2222 ssh-ed25519 AAAA...`
fn known_guest(line: &str) -> Option<Guest> {
    let (address, host_key) = line.split_once(' ')?;
    let (host, port) = address.strip_prefix('[')?.split_once("]:")?;
    Some(Guest {
        host: host.to_owned(),
        port: port.parse().ok()?,
        host_key: host_key.to_owned(),
    })
}
