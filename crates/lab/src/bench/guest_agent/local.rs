//! Both agents on this machine, each on a unix socket.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::agents::{Peer, Program, RunningAgent, installed_qemu_ga};
use super::client::Client;
use super::memory::{self, Memory};
use super::pair::Pair;
use super::requests::{FILE_SYSTEMS, INTERFACES, PING, executions, round_trips};
use super::table::{Comparison, Goal, Unit};
use super::thread::blocking;
use super::transfer::{Content, Reader};
use super::usage::{Process, wake_ups};
use crate::bench::run::surroundings;
use crate::console::{Activity, Console};

const MIB: usize = 1 << 20;
/// The most that `guest-file-read` reads at once.
const PIECE: usize = 48 * MIB;
const READ: usize = 256 * MIB;
/// In base64 below the 64 MiB that qemu-ga takes as one request; 48 MiB are not.
const WRITTEN_PIECE: usize = 32 * MIB;
const WRITTEN: usize = 3 * WRITTEN_PIECE;

const STARTS: usize = 3;
/// Pieces: whole files.
const READS: usize = 3 * READ.div_ceil(PIECE);
const WRITES: usize = 3 * WRITTEN / WRITTEN_PIECE;
/// Batches of requests, one agent after the other.
const BATCHES: usize = 10;
const WARM_UP: usize = 500;
const SETTLING: Duration = Duration::from_secs(1);
const REST: Duration = Duration::from_secs(10);

/// Measures the agent at `named`, or else the `hospes-agent` beside the lab, and QEMU's own that is
/// installed, and prints a table in Markdown. The machine should do nothing else.
///
/// # Errors
/// Something cannot be measured. A goal that is missed is told and is no error.
pub async fn run(named: Option<PathBuf>, console: &Console) -> Result<()> {
    let programs = programs(named)?;
    let about = surroundings("both agents on unix sockets");
    let activity = console.activity("bench");
    let mut table = Comparison::default();
    measure_memory(&programs, &mut table, &activity).await?;
    let agents = start(&programs).await?;
    let peers = agents.as_ref().try_map(RunningAgent::peer)?;
    measure_requests(&peers, &mut table, &activity).await?;
    measure_transfers(&peers, &mut table, &activity).await?;
    measure_rest(&peers, &mut table, &activity).await?;
    measure_size(&programs, &mut table).await?;
    drop(activity);
    table.print(&about, console);
    Ok(())
}

/// QEMU's and ours.
pub(super) fn programs(named: Option<PathBuf>) -> Result<Pair<Program>> {
    let lab = std::env::current_exe().context("cannot find the lab's own program")?;
    let ours = named.unwrap_or_else(|| lab.with_file_name("hospes-agent"));
    ensure!(
        ours.is_file(),
        "there is no {}; `cargo xtask bench` builds it, `--agent` names another",
        ours.display()
    );
    let stock = installed_qemu_ga().context("QEMU's own agent is not installed")?;
    Ok(Pair::new(stock, Program::hospes_agent(ours)))
}

async fn start(programs: &Pair<Program>) -> Result<Pair<RunningAgent>> {
    let stock = RunningAgent::start(&programs.stock).await?;
    Ok(Pair::new(stock, RunningAgent::start(&programs.ours).await?))
}

async fn measure_memory(
    programs: &Pair<Program>,
    table: &mut Comparison,
    activity: &Activity,
) -> Result<()> {
    let mut memory = Memory::default();
    let dir = memory_backed_dir()?;
    let file = Arc::new(SharedFile::new(&dir, PIECE)?);
    for round in 1..=STARTS {
        activity.step(format!("memory, start {round} of {STARTS}"));
        let agents = start(programs).await?;
        let peers = agents.as_ref().try_map(RunningAgent::peer)?;
        let file = Arc::clone(&file);
        let watch = move |peer: Peer| memory::watch(&peer, &file.content, &file.path);
        memory.add(&blocking(move || peers.try_map(watch)).await?);
    }
    memory.tell(table);
    Ok(())
}

async fn measure_requests(
    peers: &Pair<Peer>,
    table: &mut Comparison,
    activity: &Activity,
) -> Result<()> {
    let mut clients = connect(peers)?;
    activity.step("requests");
    let work = move || {
        clients.alternate(1, |client| round_trips(client, PING, WARM_UP))?;
        let pings = clients.alternate(BATCHES, |client| round_trips(client, PING, 1000))?;
        let executions = clients.alternate(BATCHES, |client| executions(client, 50))?;
        let listed = clients.alternate(BATCHES, |client| round_trips(client, FILE_SYSTEMS, 100))?;
        let cards = clients.alternate(BATCHES, |client| round_trips(client, INTERFACES, 100))?;
        Ok((pings, executions, listed, cards))
    };
    let (pings, executions, listed, cards) = blocking(work).await?;
    table.median("ping, p50", &pings, Goal::RatioAtMost(0.6));
    table.quantile("ping, p99", &pings, 0.99, Goal::None);
    table.median("exec and its end, p50", &executions, Goal::RatioAtMost(0.6));
    table.median("get-fsinfo, p50", &listed, Goal::RatioAtMost(0.5));
    table.median(
        "network-get-interfaces, p50",
        &cards,
        Goal::RatioAtMost(0.5),
    );
    Ok(())
}

