//! `/nodes/NODE/tasks` and `/cluster/tasks`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Call, data};
use crate::proxmox::permission::{Wanted, holds};
use crate::proxmox::reply::{ApiError, Reply};
use crate::proxmox::task::Task;

/// A worker that is interrupted is given this long before it is killed.
const INTERRUPT: Duration = Duration::from_secs(5);

pub(super) async fn answer(call: &Call, path: &str) -> Answer {
    let rest = path.trim_start_matches("/nodes/{node}/tasks");
    if rest.is_empty() {
        return Ok(of_node(call));
    }
    let upid = call.of_path.get("upid").map_or("", String::as_str);
    if !upid.starts_with("UPID:") || upid.split(':').count() != 9 {
        return Err(ApiError::parameter("upid", "unable to parse worker upid"));
    }
    let Some(task) = call.shared.tasks.find(upid) else {
        return Err(ApiError::parameter("upid", "no such task"));
    };
    check_owner(call, &task)?;
    match (call.asked.method.as_str(), rest) {
        ("GET", "/{upid}/status") => data(task.status()),
        ("GET", "/{upid}/log") => Ok(log(call, &task)),
        ("DELETE", "/{upid}") => {
            task.kill();
            tokio::time::sleep(INTERRUPT).await;
            data(Value::Null)
        }
        _ => Err(call.not_implemented()),
    }
}

/// Tasks of others are for those who may audit the node.
fn check_owner(call: &Call, task: &Task) -> Result<(), ApiError> {
    let path = format!("/nodes/{}", task.node);
    let audits = holds(&call.shared, &path, &["Sys.Audit".to_owned()], Wanted::All);
    if task.owner.user == call.who.user || audits {
        return Ok(());
    }
    Err(ApiError::forbidden(&path, "Sys.Audit"))
}

fn log(call: &Call, task: &Task) -> Reply {
    let number = |name: &str, default: usize| {
        let given = call.asked.parameters.number(name);
        given
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(default)
    };
    let (data, total) = task.lines(number("start", 0), number("limit", 50));
    Reply::Lines { data, total }
}

fn of_node(call: &Call) -> Reply {
    let source = call.parameter("source").unwrap_or("archive");
    let of_vm = call.asked.parameters.number("vmid");
    let limit = call.asked.parameters.number("limit").unwrap_or(50);
    let wanted = |task: &&std::sync::Arc<Task>| {
        let listed = match source {
            "active" => task.is_running(),
            "archive" => !task.is_running(),
            _ => true,
        };
        let of_guest = of_vm.is_none_or(|vmid| vmid == u64::from(task.vmid));
        task.node == call.node() && listed && of_guest && check_owner(call, task).is_ok()
    };
    let tasks = call.shared.tasks.all();
    let entries = tasks.iter().filter(wanted).map(|task| task.entry());
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Reply::Data(json!(entries.take(limit).collect::<Vec<_>>()))
}

/// The cluster's recent tasks.
pub(super) fn of_cluster(call: &Call) -> Reply {
    let tasks = call.shared.tasks.all();
    let visible = tasks.iter().filter(|task| check_owner(call, task).is_ok());
    let entries: Vec<Value> = visible.take(25).map(|task| task.entry()).collect();
    Reply::Data(json!(entries))
}
