//! `/cluster/replication` and `/nodes/NODE/replication`.

use serde_json::{Value, json};

use super::containers::audits;
use super::{Answer, Call, data};

pub(super) fn answer(call: &Call, path: &str) -> Answer {
    let jobs = call.shared.replication();
    let visible = jobs.iter().filter(|job| audits(call, job.vmid));
    let entries: Vec<Value> = match path {
        "/cluster/replication" => visible.map(|job| job.configured()).collect(),
        "/nodes/{node}/replication" => visible
            .filter(|job| job.is_run_by(&call.shared, call.node()))
            .map(|job| job.state())
            .collect(),
        _ => return Err(call.not_implemented()),
    };
    data(json!(entries))
}