async fn measure_transfers(
    peers: &Pair<Peer>,
    table: &mut Comparison,
    activity: &Activity,
) -> Result<()> {
    let clients = connect(peers)?;
    activity.step("file-read");
    let dir = memory_backed_dir()?;
    let file = SharedFile::new(&dir, READ)?;
    let work = move || {
        let path = file.path.to_string_lossy();
        let reader = |client| file.content.reader(client, &path);
        let mut readers = clients.try_map(reader)?;
        let rates = readers.alternate(READS, |reader| Ok(vec![reader.read()?]))?;
        Ok((rates, readers.map(Reader::into_client)))
    };
    let (rates, clients) = blocking(work).await?;
    table.rate("file-read, 48 MiB pieces", rates, Goal::RatioAtLeast(10.0));
    activity.step("file-write");
    let paths = Pair::new("stock", "ours").map(|name| dir.path().join(name));
    let rates = blocking(move || write(clients, &paths)).await?;
    table.rate("file-write, 32 MiB pieces", rates, Goal::RatioAtLeast(20.0));
    Ok(())
}

/// Each into files of its own, the last of which are whole.
fn write(clients: Pair<Client>, paths: &Pair<PathBuf>) -> Result<Pair<Vec<f64>>> {
    let content = Content::new(WRITTEN, WRITTEN_PIECE);
    let mut writers = Pair::new(
        content.writer(clients.stock, &paths.stock.to_string_lossy()),
        content.writer(clients.ours, &paths.ours.to_string_lossy()),
    );
    let rates = writers.alternate(WRITES, |writer| Ok(vec![writer.write()?]))?;
    paths.as_ref().try_map(|path| {
        let written = std::fs::read(path).context("it wrote no file")?;
        ensure!(written == content.bytes(), "it wrote something else");
        Ok(())
    })?;
    Ok(rates)
}

async fn measure_rest(
    peers: &Pair<Peer>,
    table: &mut Comparison,
    activity: &Activity,
) -> Result<()> {
    let processes = peers.as_ref().map(|peer| peer.process);
    activity.step("rest");
    let alone = rest(&processes).await?;
    let clients = connect(peers)?;
    let connected = rest(&processes).await?;
    drop(clients);
    let none = Goal::AtMost(0.0);
    table.count("wake-ups in 10 s, no client", &alone, none);
    table.count("wake-ups in 10 s, client at rest", &connected, none);
    Ok(())
}

/// Both rest at the same time.
async fn rest(processes: &Pair<Process>) -> Result<Pair<Vec<u64>>> {
    tokio::time::sleep(SETTLING).await;
    let before = processes.clone().try_map(Process::switches)?;
    tokio::time::sleep(REST).await;
    let after = processes.clone().try_map(Process::switches)?;
    Ok(Pair::new(
        vec![wake_ups(&before.stock, &after.stock)],
        vec![wake_ups(&before.ours, &after.ours)],
    ))
}

async fn measure_size(programs: &Pair<Program>, table: &mut Comparison) -> Result<()> {
    let stock = programs.stock.stripped_size().await?;
    let ours = programs.ours.stripped_size().await?;
    let megabytes = Pair::new(stock, ours).map(|bytes| bytes as f64 / 1e6);
    let what = "program without symbols";
    table.row(what, Unit::Megabytes, &megabytes, Goal::AtMost(2.5));
    Ok(())
}

fn connect(peers: &Pair<Peer>) -> Result<Pair<Client>> {
    peers.as_ref().try_map(|peer| Client::connect(&peer.socket))
}

/// A file that both agents read.
struct SharedFile {
    content: Content,
    path: PathBuf,
}

impl SharedFile {
    fn new(dir: &TempDir, length: usize) -> Result<Self> {
        let (content, path) = (Content::new(length, PIECE), dir.path().join("content"));
        std::fs::write(&path, content.bytes()).context("cannot write a file")?;
        Ok(Self { content, path })
    }
}

/// It goes when it is dropped, also when this is interrupted: no thread may own it.
pub(in crate::bench) fn memory_backed_dir() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let dir = if memory.is_dir() {
        TempDir::new_in(memory)
    } else {
        TempDir::new()
    };
    dir.context("cannot create a directory")
}
