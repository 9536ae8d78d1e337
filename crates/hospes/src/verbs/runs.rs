//! `runs`: the journal's runs: list, show, resume, abort, abandon.

use anyhow::{Context, Result, bail};
use conditions::{GuestId, Host, MachineId, RunState};
use journal::{MachineLock, RunFilter, RunId, RunRecord, RunStatus, RunSummary};
use lifecycle::gate::Accepted;
use lifecycle::operation::{Operation, Saved};
use lifecycle::ports::StopNotice;
use serde_json::json;

use super::change::show_report;
use super::report::Report;
use super::{patch, waiting};
use crate::Exit;
use crate::cli::{self, RunsVerb};
use crate::clock::now;
use crate::drive::Run;
use crate::fleet::{Fleet, Member};
use crate::open_run::Stored;
use crate::patch::guest::OPERATION;
use crate::record::operator;
use crate::show::{self, Progress};

pub(super) async fn run(fleet: &Fleet, options: &cli::Runs) -> Result<Exit> {
    match &options.verb {
        RunsVerb::List { guest, open, limit } => list(fleet, guest.as_deref(), *open, *limit).await,
        RunsVerb::Show { run } => show_run(fleet, run),
        RunsVerb::Resume {
            run, check: true, ..
        } => forecast(fleet, run, "resume").await,
        RunsVerb::Resume { run, accept, .. } => resume(fleet, run, accept).await,
        RunsVerb::Abandon { run, check: true } => forecast(fleet, run, "abandon").await,
        RunsVerb::Abort { run, check } => waiting::abort(fleet, &record(fleet, run)?, *check).await,
        RunsVerb::Abandon { run, .. } => abandon(fleet, run).await,
    }
}

async fn list(fleet: &Fleet, guest: Option<&str>, open: bool, limit: usize) -> Result<Exit> {
    let machine = guest.map(str::parse::<MachineId>).transpose()?;
    let runs = fleet
        .store()
        .journal()
        .runs(limit, &RunFilter { machine, open })?;
    let (mut rows, mut documents) = (Vec::new(), Vec::new());
    for run in runs {
        match run {
            Ok(summary) => {
                let remark = remark(fleet, &summary).await;
                documents.push(json!({ "run": &summary, "remark": &remark }));
                rows.push(cells(&summary, remark));
            }
            Err(damaged) => {
                let why = damaged.to_string();
                documents.push(json!({ "damaged": &why }));
                let none = String::new;
                let (run, guest) = (damaged.run.to_string(), damaged.guest);
                rows.push([
                    run,
                    none(),
                    guest,
                    damaged.operation,
                    "damaged".to_owned(),
                    why,
                ]);
            }
        }
    }
    if fleet.json() {
        fleet.document("runs", json!({ "runs": documents }))?;
    } else {
        show::line(&show::table(
            ["RUN", "BEGAN", "GUEST", "OPERATION", "STATUS", ""],
            rows,
        ))?;
    }
    Ok(Exit::Ok)
}

fn cells(run: &RunSummary, remark: String) -> [String; 6] {
    [
        run.id.to_string(),
        run.began.to_string(),
        run.machine.to_string(),
        run.operation.clone(),
        run.status.to_string(),
        remark,
    ]
}

/// What is to be said of a run: how it ended, and of an open one what the guest does now.
async fn remark(fleet: &Fleet, run: &RunSummary) -> String {
    let mut remark = show::ended_line(run).unwrap_or_default();
    if let Some(guest) = run.machine.guest()
        && run.status.is_open()
        && owes_start(fleet, run.id)
    {
        let seen = fleet.observe(guest).await;
        if seen.is_ok_and(|seen| seen.run_state == RunState::Stopped) {
            let run = run.id;
            remark = format!("powered off since; hospes runs resume {run} starts it");
        }
    }
    remark
}

fn owes_start(fleet: &Fleet, run: RunId) -> bool {
    let record = fleet.store().journal().run(run).ok().flatten();
    let saved = record.and_then(|record| serde_json::from_value::<Saved>(record.state).ok());
    saved.is_some_and(|saved| saved.owes_start())
}

fn record(fleet: &Fleet, run: &str) -> Result<RunRecord> {
    let id: RunId = run.parse()?;
    let record = fleet.store().journal().run(id)?;
    record.with_context(|| format!("there is no run {id} (hospes runs list shows them)"))
}

fn show_run(fleet: &Fleet, run: &str) -> Result<Exit> {
    let record = record(fleet, run)?;
    if fleet.json() {
        show::document("run", &record)?;
        return Ok(Exit::Ok);
    }
    show::timeline(&record)?;
    Ok(Exit::Ok)
}

async fn resume(fleet: &Fleet, run: &str, accept: &cli::AcceptUnknown) -> Result<Exit> {
    let machine = record(fleet, run)?.summary.machine;
    if let MachineId::Node(host) = &machine {
        return resume_node(fleet, host, run).await;
    }
    let member = fleet.guest_of(&machine).await?;
    let (record, lock) = taken(fleet, &machine, run)?;
    let progress = fleet.progress();
    if record.summary.operation == OPERATION {
        return patch::resume(fleet, &member, (record, lock), progress).await;
    }
    let run = Resumed {
        id: record.summary.id,
        lock,
        saved: saved(record.state)?,
        accepted: accept.accepted()?,
    };
    let report = run.drive(fleet, &member, &progress).await?;
    show_report(fleet, &report, &progress)?;
    drop(progress);
    if fleet.json() {
        let verb = record.summary.operation.as_str();
        fleet.document(
            verb,
            json!({ "resumed": true, "guests": [report.document()] }),
        )?;
    }
    Ok(report.exit())
}

