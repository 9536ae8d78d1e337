//! `/cluster/ceph` and `/nodes/NODE/ceph`.

use serde_json::{Value, json};

use super::{Answer, Call, data};
use crate::proxmox::ceph::Ceph;
use crate::proxmox::parameters::boolean;
use crate::proxmox::reply::ApiError;

pub(super) fn answer(call: &Call, path: &str) -> Answer {
    let flag = call.of_path.get("flag").map_or("", String::as_str);
    let mut ceph = call.shared.ceph();
    let ceph = ceph
        .as_mut()
        .ok_or_else(|| ApiError::died("binary not installed: /usr/bin/ceph-mon"))?;
    match (call.asked.method.as_str(), path) {
        ("GET", "/cluster/ceph/status" | "/nodes/{node}/ceph/status") => {
            data(ceph.status(&call.shared))
        }
        ("GET", "/cluster/ceph/metadata") => data(Ceph::metadata(&call.shared)),
        ("GET", "/cluster/ceph/flags/{flag}") => {
            data(json!(u8::from(flag == "noout" && ceph.noout)))
        }
        ("PUT", "/cluster/ceph/flags/{flag}") if flag == "noout" => {
            let value = call.parameter("value").and_then(boolean);
            ceph.noout = value.unwrap_or(false);
            data(Value::Null)
        }
        _ => Err(call.not_implemented()),
    }
}
