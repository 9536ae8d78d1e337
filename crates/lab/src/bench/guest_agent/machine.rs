//! Both agents in a virtual machine, over virtio-serial.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::client::Client;
use super::in_guest::{OURS, PROGRAM, STOCK, Service, Usage};
use super::local::programs;
use super::pair::Pair;
use super::requests::{FILE_SYSTEMS, INTERFACES, PING, executions, round_trips};
use super::table::{Comparison, Goal};
use super::thread::blocking;
use super::transfer::Content;
use crate::bench::run::surroundings;
use crate::console::{Activity, Console};
use crate::guest_agent::GuestAgent;
use crate::session::Session;
use crate::vm::{Launcher, Vm, VmSpec};

/// An emulated guest needs seconds for it.
const TRANSFERRED: usize = 16 << 20;
const TURNS: usize = 3;
/// In the guest's memory.
const FILE: &str = "/dev/shm/content";

/// What was seen of one agent between two of the other.
struct Turn {
    /// While no host was connected.
    fresh: Usage,
    work: Work,
    /// After the work, while a host was connected.
    used: Usage,
}

/// Times, and rates in bytes a second.
struct Work {
    pings: Vec<Duration>,
    executions: Vec<Duration>,
    file_systems: Vec<Duration>,
    interfaces: Vec<Duration>,
    written: f64,
    read: f64,
}

/// Measures the agent at `named`, or else the `hospes-agent` beside the lab, and Debian's `qemu-ga`
/// in one boot of a machine of `session`, in turn, and prints a table in Markdown.
///
/// # Errors
/// Something cannot be measured. A goal that is missed is told and is no error.
pub async fn run_in_machine(
    named: Option<PathBuf>,
    session: &Session,
    console: &Console,
) -> Result<()> {
    let program = programs(named)?.ours.path;
    let about = surroundings("both agents in one guest, over virtio-serial");
    let launcher = Launcher::prepare(GuestAgent::Stock, session.dir(), console).await?;
    let activity = console.activity("bench");
    let dir = session.dir().join("bench");
    let vm = launcher.boot(&dir, VmSpec::new("bench"), &activity).await?;
    activity.step("copying our agent into the guest");
    install(&vm, &program).await?;
    let table = measure(&vm, &activity).await?;
    drop(activity);
    let accelerator = launcher.accelerator().name();
    table.print(&format!("{about}, accelerator {accelerator}"), console);
    Ok(())
}

/// The way in is the agent that is there.
async fn install(vm: &Vm, program: &Path) -> Result<()> {
    let bytes = std::fs::read(program).with_context(|| program.display().to_string())?;
    let socket = vm.agent_path();
    let program = Content::whole(bytes);
    let copy = move || program.writer(Client::connect(&socket)?, PROGRAM).write();
    blocking(copy).await?;
    vm.ssh(&format!("chmod 755 {PROGRAM}")).await?.success()?;
    Ok(())
}

async fn measure(vm: &Vm, activity: &Activity) -> Result<Comparison> {
    let mut turns = Pair::new(Vec::new(), Vec::new());
    for turn in 1..=TURNS {
        activity.step(format!("qemu-ga, turn {turn} of {TURNS}"));
        let seen = take_turn(STOCK, vm).await.context("qemu-ga")?;
        turns.stock.push(seen);
        activity.step(format!("hospes-agent, turn {turn} of {TURNS}"));
        let seen = take_turn(OURS, vm).await.context("hospes-agent")?;
        turns.ours.push(seen);
    }
    let mut table = Comparison::default();
    tell_memory(&turns, &mut table);
    tell_work(&turns, &mut table);
    tell_rest(&turns, &mut table);
    Ok(table)
}

async fn take_turn(service: Service, vm: &Vm) -> Result<Turn> {
    service.switch_to(vm).await?;
    let fresh = service.usage(vm).await?;
    let socket = vm.agent_path();
    let work = move || Work::measure(Client::connect(&socket)?);
    let (work, client) = blocking(work).await?;
    let used = service.usage(vm).await?;
    drop(client);
    Ok(Turn { fresh, work, used })
}

impl Work {
    fn measure(mut client: Client) -> Result<(Self, Client)> {
        round_trips(&mut client, PING, 20)?;
        let pings = round_trips(&mut client, PING, 500)?;
        let executions = executions(&mut client, 20)?;
        let file_systems = round_trips(&mut client, FILE_SYSTEMS, 50)?;
        let interfaces = round_trips(&mut client, INTERFACES, 50)?;
        let content = Content::new(TRANSFERRED, TRANSFERRED);
        let mut writer = content.writer(client, FILE);
        let written = writer.write()?;
        let mut reader = content.reader(writer.into_client(), FILE)?;
        let read = reader.read()?;
        let work = Self {
            pings,
            executions,
            file_systems,
            interfaces,
            written,
            read,
        };
        Ok((work, reader.into_client()))
    }
}

type Turns = Pair<Vec<Turn>>;

fn tell_memory(turns: &Turns, table: &mut Comparison) {
    let fresh = each(turns, |turn| turn.fresh.resident);
    table.memory("resident after a start", &fresh, Goal::AtMost(2.5));
    let peak = each(turns, |turn| turn.used.peak);
    let what = "peak after all that is below";
    table.memory(what, &peak, Goal::RatioAtMost(1.0));
    let used = each(turns, |turn| turn.used.resident);
    table.memory("- resident then", &used, Goal::RatioAtMost(1.0));
}

/// No slower than QEMU's, in each row.
fn tell_work(turns: &Turns, table: &mut Comparison) {
    let no_slower = Goal::RatioAtMost(1.0);
    let mut median = |what, of: fn(&Work) -> &Vec<Duration>| {
        let samples = turns.as_ref().map(|turns| {
            let turns = turns.iter().flat_map(|turn| of(&turn.work));
            turns.copied().collect()
        });
        table.median(what, &samples, no_slower);
    };
    median("ping, p50", |work| &work.pings);
    median("exec and its end, p50", |work| &work.executions);
    median("get-fsinfo, p50", |work| &work.file_systems);
    median("network-get-interfaces, p50", |work| &work.interfaces);
    let no_slower = Goal::RatioAtLeast(1.0);
    let read = each(turns, |turn| turn.work.read);
    table.rate("file-read, 16 MiB", read, no_slower);
    let written = each(turns, |turn| turn.work.written);
    table.rate("file-write, 16 MiB", written, no_slower);
}

fn tell_rest(turns: &Turns, table: &mut Comparison) {
    let none = Goal::AtMost(0.0);
    let alone = each(turns, |turn| turn.fresh.wake_ups);
    table.count("wake-ups in 10 s, no host", &alone, none);
    let connected = each(turns, |turn| turn.used.wake_ups);
    table.count("wake-ups in 10 s, host at rest", &connected, none);
}

fn each<T>(turns: &Turns, of: impl Fn(&Turn) -> T) -> Pair<Vec<T>> {
    turns.as_ref().map(|turns| turns.iter().map(&of).collect())
}
