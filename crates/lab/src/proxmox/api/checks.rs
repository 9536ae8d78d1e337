//! A request's way to its call.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Answer, Call, future};
use crate::proxmox::access::authenticate;
use crate::proxmox::http::Asked;
use crate::proxmox::permission::Principal;
use crate::proxmox::reply::{ApiError, Reply};
use crate::proxmox::shared::Shared;

/// A wrong login is never answered faster.
const UNAUTHORIZED_TAKES: Duration = Duration::from_secs(3);

/// Answers one request.
pub(in crate::proxmox) async fn answer(shared: &Arc<Shared>, asked: Asked) -> Reply {
    let begun = Instant::now();
    let reply = checked(shared, asked).await;
    let reply = reply.unwrap_or_else(Reply::Error);
    let least = match &reply {
        Reply::Error(error) if error.status == 401 => UNAUTHORIZED_TAKES,
        _ => Duration::ZERO,
    };
    if !least.is_zero() {
        sleep_until(begun + least).await;
    }
    match reply {
        Reply::Data(data) if shared.faults().future => Reply::Data(future::made_newer(data)),
        reply => reply,
    }
}

async fn checked(shared: &Arc<Shared>, asked: Asked) -> Answer {
    let found = shared.schema.find(&asked.method, &asked.path);
    let for_the_world = found
        .as_ref()
        .is_some_and(|found| found.call.is_for_the_world());
    let who = match authenticate(&shared.secrets, &asked) {
        Ok(who) => who,
        Err(_) if for_the_world => Principal::user("nobody"),
        Err(error) => return Err(error),
    };
    let found = found.ok_or_else(|| ApiError::not_implemented(&asked.method, &asked.path))?;
    found.call.check_permissions(shared, &found.of_path)?;
    let node = found.of_path.get("node").cloned();
    if let Some(node) = &node {
        reach(shared, node)?;
    }
    let serving = node.unwrap_or_else(|| asked.node.to_string());
    let (template, call) = (
        found.call.path.clone(),
        Call {
            shared: Arc::clone(shared),
            of_path: found.of_path.clone(),
            who,
            asked,
        },
    );
    let agent_call = template
        .contains("/agent")
        .then(|| InFlight::begin(shared, &serving));
    let _worker = worker(shared, &serving, call.of_path.contains_key("node")).await;
    pause(shared, &serving).await;
    found
        .call
        .check_parameters(&call.of_path, &call.asked.parameters)?;
    let answer = call.dispatch(&template).await;
    drop(agent_call);
    answer
}

/// Fails like the proxy where the node is not there.
fn reach(shared: &Shared, node: &str) -> Result<(), ApiError> {
    if shared.workers(node).is_none() {
        return Err(ApiError::died(format!(
            "hostname lookup '{node}' failed - failed to get address info for: {node}: Name or \
             service not known"
        )));
    }
    match shared.is_online(node) {
        true => Ok(()),
        false => Err(ApiError::no_route()),
    }
}

/// One of the node's three workers, for calls that only they serve.
async fn worker(
    shared: &Shared,
    node: &str,
    needed: bool,
) -> Option<tokio::sync::OwnedSemaphorePermit> {
    let workers = shared.workers(node).filter(|_| needed)?;
    workers.acquire_owned().await.ok()
}

async fn pause(shared: &Shared, node: &str) {
    let slow = shared.faults().slow.get(node).copied().unwrap_or_default();
    let pause = shared.layout.latency + slow;
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
}

/// An agent call from its coming until its answer, also when the client leaves.
struct InFlight {
    shared: Arc<Shared>,
    node: String,
}

impl InFlight {
    fn begin(shared: &Arc<Shared>, node: &str) -> Self {
        shared.requests().agent_call_begins(node);
        Self {
            shared: Arc::clone(shared),
            node: node.to_owned(),
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.shared.requests().agent_call_ends(&self.node);
    }
}
