//! The whole measurement.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::campaign::{Campaign, Memory};
use crate::bench::endpoints::Ports;
use crate::bench::fleet::{Fleet, Trust};
use crate::bench::report::{Figure, Judged, Table};
use crate::bench::run::{hospes, surroundings, tell_misses};
use crate::console::Console;

/// Processor time of the controller's own, a guest.
const CPU_GOAL: Duration = Duration::from_millis(50);
/// What a guest leaves behind in memory that is done.
const GROWTH_GOAL_IN_KB: f64 = 2.0;

/// No guest takes so long, were they to take turns.
const PATIENCE: Duration = Duration::from_secs(1);

/// How large the campaign is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// All guests.
    pub guests: usize,
    /// Those under way at a time.
    pub at_once: usize,
}

/// Measures `$HOSPES_BIN`, or else the `hospes` beside the lab, in one campaign, and prints a table in
/// Markdown.
///
/// # Errors
/// Something cannot be measured. A goal that is missed is told and is no error.
pub async fn run(size: &Size, console: &Console) -> Result<()> {
    let hospes = hospes()?;
    let about = surroundings("guests on loopback");
    let activity = console.activity("bench");
    let mut table = Table::default();
    activity.step(format!("starting {} guests", size.guests));
    let fleet = Fleet::start(size.guests, Ports::One).await?;
    activity.step(format!("patching {} guests", size.guests));
    measure(&hospes, &fleet, size, &mut table).await?;
    drop(activity);
    console.result(format!("{about}\n\n{}", table.markdown()));
    tell_misses(console, table.over());
    Ok(())
}

async fn measure(hospes: &Path, fleet: &Fleet, size: &Size, table: &mut Table) -> Result<()> {
    let Size { guests, at_once } = *size;
    let count = u32::try_from(guests.max(1)).unwrap_or(u32::MAX);
    let campaign = Campaign {
        hospes,
        config: &fleet.configure(guests, Trust::Configuration)?,
        plan: plan(at_once),
        guests,
        deadline: Duration::from_secs(300) + PATIENCE * count,
    };
    let planned = campaign.plan().await?;
    let what = format!("plan of {guests} guests, each asked through SSH");
    table.tell(&what, &Figure::seconds([planned.wall]));
    table.tell("- its processor time", &Figure::seconds([planned.cpu]));
    let (applied, memory) = campaign.apply().await?;
    let what = format!("campaign over {guests} guests, {at_once} at once");
    table.tell(&what, &Figure::seconds([applied.wall]));
    table.judge(
        "- its processor time, a guest",
        CPU_GOAL.as_secs_f64() * 1e3,
        &Figure::milliseconds([applied.cpu / count]),
        Judged::Worst,
    );
    remembered(&memory, table);
    let journal = campaign.journal()?;
    table.tell("journal at the end", &Figure::bytes([journal]));
    let each = journal / u64::from(count);
    table.tell("- a guest", &Figure::kilobytes([each]));
    Ok(())
}

/// One wave of everybody: the most that a campaign ever has to look at.
fn plan(at_once: usize) -> String {
    format!(
        "name = \"bench\"\nat-once = {at_once}\nmax-failures = \"100%\"\n\n[group.all]\nguests = [\"all\"]\n\
         max-unavailable = \"100%\"\nallow-removals = true\n"
    )
}

fn remembered(memory: &Memory, table: &mut Table) {
    for (done, bytes) in &memory.resident {
        let what = format!("- resident, {done} guests done");
        table.tell(&what, &Figure::bytes([*bytes]));
    }
    // As many are under way at both: what differs is what those that are done left behind.
    if let [_, (from, first), (to, last), ..] = memory.resident[..] {
        let done = u64::try_from(to.saturating_sub(from).max(1)).unwrap_or(u64::MAX);
        let growth = Figure::kilobytes([last.saturating_sub(first) / done]);
        let what = format!("- growth from {from} to {to}, a guest done");
        table.judge(&what, GROWTH_GOAL_IN_KB, &growth, Judged::Worst);
    }
    table.tell("- peak", &Figure::bytes([memory.peak]));
}
