//! The calls that are played, in the order of a real server's checks: who asks, is there such a call,
//! may they, which node, are the parameters right, and only then the call itself.

mod access;
mod agent;
mod agent_data;
mod apt;
mod call;
mod ceph;
mod checks;
mod cluster;
mod containers;
mod dispatch;
mod future;
mod guest;
mod ha;
mod migration;
mod node;
mod power;
mod replication;
mod snapshot;
mod tasks;

use call::{Answer, Call, data};
pub(super) use checks::answer;
