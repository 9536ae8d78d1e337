//! Answers of any shape are read: a new release is no reason to fail.

use proptest::prelude::*;
use pve::{
    Answer, CephDaemons, CephHealth, Found, HaRequest, HaService, Member, NodeGuest, NodeRow,
    NodeStatus, NodeUpdate, PendingAgent, Preconditions, Qdevice, ReplicationJob, RunningTask,
    TaskStatus, Upid, VmConfig, VmStatus, call, ha_nodes, is_standalone, noout, quorate, votes,
};
use serde_json::{Map, Value, json};

/// The keys that the readers look at, so that whatever is drawn is found under one.
const KEYS: [&str; 45] = [
    "data",
    "type",
    "vmid",
    "node",
    "name",
    "status",
    "qmpstatus",
    "agent",
    "lock",
    "template",
    "ha",
    "managed",
    "state",
    "tags",
    "hastate",
    "key",
    "pending",
    "exitstatus",
    "quorum_votes",
    "State",
    "Algorithm",
    "health",
    "checks",
    "summary",
    "quorum_names",
    "osd",
    "mon",
    "hostname",
    "manager_status",
    "node_status",
    "sid",
    "crm_state",
    "local_disks",
    "local_resources",
    "allowed_nodes",
    "not_allowed_nodes",
    "current-kernel",
    "maxmem",
    "endtime",
    "upid",
    "Package",
    "Version",
    "pid",
    "last_sync",
    "fail_count",
];

const WORDS: [&str; 14] = [
    "",
    "1",
    "0",
    "running",
    "stopped",
    "qemu",
    "lxc",
    "cluster",
    "agent",
    "ignored",
    "OK",
    "WARNINGS: 3",
    "enabled=1,type=isa,,=",
    "pve1",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|it| json!(it)),
        prop::sample::select(WORDS.to_vec()).prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned);
    scalar().prop_recursive(3, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..8)
                .prop_map(|it| Value::Object(it.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_is_read(data in anything()) {
        let _ = (quorate(&data), HaRequest::read(&data), PendingAgent::read(&data));
        let _ = (VmStatus::read(&data), VmConfig::read(&data).port(), TaskStatus::read(&data));
        let _ = (Member::all(&data), is_standalone(&data), votes(&data), Qdevice::read(&data));
        let _ = (CephHealth::read(&data), CephDaemons::read(&data), noout(&data));
        let _ = (HaService::all(&data), ha_nodes(&data), Preconditions::read(&data));
        let _ = (NodeStatus::read(&data), NodeRow::all(&data), NodeUpdate::all(&data));
        let _ = (RunningTask::all(&data), ReplicationJob::all(&data), NodeGuest::all(&data));
        for found in Found::all(&data) {
            prop_assert!(call::guest::status(&found.node, found.vmid).path.starts_with("/nodes/"));
        }
    }

    #[test]
    fn an_answer_is_data_or_one_line(status in 100_u16..700, reason in ".{0,40}", body in anything()) {
        let answer = Answer { status, reason, body: body.to_string().into_bytes() };
        match answer.data() {
            Ok(_) => prop_assert!((200..300).contains(&status)),
            Err(failure) => prop_assert!(!failure.to_string().contains(char::is_control)),
        }
    }

    #[test]
    fn what_is_added_to_an_answer_changes_nothing(added in anything()) {
        let plain = json!({"status": "running", "qmpstatus": "running", "lock": "backup", "agent": 1,
            "ha": {"managed": 1, "state": "started"}});
        let mut more = plain.clone();
        more["field of a later release"] = added.clone();
        more["ha"]["another"] = added;
        prop_assert_eq!(VmStatus::read(&more), VmStatus::read(&plain));
    }

    #[test]
    fn a_task_id_that_is_read_stays_in_its_segment(text in "UPID:[a-z./-]{0,6}(:[0-9A-F]{1,8}){3}:.{1,4}:.{0,4}:.{1,4}:") {
        if let Ok(upid) = text.parse::<Upid>() {
            prop_assert_eq!(upid.as_str(), text);
            let path = call::task::status(&upid).path;
            prop_assert_eq!(path.matches('/').count(), 5, "{}", path);
        }
    }
}
