//! The same upgrade of the same endpoints, by hospes and by Ansible's apt module.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::geteuid;
use tempfile::TempDir;
use tokio::process::Command;

use super::campaign::Used;
use super::roots::{Endpoints, Roots};
use crate::bench::ansible::{self, Ansible};
use crate::bench::fleet::Trust;
use crate::bench::program::children_cpu;
use crate::bench::report::{Figure, Judged, Table};
use crate::bench::run::{hospes, surroundings, tell_misses};
use crate::cache;
use crate::console::{Activity, Console};
use crate::python::Python;

const ENDPOINTS: usize = 20;
const ROUNDS: usize = 3;

/// The tree's own.
const INTERPRETER: &str = "/usr/bin/python3";

const CPU: &str = "- its processor time";
const ENDPOINTS_CPU: &str = "- that of the endpoints";

const TIMES_LESS_CPU: f64 = 10.0;

/// What both need.
struct Site {
    roots: Roots,
    python: Python,
}

#[derive(Default)]
struct Runs {
    wall: Vec<Duration>,
    /// The controller's.
    cpu: Vec<Duration>,
    /// That of all endpoints, from their start to their end.
    endpoints_cpu: Vec<Duration>,
}

/// Measures `$HOSPES_BIN`, or else the `hospes` beside the lab, and Ansible in turn with it, each time
/// with endpoints that nothing was done to, and prints a table in Markdown. It needs root; where that or
/// something else is missing it says so, and measures nothing.
///
/// # Errors
/// One of the two cannot upgrade the endpoints. A goal that is missed is told and is no error.
pub async fn run(console: &Console) -> Result<()> {
    let hospes = hospes()?;
    let about = surroundings("endpoints on loopback");
    let activity = console.activity("bench");
    let site = match Site::prepare(console, &activity).await {
        Ok(site) => site,
        Err(error) => {
            drop(activity);
            console.result(format!("!!! SKIPPED, not beside Ansible: {error:#}"));
            return Ok(());
        }
    };
    let (mut ours, mut theirs) = (Runs::default(), Runs::default());
    for round in 1..=ROUNDS {
        activity.step(format!("hospes patch apply, {round} of {ROUNDS}"));
        let endpoints = site.roots.start(ENDPOINTS).await?;
        let used = by_hospes(&hospes, &endpoints).await?;
        let (from_hospes, cpu) = upgraded(endpoints).await?;
        ours.push(used, cpu);
        activity.step(format!("ansible -m apt, {round} of {ROUNDS}"));
        let endpoints = site.roots.start(ENDPOINTS).await?;
        let used = by_ansible(&site.python, &endpoints).await?;
        let (from_ansible, cpu) = upgraded(endpoints).await?;
        theirs.push(used, cpu);
        ensure!(
            from_hospes == from_ansible,
            "the two did not do the same: {from_hospes}\n{from_ansible}"
        );
    }
    drop(activity);
    let table = table(ours, theirs);
    console.result(format!("{about}\n\n{}", table.markdown()));
    tell_misses(console, table.over());
    Ok(())
}

impl Site {
    async fn prepare(console: &Console, activity: &Activity) -> Result<Self> {
        ensure!(
            geteuid().is_root(),
            "endpoints with roots of their own need root; run it as root"
        );
        Ok(Self {
            roots: Roots::prepare(console, activity).await?,
            python: Python::ready(&cache::root()?, activity).await?,
        })
    }
}

impl Runs {
    fn push(&mut self, used: Used, endpoints_cpu: Duration) {
        self.wall.push(used.wall);
        self.cpu.push(used.cpu);
        self.endpoints_cpu.push(endpoints_cpu);
    }
}

async fn by_hospes(hospes: &Path, endpoints: &Endpoints) -> Result<Used> {
    let config = endpoints.fleet.configure(ENDPOINTS, Trust::Configuration)?;
    let mut apply = Command::new(hospes);
    apply.env_clear();
    apply.args(["patch", "apply", "all", "--reboot", "never"]);
    apply.args(["--at-once", &ENDPOINTS.to_string()]);
    // As many may be under way as may fail, and one more.
    apply.args(["--max-failures", &ENDPOINTS.to_string()]);
    apply.arg("--config").arg(config);
    let (used, printed) = measure(&mut apply).await?;
    let all = format!("{ENDPOINTS} patched, 0 not patched");
    ensure!(printed.contains(&all), "hospes says: {printed}");
    Ok(used)
}

async fn by_ansible(python: &Python, endpoints: &Endpoints) -> Result<Used> {
    let dir = TempDir::new().context("cannot create a directory")?;
    let ansible = Ansible {
        python,
        fleet: &endpoints.fleet,
        guests: 0..ENDPOINTS,
        interpreter: Path::new(INTERPRETER),
        forks: ENDPOINTS,
    };
    let mut command = ansible.command(dir.path())?;
    command.args(["-m", "apt", "-a", "upgrade=dist update_cache=yes"]);
    let (used, printed) = measure(&mut command).await?;
    let changed = printed
        .lines()
        .filter(|line| line.contains("| CHANGED =>"))
        .count();
    ensure!(
        changed == ENDPOINTS,
        "{changed} of {ENDPOINTS} were upgraded"
    );
    Ok(used)
}

/// What all of them have now, which is the same, and the processor time of their lives.
async fn upgraded(endpoints: Endpoints) -> Result<(String, Duration)> {
    let mut versions = endpoints.versions().await?;
    let before = children_cpu()?;
    endpoints.end().await?;
    let cpu = children_cpu()?.saturating_sub(before);
    versions.dedup();
    let [versions] = &versions[..] else {
        bail!("the endpoints differ: {versions:?}");
    };
    ensure!(
        versions.contains("lab-tool 2.0 installed"),
        "nothing was upgraded: {versions}"
    );
    Ok((versions.clone(), cpu))
}

/// The connections that Ansible's ssh leaves open end with the endpoints. What they used is not counted.
async fn measure(command: &mut Command) -> Result<(Used, String)> {
    let (begun, cpu) = (Instant::now(), children_cpu()?);
    let printed = ansible::run(command).await?;
    Ok((Used::since(begun, cpu)?, printed))
}

fn table(ours: Runs, theirs: Runs) -> Table {
    let mut table = Table::default();
    let (wall, cpu) = (Figure::seconds(theirs.wall), Figure::seconds(theirs.cpu));
    table.tell(&format!("ansible -m apt, {ENDPOINTS} endpoints"), &wall);
    table.tell(CPU, &cpu);
    table.tell(ENDPOINTS_CPU, &Figure::seconds(theirs.endpoints_cpu));
    let what = format!("hospes patch apply, {ENDPOINTS} endpoints");
    let ours_wall = Figure::seconds(ours.wall);
    table.judge(&what, wall.median(), &ours_wall, Judged::Median);
    let ours_cpu = Figure::seconds(ours.cpu);
    let goal = cpu.median() / TIMES_LESS_CPU;
    table.judge(CPU, goal, &ours_cpu, Judged::Median);
    table.tell(ENDPOINTS_CPU, &Figure::seconds(ours.endpoints_cpu));
    table
}
