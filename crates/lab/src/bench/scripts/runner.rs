//! Script runners that find no scripts.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tempfile::TempDir;

use super::home::Home;
use super::peer;
use crate::bench::guest_agent::{Process, blocking, memory_backed_dir};
use crate::bench::report::{Figure, Judged, Table};
use crate::console::Console;

const WARM_UP: usize = 3;
const RUNS: usize = 40;
/// Apart from those, for looking takes time.
const LOOKED_AT: usize = 10;
/// Between rounds: a guest that asks more often than a hundred times a second is made to wait.
const PAUSE: Duration = Duration::from_millis(100);

const WALL_GOAL_IN_MILLISECONDS: f64 = 10.0;
const MEMORY_GOAL_IN_MEGABYTES: f64 = 5.0;
/// Where Google's cannot be run.
const REFERENCE: [(&str, &str); 2] = [
    ("Google's runner, wall (not run here)", "50-60 ms"),
    ("- its peak memory", "12-13 MB"),
];

/// A program that runs the scripts of an event.
#[derive(Debug, Clone)]
struct Runner {
    program: PathBuf,
    arguments: &'static [&'static str],
}

/// What the runs of one runner took.
#[derive(Default)]
struct Seen {
    wall: Vec<Duration>,
    /// Bytes.
    peak: Vec<u64>,
}

/// Where runners run.
struct Place {
    dir: TempDir,
    /// `GCE_METADATA_HOST`.
    named: Option<String>,
}

/// Ours, and Google's where it can be had, in turn.
pub(super) async fn measure(
    agent: &Path,
    hospes: &Path,
    table: &mut Table,
    console: &Console,
) -> Result<()> {
    let ours = Runner {
        program: agent.to_owned(),
        arguments: &["scripts", "startup"],
    };
    let (theirs, home) = match apart(hospes).await {
        Ok((peer, home)) => (Ok(peer), home),
        Err(why) => (Err(why), Home::on_loopback(hospes).await?),
    };
    let runners = [ours].into_iter().chain(theirs.as_ref().ok().cloned());
    let mut seen = run_all(runners.collect(), &home).await?.into_iter();
    tell_ours(&seen.next().unwrap_or_default(), table);
    match theirs {
        Ok(_) => tell_theirs(&seen.next().unwrap_or_default(), table),
        Err(why) => {
            console.note(format!("lab: Google's runner is not run: {why:#}"));
            for (what, figure) in REFERENCE {
                table.say(what, figure);
            }
        }
    }
    Ok(())
}

/// Google's runner, and a metadata service where it looks for one.
async fn apart(hospes: &Path) -> Result<(Runner, Home)> {
    let theirs = Runner {
        program: peer::find().await?,
        arguments: &["startup"],
    };
    Ok((theirs, Home::apart(hospes).await?))
}

fn tell_ours(seen: &Seen, table: &mut Table) {
    let wall = Figure::milliseconds(seen.wall.iter().copied());
    let what = "runner without scripts, wall";
    table.judge(what, WALL_GOAL_IN_MILLISECONDS, &wall, Judged::Median);
    let peak = Figure::bytes(seen.peak.iter().copied());
    let what = "- its peak memory";
    table.judge(what, MEMORY_GOAL_IN_MEGABYTES, &peak, Judged::Worst);
}

fn tell_theirs(seen: &Seen, table: &mut Table) {
    let wall = Figure::milliseconds(seen.wall.iter().copied());
    table.tell("Google's runner, wall", &wall);
    let peak = Figure::bytes(seen.peak.iter().copied());
    table.tell("- its peak memory", &peak);
}

/// On a thread that goes into the server's network, and ends there.
async fn run_all(runners: Vec<Runner>, home: &Home) -> Result<Vec<Seen>> {
    let place = Place {
        dir: memory_backed_dir()?,
        named: home.named(),
    };
    let network = format!("/proc/{}/ns/net", home.process()?.pid);
    let work = move || {
        if place.named.is_none() {
            let network = File::open(network).context("the metadata server has no network")?;
            let network =
                move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network));
            network.context("cannot enter the network of the metadata server")?;
        }
        let mut seen: Vec<Seen> = runners.iter().map(|_| Seen::default()).collect();
        for round in 0..WARM_UP + RUNS {
            std::thread::sleep(PAUSE);
            for (runner, seen) in runners.iter().zip(&mut seen) {
                let wall = runner.run(&place)?;
                if round >= WARM_UP {
                    seen.wall.push(wall);
                }
            }
        }
        for (runner, seen) in runners.iter().zip(&mut seen) {
            for _ in 0..LOOKED_AT {
                std::thread::sleep(PAUSE);
                seen.peak.push(runner.peak(&place)?);
            }
        }
        Ok(seen)
    };
    blocking(work).await
}

impl Runner {
    /// How long it takes from its start until it is reaped.
    fn run(&self, place: &Place) -> Result<Duration> {
        let begun = Instant::now();
        let status = self.command(place).status().with_context(|| self.name())?;
        let took = begun.elapsed();
        ensure!(status.success(), "{} failed", self.name());
        Ok(took)
    }

    /// The most resident memory that is seen while it runs, looked at as often as possible.
    fn peak(&self, place: &Place) -> Result<u64> {
        let mut child = self.command(place).spawn().with_context(|| self.name())?;
        let (process, mut peak) = (Process { pid: child.id() }, 0);
        // One that has ended has no memory.
        while let Ok(resident) = process.resident() {
            peak = resident.max(peak);
        }
        let status = child.wait().context("cannot wait")?;
        ensure!(status.success(), "{} failed", self.name());
        Ok(peak)
    }

    fn command(&self, place: &Place) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("TMPDIR", place.dir.path())
            .env("HOSPES_RUN_DIR", place.dir.path().join("run"))
            .envs(
                place
                    .named
                    .as_ref()
                    .map(|named| ("GCE_METADATA_HOST", named)),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn name(&self) -> String {
        self.program.display().to_string()
    }
}
