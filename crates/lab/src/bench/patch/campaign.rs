//! One campaign, watched.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{ChildStderr, Command};

use crate::bench::guest_agent::Process;
use crate::bench::program::children_cpu;

/// What hospes says of each guest that is done.
const DONE: &str = ": patched";

/// When memory is looked at: shares of the guests that are done, in per cent.
const LOOKS: [usize; 4] = [10, 50, 90, 100];

/// The first campaign of a state directory.
pub(super) struct Campaign<'a> {
    pub(super) hospes: &'a Path,
    pub(super) config: &'a Path,
    /// The plan file.
    pub(super) plan: String,
    pub(super) guests: usize,
    pub(super) deadline: Duration,
}

/// What a command took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    pub(super) wall: Duration,
    /// The time of its processes on processors.
    pub(super) cpu: Duration,
}

/// What was seen of a process while it worked.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Resident memory in bytes as soon as so many guests were done.
    pub(super) resident: Vec<(usize, u64)>,
    /// The most that it was.
    pub(super) peak: u64,
}

impl Campaign<'_> {
    /// Makes a plan document.
    pub(super) async fn plan(&self) -> Result<Used> {
        let file = self.beside("plan.toml");
        std::fs::write(&file, &self.plan).context("cannot write a plan")?;
        let mut command = self.command("plan");
        command.arg("--file").arg(file).arg("--out");
        command.arg(self.beside("plan.json")).stdout(Stdio::null());
        let (begun, cpu) = (Instant::now(), children_cpu()?);
        let status = command.status().await.context("cannot run hospes")?;
        ensure!(status.success(), "hospes cannot plan: {status}");
        Used::since(begun, cpu)
    }

    /// Carries it out, and expects each guest to be patched.
    pub(super) async fn apply(&self) -> Result<(Used, Memory)> {
        let mut command = self.command("apply");
        command.arg("--plan").arg(self.beside("plan.json"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let (begun, cpu) = (Instant::now(), children_cpu()?);
        let mut child = command.spawn().context("cannot run hospes")?;
        let pid = child.id().context("it has ended")?;
        let told = child.stderr.take().context("a pipe was asked for")?;
        let mut out = child.stdout.take().context("a pipe was asked for")?;
        let mut printed = String::new();
        let all = async {
            let memory = watch(told, Process { pid }, self.guests).await?;
            out.read_to_string(&mut printed)
                .await
                .context("cannot read")?;
            let status = child.wait().await.context("cannot wait")?;
            Ok::<_, anyhow::Error>((memory, status))
        };
        let Ok(ended) = tokio::time::timeout(self.deadline, all).await else {
            bail!("the campaign did not end within {:?}", self.deadline);
        };
        let (memory, status) = ended?;
        let used = Used::since(begun, cpu)?;
        ensure!(status.success(), "hospes failed ({status}): {printed}");
        // Or what was measured is something else.
        let all = format!("c1: {} patched, 0 not patched", self.guests);
        ensure!(printed.contains(&all), "hospes says: {printed}");
        Ok((used, memory))
    }

    /// The state directory's size in bytes.
    pub(super) fn journal(&self) -> Result<u64> {
        let entries = std::fs::read_dir(self.beside("state"));
        let sizes = entries
            .context("cannot read the state directory")?
            .map(|entry| {
                let file = entry?.metadata()?;
                Ok(if file.is_file() { file.len() } else { 0 })
            });
        let sizes: std::io::Result<Vec<u64>> = sizes.collect();
        let sizes = sizes.context("cannot read the state directory")?;
        Ok(sizes.iter().sum())
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(self.hospes);
        command.args(["patch", verb, "--config"]).arg(self.config);
        command.env_clear().stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.config.with_file_name(name)
    }
}

impl Used {
    /// Since then, and since children had used so much.
    pub(super) fn since(begun: Instant, before: Duration) -> Result<Self> {
        Ok(Self {
            wall: begun.elapsed(),
            cpu: children_cpu()?.saturating_sub(before),
        })
    }
}

async fn watch(told: ChildStderr, process: Process, guests: usize) -> Result<Memory> {
    let mut lines = BufReader::new(told).lines();
    let mut looks = LOOKS.into_iter().peekable();
    let (mut memory, mut done, mut last) = (Memory::default(), 0, String::new());
    while let Some(line) = lines.next_line().await.context("cannot read")? {
        done += usize::from(line.ends_with(DONE));
        if line.ends_with(DONE)
            && looks
                .next_if(|share| done * 100 >= share * guests)
                .is_some()
        {
            memory.resident.push((done, process.resident()?));
            memory.peak = process.peak()?;
        }
        last = line;
    }
    ensure!(
        done == guests,
        "{done} of {guests} guests were patched; {last}"
    );
    Ok(memory)
}
