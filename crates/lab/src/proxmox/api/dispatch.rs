//! Which file has which call.

use super::{
    Answer, Call, access, agent, ceph, cluster, containers, guest, ha, migration, node, power,
    snapshot, tasks,
};

impl Call {
    pub(super) async fn dispatch(&self, template: &str) -> Answer {
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
}
