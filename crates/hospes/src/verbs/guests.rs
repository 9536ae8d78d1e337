//! `guests`: the guests of the configuration and of its clusters, and whether they run.

use anyhow::Result;
use conditions::GuestId;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::json;

use crate::Exit;
use crate::cli;
use crate::fleet::{Fleet, Member, Untouchable, owed_start};
use crate::show;

#[derive(Debug, Serialize)]
struct Row {
    guest: GuestId,
    state: String,
    node: Option<String>,
    address: Option<String>,
    tags: Vec<String>,
    /// What the hypervisor said, or why it could not be asked.
    evidence: String,
    /// A run that owes this guest a start.
    owed_by: Option<journal::RunId>,
}

/// Guests asked at once.
const AT_ONCE: usize = 64;

pub(super) async fn run(fleet: &Fleet, options: &cli::Guests) -> Result<Exit> {
    let all = ["all".to_owned()];
    let is_all = options.selectors.is_empty();
    let selectors = if is_all { &all[..] } else { &options.selectors };
    let members = fleet.select(selectors).await?;
    let rows = stream::iter(&members)
        .map(|member| row(fleet, member))
        .buffered(AT_ONCE);
    let rows: Vec<Row> = rows.collect().await;
    let untouchable = match is_all {
        true => fleet.untouchable(selectors).await?,
        false => Vec::new(),
    };
    if fleet.json() {
        let body = json!({ "guests": rows, "untouchable": untouchable });
        fleet.document("guests", body)?;
        return Ok(Exit::Ok);
    }
    let others = untouchable.iter().map(other_cells);
    show::line(&show::table(
        ["GUEST", "STATE", "NODE", "SSH", "TAGS", ""],
        rows.iter().map(cells).chain(others),
    ))?;
    Ok(Exit::Ok)
}

async fn row(fleet: &Fleet, member: &Member) -> Row {
    let seen = member.hypervisor().observe(member.id()).await;
    let (state, node, evidence) = match seen {
        Ok(seen) => (
            seen.run_state.as_str().to_owned(),
            Some(seen.node.to_string()),
            seen.evidence,
        ),
        Err(error) => ("unknown".to_owned(), None, error.to_string()),
    };
    let owed_by = owed_start(fleet, member.id());
    let (guest, tags) = (member.id().clone(), member.tags());
    let address = member.address().or_else(|| {
        let known = fleet.store().journal().known_address(member.id());
        known.ok().flatten().map(|known| known.address.to_string())
    });
    Row {
        guest,
        state,
        node,
        address,
        tags,
        evidence,
        owed_by,
    }
}

fn cells(row: &Row) -> [String; 6] {
    let remark = match (&row.owed_by, row.state.as_str()) {
        (Some(run), "stopped") => format!("powered off since; hospes runs resume {run} starts it"),
        (Some(run), _) => format!("run {run} is unfinished"),
        (None, "unknown") => row.evidence.clone(),
        (None, _) => String::new(),
    };
    [
        row.guest.to_string(),
        row.state.clone(),
        row.node.clone().unwrap_or_default(),
        row.address.clone().unwrap_or_default(),
        row.tags.join(" "),
        remark,
    ]
}

/// What a cluster has beside guests.
fn other_cells(other: &Untouchable) -> [String; 6] {
    let name = other.name.as_deref().unwrap_or(other.kind);
    [
        format!("{name}-{}", other.vmid),
        other.state.clone(),
        other.node.clone(),
        String::new(),
        other.tags.join(" "),
        format!("{}, never touched", other.kind),
    ]
}
