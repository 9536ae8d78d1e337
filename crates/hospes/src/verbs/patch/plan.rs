//! `patch plan --file` and `--out`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use plan::{Amount, COLUMNS, Document, Group, Hooks, Kind, Patching, PlanFile, Policy, WaveRule};

use super::files;
use super::standing::looked_at;
use crate::Exit;
use crate::cli;
use crate::clock::now;
use crate::fleet::Fleet;
use crate::patch::fleet::{Meant, Nobody, Others, wanted_by_file};
use crate::show;

/// The longest time that a campaign may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(92 * 24 * 60 * 60);
/// What one guest takes, about; it is only told.
const EXPECTED: Duration = Duration::from_secs(30 * 60);

pub(super) async fn run(fleet: &Fleet, options: &cli::PlanPatches) -> Result<Exit> {
    let (file, others) = match &options.file {
        Some(path) => (files::plan_file(path)?, Others::Told),
        None => {
            let file = of_names(&options.selectors, &options.policy);
            (file, Others::Unmentioned)
        }
    };
    let (document, _) = planned(fleet, &file, others).await?;
    if let Some(out) = &options.out {
        let json = serde_json::to_vec_pretty(&document).context("a plan is plain data")?;
        files::write(out, &json)?;
    }
    show(fleet, &document, options.out.as_deref())?;
    Ok(exit(&document))
}

/// Who is patched when by `file`, and everybody who is meant.
pub(super) async fn planned(
    fleet: &Fleet,
    file: &PlanFile,
    others: Others,
) -> Result<(Document, Meant)> {
    let wanted = wanted_by_file(file);
    let meant = Meant::of(fleet, &wanted, Nobody::IsMistake).await?;
    let facts = looked_at(fleet, &meant, others).await;
    Ok((plan::plan(file, &facts, now())?, meant))
}

/// The plan of guests that are named on the command line: one group, one wave, at once.
pub(super) fn of_names(selectors: &[String], options: &cli::PatchPolicy) -> PlanFile {
    let group = Group {
        kind: Kind::Guest,
        words: selectors.to_vec(),
        except: Vec::new(),
        after: Vec::new(),
        windows: Vec::new(),
        max_unavailable: Amount::Percent(100),
        policy: policy(options),
        waves: vec![WaveRule::default()],
    };
    PlanFile {
        name: "guests".to_owned(),
        deadline: DEADLINE,
        at_once: options.at_once.unwrap_or(1).max(1),
        max_failures: Amount::Count(u32::try_from(options.max_failures).unwrap_or(u32::MAX)),
        max_unavailable_per_node: None,
        max_unavailable_nodes: Amount::Count(1),
        hooks: Hooks::default(),
        windows: BTreeMap::new(),
        groups: BTreeMap::from([("guests".to_owned(), group)]),
        holds: Vec::new(),
    }
}

fn policy(options: &cli::PatchPolicy) -> Policy {
    Policy {
        expected: EXPECTED,
        retries: 0,
        retry_after: Duration::ZERO,
        patching: Patching {
            scope: match options.no_new_packages {
                true => plan::Scope::Upgrade,
                false => plan::Scope::DistUpgrade,
            },
            allow_removals: options.allow_removals,
            allow_mending: options.allow_mending,
            ..Patching::default()
        },
        reboot: match options.reboot {
            cli::Reboots::Never => plan::RebootPolicy::Never,
            cli::Reboots::IfRequired => plan::RebootPolicy::IfRequired,
            cli::Reboots::Always => plan::RebootPolicy::Always,
        },
        snapshot_expires: options.snapshot_expires,
        wave_hooks: Hooks::default(),
        member_hooks: Hooks::default(),
    }
}

/// Shows a plan; as JSON, the document as it is written.
pub(super) fn show(fleet: &Fleet, document: &Document, out: Option<&Path>) -> Result<()> {
    if fleet.json() {
        let json = serde_json::to_string_pretty(document).context("a plan is plain data")?;
        return show::line(&json);
    }
    show::line(&show::table(COLUMNS, document.table()))?;
    show::line(&summary(document))?;
    if let Some(out) = out {
        let out = out.display();
        show::line(&format!(
            "written; to carry it out: hospes patch apply --plan {out}"
        ))?;
    }
    Ok(())
}

fn summary(document: &Document) -> String {
    let waves = document.groups().iter().map(|group| group.waves.len());
    let waves = match waves.sum() {
        1 => "1 wave".to_owned(),
        count => format!("{count} waves"),
    };
    format!(
        "{} to be patched in {waves}, {} left out",
        document.members().count(),
        document.left_out().len()
    )
}

/// A plan that patches nobody is none.
pub(super) fn exit(document: &Document) -> Exit {
    match document.members().next() {
        Some(_) => Exit::Ok,
        None => Exit::NotReady,
    }
}
