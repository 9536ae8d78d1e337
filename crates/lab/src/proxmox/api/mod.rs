//! The calls that are played, in the order of a real server's checks: who asks, is there such a call,
//! may they, which node, are the parameters right, and only then the call itself.

mod access;
mod agent;
mod agent_data;
mod apt;
mod ceph;
mod cluster;
mod containers;
mod future;
mod guest;
mod ha;
mod migration;
mod node;
mod power;
mod replication;
mod snapshot;
mod tasks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::access::authenticate;
use super::guest::Guest;
use super::http::Asked;
use super::permission::Principal;
use super::reply::{ApiError, Reply};
use super::shared::Shared;

/// What a call has to go by.
pub(super) struct Call {
    pub(super) shared: Arc<Shared>,
    pub(super) asked: Asked,
    pub(super) of_path: BTreeMap<String, String>,
    /// Who asks; nobody where the world may.
    pub(super) who: Principal,
}

pub(super) type Answer = Result<Reply, ApiError>;

/// A wrong login is never answered faster.
const UNAUTHORIZED_TAKES: Duration = Duration::from_secs(3);

/// Answers one request.
pub(super) async fn answer(shared: &Arc<Shared>, asked: Asked) -> Reply {
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

impl Call {
    async fn dispatch(&self, template: &str) -> Answer {
        let below_guest = template.strip_prefix("/nodes/{node}/qemu/{vmid}/");
        match (self.asked.method.as_str(), template) {
            (_, path) if path.starts_with("/access/") => access::answer(self, path),
            (_, path) if path.starts_with("/cluster/ha/") => ha::answer(self, path),
            (_, path) if path.starts_with("/nodes/{node}/tasks") => tasks::answer(self, path).await,
            (_, path) if path.starts_with("/nodes/{node}/lxc") => containers::answer(self, path),
            (method, _) if below_guest.is_some() => {
                self.about_guest(method, below_guest.unwrap_or_default())
                    .await
            }
            (_, path) if path.starts_with("/cluster/ceph/") => ceph::answer(self, path),
            ("GET", "/cluster/tasks") => Ok(tasks::of_cluster(self)),
            ("GET", path) if path.starts_with("/nodes") => node::answer(self, path).await,
            ("GET", path) => cluster::answer(self, path).await,
            _ => Err(self.not_implemented()),
        }
    }

    async fn about_guest(&self, method: &str, rest: &str) -> Answer {
        match rest.split_once('/').map_or(rest, |(first, _)| first) {
            "agent" => agent::answer(self, method, rest.trim_start_matches("agent")).await,
            "status" if method == "POST" => power::answer(self, rest).await,
            "snapshot" => snapshot::answer(self, method, rest),
            "migrate" if method == "POST" => migration::begin(self, &self.guest()?),
            "migrate" => migration::preconditions(self),
            _ => guest::answer(self, rest).await,
        }
    }

    fn not_implemented(&self) -> ApiError {
        ApiError::not_implemented(&self.asked.method, &self.asked.path)
    }

    fn node(&self) -> &str {
        self.of_path
            .get("node")
            .map_or(&*self.asked.node, String::as_str)
    }

    fn vmid(&self) -> u32 {
        let vmid = self.of_path.get("vmid").and_then(|vmid| vmid.parse().ok());
        vmid.unwrap_or_default()
    }

    /// The guest that the path names, on the node that the path names.
    fn guest(&self) -> Result<Arc<Guest>, ApiError> {
        let here = |guest: &Arc<Guest>| guest.is_on(self.node()) && !guest.is_container();
        self.shared.guest(self.vmid()).filter(here).ok_or_else(|| {
            let (node, vmid) = (self.node(), self.vmid());
            let file = format!("nodes/{node}/qemu-server/{vmid}.conf");
            ApiError::died(format!("Configuration file '{file}' does not exist"))
        })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.asked.parameters.get(name)
    }

    fn flag(&self, name: &str) -> bool {
        self.asked.parameters.flag(name)
    }

    fn seconds(&self, name: &str) -> Option<Duration> {
        self.asked.parameters.number(name).map(Duration::from_secs)
    }
}

fn data(data: Value) -> Answer {
    Ok(Reply::Data(data))
}
