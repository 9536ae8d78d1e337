//! Agents on this machine.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::usage::Process;

/// They run on this very machine, perhaps as root, and shall do nothing to it.
const BLOCKED: &str = "guest-shutdown,guest-suspend-disk,guest-suspend-ram,guest-suspend-hybrid,\
    guest-fsfreeze-freeze,guest-fsfreeze-freeze-list,guest-fstrim,guest-set-time,guest-set-vcpus,\
    guest-set-memory-blocks,guest-set-user-password,guest-ssh-add-authorized-keys,\
    guest-ssh-remove-authorized-keys";

const QEMU_GA: [&str; 2] = ["/usr/sbin/qemu-ga", "/usr/bin/qemu-ga"];

const LISTENS_WITHIN: Duration = Duration::from_secs(10);

/// A program that takes the command line of `qemu-ga` after some words of its own.
#[derive(Debug, Clone)]
pub(in crate::bench) struct Program {
    pub(super) path: PathBuf,
    words: &'static [&'static str],
}

/// QEMU's own agent, where one is installed.
pub(in crate::bench) fn installed_qemu_ga() -> Option<Program> {
    let path = QEMU_GA.into_iter().find(|path| Path::new(path).exists())?;
    let (path, words) = (path.into(), &[] as &[&str]);
    Some(Program { path, words })
}

impl Program {
    /// Ours.
    pub(in crate::bench) fn hospes_agent(path: PathBuf) -> Self {
        let words = &["qemu-ga"];
        Self { path, words }
    }

    /// Its size in bytes without symbols.
    pub(in crate::bench) async fn stripped_size(&self) -> Result<u64> {
        let dir = TempDir::new().context("cannot create a directory")?;
        let stripped = dir.path().join("stripped");
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(&stripped).arg(&self.path);
        crate::command::output(&mut strip).await?;
        let metadata = stripped.metadata().context("strip made no file")?;
        Ok(metadata.len())
    }
}

/// Where a running agent is.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) socket: PathBuf,
    pub(super) process: Process,
}

/// An agent on a socket of its own; ended when it is dropped.
pub(in crate::bench) struct RunningAgent {
    dir: TempDir,
    process: Child,
}

impl RunningAgent {
    /// Starts one and waits until it listens.
    pub(in crate::bench) async fn start(program: &Program) -> Result<Self> {
        let dir = TempDir::new().context("cannot create a directory")?;
        let process = Command::new(&program.path)
            .args(program.words)
            .args(["-b", BLOCKED, "-m", "unix-listen", "-p"])
            .arg(dir.path().join("qga.sock"))
            .arg("-t")
            .arg(dir.path())
            .arg("-f")
            .arg(dir.path().join("qga.pid"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", program.path.display()))?;
        let mut agent = Self { dir, process };
        let listens = agent.wait_until_it_listens().await;
        listens.with_context(|| program.path.display().to_string())?;
        Ok(agent)
    }

    pub(in crate::bench) fn socket(&self) -> PathBuf {
        self.dir.path().join("qga.sock")
    }

    /// What a thread needs to know of it.
    pub(super) fn peer(&self) -> Result<Peer> {
        let pid = self.process.id().context("the agent has ended")?;
        let (socket, process) = (self.socket(), Process { pid });
        Ok(Peer { socket, process })
    }

    async fn wait_until_it_listens(&mut self) -> Result<()> {
        let begun = Instant::now();
        while !listens(&self.socket())? {
            let ended = self.process.try_wait().context("cannot watch the agent")?;
            ensure!(ended.is_none(), "the agent ended at once");
            ensure!(
                begun.elapsed() < LISTENS_WITHIN,
                "the agent does not listen"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}

/// Whether somebody accepts clients at `socket`: `__SO_ACCEPTCON` (proc_net_unix in proc(5)) is among
/// the flags. A socket that exists may not listen yet, and a client that tries would be served.
fn listens(socket: &Path) -> Result<bool> {
    const ACCEPTS: &str = "00010000";
    let sockets = std::fs::read("/proc/net/unix").context("cannot read /proc/net/unix")?;
    let sockets = String::from_utf8_lossy(&sockets);
    let socket = socket.to_string_lossy();
    Ok(sockets.lines().any(|line| {
        let mut fields = line.split_ascii_whitespace().skip(3);
        fields.next() == Some(ACCEPTS) && fields.last() == Some(&*socket)
    }))
}
