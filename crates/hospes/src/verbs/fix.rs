//! `fix`: mends what fails of the six conditions.

use anyhow::Result;
use lifecycle::operation::Request;
use serde_json::json;

use super::change;
use crate::Exit;
use crate::cli;
use crate::fleet::Fleet;
use crate::show;

pub(super) async fn run(fleet: &Fleet, options: &cli::Fix) -> Result<Exit> {
    if options.check {
        return dry_run(fleet, options).await;
    }
    let order = change::Order::plain("fix", &|_| Request::Fix);
    change::each(fleet, &options.selection, &options.pace, &order).await
}

/// Shows the plan with its diffs. Fails when there is something to mend, so that a script can ask.
async fn dry_run(fleet: &Fleet, options: &cli::Fix) -> Result<Exit> {
    let mut documents = Vec::new();
    let mut exit = Exit::Ok;
    for member in fleet.select(&options.selection.selectors).await? {
        let check = fleet.world(&member).check().await;
        let plan = conditions::plan(&check);
        if !(plan.remedies.is_empty() && plan.manual.is_empty()) {
            exit = Exit::Failed;
        }
        if !fleet.json() {
            show::fix_plan(&check, &plan)?;
            continue;
        }
        let remedies: Vec<_> = plan
            .remedies
            .iter()
            .map(|remedy| json!({ "remedy": remedy.describe(), "diff": remedy.diff() }))
            .collect();
        let guest = check.guest();
        documents.push(json!({ "guest": guest, "remedies": remedies, "manual": plan.manual }));
    }
    if fleet.json() {
        fleet.document("fix", json!({ "dry_run": true, "guests": documents }))?;
    }
    Ok(exit)
}
