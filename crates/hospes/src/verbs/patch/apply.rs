//! `patch apply`: a plan becomes a campaign.
//!
//! ```text
//! --plan FILE ─► read, sealed ─► everybody looked at again ─► moved? ─┬─ yes: refused
//!                                                                     └─ no ─┐
//! GUEST... ──► a plan of one wave ───────────────────────────────────────────┴─► begun ─► driven
//! ```

use std::path::Path;

use anyhow::Result;
use plan::{Difference, Document, moved};
use serde_json::json;

use super::standing::looked_at;
use super::{campaigns, carry, files, plan as planning};
use crate::Exit;
use crate::cli;
use crate::fleet::Fleet;
use crate::patch::campaign::begin;
use crate::patch::fleet::{Meant, Members, Nobody, Others, wanted_by_document};
use crate::show;

const VERB: &str = "patch-apply";

pub(super) async fn run(fleet: &Fleet, options: &cli::ApplyPatches) -> Result<Exit> {
    match &options.plan {
        Some(path) => by_document(fleet, path, options.check).await,
        None => by_names(fleet, options).await,
    }
}

async fn by_document(fleet: &Fleet, path: &Path, check: bool) -> Result<Exit> {
    let document = files::document(path)?;
    let wanted = wanted_by_document(&document);
    let meant = Meant::of(fleet, &wanted, Nobody::IsGone).await?;
    let facts = looked_at(fleet, &meant, Others::Told).await;
    let differences = moved(&document, &facts);
    if !differences.is_empty() {
        return refused(fleet, &document, path, &differences);
    }
    if check || document.members().next().is_none() {
        return checked(fleet, &document);
    }
    carry_out(fleet, document, meant.members()).await
}

async fn by_names(fleet: &Fleet, options: &cli::ApplyPatches) -> Result<Exit> {
    let file = planning::of_names(&options.selectors, &options.policy);
    let (document, meant) = planning::planned(fleet, &file, Others::Unmentioned).await?;
    if options.check || document.members().next().is_none() {
        return checked(fleet, &document);
    }
    let progress = fleet.progress();
    let named = document
        .left_out()
        .iter()
        .filter(|left| left.group.is_some());
    let mut exit = Exit::Ok;
    for left_out in named {
        progress.say(&format!("{}: left out: {}", left_out.id, left_out.reason));
        exit = Exit::NotReady;
    }
    drop(progress);
    Ok(exit.worst(carry_out(fleet, document, meant.members()).await?))
}

/// Begins a campaign and drives it to its end.
pub(super) async fn carry_out(fleet: &Fleet, document: Document, members: Members) -> Result<Exit> {
    tell_others(fleet, &document)?;
    let begun = begin(fleet.store(), document, "patch apply")?;
    carry::on(fleet, VERB, begun, members).await
}

/// Tells of other campaigns that have one of the same guests under way. Its lock decides.
fn tell_others(fleet: &Fleet, document: &Document) -> Result<()> {
    let progress = fleet.progress();
    for (id, busy) in campaigns::under_way(fleet)? {
        let members = document.members().map(|(_, _, member)| &member.id);
        for member in members.filter(|member| busy.contains(*member)) {
            progress.say(&format!(
                "{member}: campaign {id} has it under way; it is not begun while that is so"
            ));
        }
    }
    Ok(())
}

/// Nothing is begun: only what would be is shown.
fn checked(fleet: &Fleet, document: &Document) -> Result<Exit> {
    planning::show(fleet, document, None)?;
    Ok(planning::exit(document))
}

fn refused(
    fleet: &Fleet,
    document: &Document,
    path: &Path,
    differences: &[Difference],
) -> Result<Exit> {
    let told: Vec<String> = differences.iter().map(Difference::to_string).collect();
    if fleet.json() {
        let differences = differences.iter().zip(&told);
        let differences: Vec<_> = differences
            .map(|(of, told)| json!({ "member": of.member(), "difference": told }))
            .collect();
        let body = json!({
            "campaign": null, "plan": document.name(), "refused": "moved",
            "differences": differences,
        });
        fleet.document(VERB, body)?;
        return Ok(Exit::Refused);
    }
    show::line(&format!(
        "refused, nothing was touched: reality has moved since {} was made ({}):",
        path.display(),
        document.made_at()
    ))?;
    for difference in &told {
        show::line(&format!("  {difference}"))?;
    }
    show::line("  -> plan again (hospes patch plan --file ... --out ...), and read what it says")?;
    Ok(Exit::Refused)
}
