//! The guests of a cluster.

use conditions::NodeName;
use serde_json::Value;

use super::field::{flag, number, text, word};

/// A guest that the cluster names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its number, unique in the cluster.
    pub vmid: u32,
    /// Its name there; names are not unique.
    pub name: Option<String>,
    /// Where it is.
    pub node: NodeName,
    /// What it is.
    pub kind: GuestKind,
    /// `running`, `stopped`, or the cluster's word; `unknown` while its node is away.
    pub status: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The pool that it is in.
    pub pool: Option<String>,
    /// It is a template: never powered on.
    pub template: bool,
    /// The lock in its configuration (`backup`).
    pub lock: Option<String>,
    /// The state in which high availability has it, if it manages it.
    pub ha_state: Option<String>,
}

/// What a guest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuestKind {
    /// A virtual machine.
    Qemu,
    /// A container: listed, and moved where its node is patched.
    Lxc,
}

impl Found {
    /// The guests in the answer to [`crate::call::cluster::guests`] or
    /// [`crate::call::cluster::resources`], by number. Rows of other kinds, and rows without a number
    /// or a node, are passed over.
    #[must_use]
    pub fn all(data: &Value) -> Vec<Self> {
        let rows = data.as_array().into_iter().flatten();
        let mut found: Vec<_> = rows.filter_map(Self::in_row).collect();
        found.sort_by_key(|it| it.vmid);
        found
    }

    fn in_row(row: &Value) -> Option<Self> {
        let kind = match row.get("type")?.as_str()? {
            "qemu" => GuestKind::Qemu,
            "lxc" | "openvz" => GuestKind::Lxc,
            _ => return None,
        };
        Some(Self {
            vmid: u32::try_from(number(row, "vmid")?).ok()?,
            name: word(row, "name"),
            node: NodeName::new(word(row, "node")?),
            kind,
            status: word(row, "status").unwrap_or_else(|| "unknown".to_owned()),
            tags: text(row, "tags").map(tags).unwrap_or_default(),
            pool: word(row, "pool"),
            template: flag(row, "template").unwrap_or(false),
            lock: word(row, "lock"),
            ha_state: word(row, "hastate").filter(|it| it != "ignored"),
        })
    }
}

/// The tags in a list, which has had three separators.
fn tags(list: &str) -> Vec<String> {
    let tags = list.split([';', ',', ' ']).filter(|tag| !tag.is_empty());
    tags.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn guests_are_found_among_everything_else() {
        let found = Found::all(&json!([
            {"type": "storage", "id": "storage/pve1/local", "vmid": 7, "node": "pve1"},
            {"type": "lxc", "vmid": "103", "node": "pve2", "status": "running", "template": 0},
            {"type": "qemu", "vmid": 101, "node": "pve1", "name": "web1", "status": "running",
             "tags": "prod;web", "pool": "shop", "lock": "backup", "hastate": "started",
             "memhost": 1, "newfield": {"x": []}},
            {"type": "qemu", "vmid": 102, "node": "pve1", "status": "unknown", "template": "1",
             "hastate": "ignored", "tags": "", "name": ""},
            {"type": "qemu", "node": "pve1"},
            {"type": "qemu", "vmid": 104},
            {"type": "qemu", "vmid": 99_999_999_999_u64, "node": "pve1"},
            {"type": "unikernel", "vmid": 105, "node": "pve1"},
            {"type": 3}, null, "row",
        ]));
        let numbers: Vec<_> = found.iter().map(|it| it.vmid).collect();
        assert_eq!(numbers, [101, 102, 103]);
        let web = &found[0];
        assert_eq!(web.name.as_deref(), Some("web1"));
        assert_eq!(web.tags, ["prod", "web"]);
        assert_eq!(web.pool.as_deref(), Some("shop"));
        assert_eq!(web.lock.as_deref(), Some("backup"));
        assert_eq!(web.ha_state.as_deref(), Some("started"));
        let template = &found[1];
        assert!(template.template && template.tags.is_empty() && template.name.is_none());
        assert_eq!(template.ha_state, None, "ignored is not managed");
        assert_eq!(
            (found[2].kind, found[2].node.as_str()),
            (GuestKind::Lxc, "pve2")
        );
        assert!(Found::all(&json!({"data": []})).is_empty());
    }

    #[test]
    fn tags_have_had_three_separators() {
        for list in ["a;b", "a,b", "a b", ";a;;b,"] {
            assert_eq!(tags(list), ["a", "b"], "{list}");
        }
    }
}