async fn resume_node(fleet: &Fleet, host: &Host, run: &str) -> Result<Exit> {
    let node = fleet.node(host).await?;
    let taken = taken(fleet, &node.id(), run)?;
    patch::resume_node(fleet, &node, taken, fleet.progress()).await
}

/// An open run, and the right to go on with it.
fn taken(fleet: &Fleet, machine: &MachineId, run: &str) -> Result<(RunRecord, MachineLock)> {
    let lock = fleet.lock(machine, "runs resume")?;
    // Read again: with the lock held nobody else moves the run on.
    let record = record(fleet, run)?;
    if !record.summary.status.is_open() {
        bail!(
            "run {} has ended ({}); nothing is owed",
            record.summary.id,
            record.summary.status
        );
    }
    Ok((record, lock))
}

/// What a run saved of its operation.
pub(super) fn saved(state: serde_json::Value) -> Result<Saved> {
    serde_json::from_value(state).context(
        "the run's state cannot be read by this version; look at the guest, then abandon the run",
    )
}

/// An open run that is about to be taken up again.
pub(super) struct Resumed {
    pub(super) id: RunId,
    pub(super) lock: MachineLock,
    pub(super) saved: Saved,
    pub(super) accepted: Accepted,
}

impl Resumed {
    pub(super) async fn drive(
        self,
        fleet: &Fleet,
        member: &Member,
        progress: &Progress,
    ) -> Result<Report> {
        let run = Run::resume(fleet.store(), self.lock, self.id)?;
        run.note_accepted(&self.accepted)?;
        let (operation, effect) =
            Operation::resume(self.saved, self.accepted, member.limits(), now());
        let world = fleet.world(member);
        let ended = run.drive(&world, operation, effect, progress).await?;
        Ok(Report::of(member.id(), run.id(), ended))
    }
}

async fn forecast(fleet: &Fleet, run: &str, verb: &str) -> Result<Exit> {
    let record = record(fleet, run)?;
    let RunSummary {
        id,
        machine,
        operation,
        status,
        ..
    } = &record.summary;
    let now = standing(fleet, machine).await;
    let stored = Stored::of(&record);
    let owes = stored.map_or("its state cannot be read", |stored| stored.owes());
    if fleet.json() {
        let body =
            json!({ "dry_run": true, "verb": verb, "run": record, "owes": owes, "now": now });
        show::document("runs", &body)?;
    } else {
        show::line(&format!(
            "would {verb} {id} ({operation} of {machine}, {status}): {owes}"
        ))?;
        show::line(&format!("  {machine} now: {now}"))?;
    }
    Ok(if status.is_open() {
        Exit::Ok
    } else {
        Exit::Refused
    })
}

async fn abandon(fleet: &Fleet, run: &str) -> Result<Exit> {
    let id: RunId = run.parse()?;
    let machine = machine_of(fleet, id)?;
    let lock = fleet.lock(&machine, "runs abandon")?;
    if let Some(guest) = machine.guest() {
        withdraw(fleet, guest, id).await?;
    }
    let journal = fleet.store().journal();
    journal.note(id, &format!("given up by {}", operator()), now())?;
    journal.finish(id, &lock, "", RunStatus::Abandoned, now())?;
    drop(journal);
    if fleet.json() {
        show::document("runs", &json!({ "abandoned": id, "guest": machine }))?;
    } else {
        show::line(&format!(
            "{machine}: run {id} is given up; what it owed is not done"
        ))?;
    }
    Ok(Exit::Ok)
}

/// What the machine of a run does now.
async fn standing(fleet: &Fleet, machine: &MachineId) -> String {
    let Some(guest) = machine.guest() else {
        return "not asked".to_owned();
    };
    let seen = fleet.observe(guest).await;
    seen.map_or_else(|error| error.to_string(), |seen| seen.evidence)
}

/// The machine of an open run.
fn machine_of(fleet: &Fleet, id: RunId) -> Result<MachineId> {
    let journal = fleet.store().journal();
    // A damaged run can be given up too; its machine is in the list then.
    let summaries = journal.runs(
        usize::MAX,
        &RunFilter {
            machine: None,
            open: true,
        },
    )?;
    let machine = summaries.iter().find_map(|run| match run {
        Ok(summary) if summary.id == id => Some(summary.machine.clone()),
        Err(damaged) if damaged.run == id => damaged.guest.parse().ok(),
        _ => None,
    });
    machine.with_context(|| format!("run {id} is not open: nothing to give up"))
}

/// What a run that is given up left announced to its guest.
async fn withdraw(fleet: &Fleet, guest: &GuestId, run: RunId) -> Result<()> {
    let record = fleet.store().journal().run(run).ok().flatten();
    let saved = record.and_then(|record| saved(record.state).ok());
    let Some(request) = saved.as_ref().and_then(Saved::announced) else {
        return Ok(());
    };
    let withdrawn = fleet.notice().withdraw(guest, request).await;
    let note = match withdrawn {
        Ok(()) => "the announced stop is withdrawn".to_owned(),
        Err(error) => format!("the announced stop could not be withdrawn: {error}"),
    };
    Ok(fleet.store().journal().note(run, &note, now())?)
}
