//! `guests`: the configuration's guests and whether they run.

use anyhow::Result;
use conditions::GuestId;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::json;

use crate::Exit;
use crate::cli;
use crate::fleet::{Fleet, Member, owed_start};
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

/// Sockets asked at once.
const AT_ONCE: usize = 64;

pub(super) async fn run(fleet: &Fleet, options: &cli::Guests) -> Result<Exit> {
    let all = ["all".to_owned()];
    let selectors = if options.selectors.is_empty() {
        &all[..]
    } else {
        &options.selectors
    };
    let members = fleet.select(selectors)?;
    let rows = stream::iter(&members)
        .map(|member| row(fleet, member))
        .buffered(AT_ONCE);
    let rows: Vec<Row> = rows.collect().await;
    if fleet.json() {
        show::document("guests", &json!({ "guests": rows }))?;
        return Ok(Exit::Ok);
    }
    show::line(&show::table(
        ["GUEST", "STATE", "NODE", "SSH", "TAGS", ""],
        rows.iter().map(cells),
    ))?;
    Ok(Exit::Ok)
}

async fn row(fleet: &Fleet, member: &Member) -> Row {
    let seen = fleet.hypervisor().observe(member.id()).await;
    let (state, node, evidence) = match seen {
        Ok(seen) => (
            seen.run_state.as_str().to_owned(),
            Some(seen.node.to_string()),
            seen.evidence,
        ),
        Err(error) => ("unknown".to_owned(), None, error.to_string()),
    };
    let owed_by = owed_start(fleet, member.id());
    let (guest, tags, address) = (member.id().clone(), member.tags(), member.address());
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
