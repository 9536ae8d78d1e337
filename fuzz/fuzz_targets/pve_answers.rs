//! Bytes as an answer of a cluster's API: a status, a reason phrase and a body.
#![no_main]

use conditions::NodeName;
use libfuzzer_sys::fuzz_target;
use pve::agent::{Conversation, Plan, Reply};
use pve::privileges::{Privileges, Version};
use pve::{
    Answer, Call, Failure, Found, HaRequest, PendingAgent, TaskEnd, TaskStatus, Upid, VmConfig,
    VmStatus, call, quorate,
};
use serde_json::{Value, json};

const STATUSES: [u16; 12] = [200, 200, 200, 200, 400, 401, 403, 500, 501, 595, 599, 302];

/// More than any message needs, and far less than a body may have.
const LONGEST_MESSAGE: usize = 40_000;

fuzz_target!(|bytes: &[u8]| {
    let [status, rest @ ..] = bytes else {
        return;
    };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let line = rest.iter().position(|byte| *byte == b'\n');
    let (reason, body) = rest.split_at(line.unwrap_or(rest.len()));
    let answer = Answer {
        status,
        reason: String::from_utf8_lossy(reason).into_owned(),
        body: body.get(1..).unwrap_or_default().to_vec(),
    };
    match answer.data() {
        Ok(data) => {
            assert_eq!(status, 200);
            guests(&data);
            machine(&data);
            tasks(&data);
            agent(data);
        }
        Err(failure) => told(&failure),
    }
});

/// An error is one line of bounded length.
fn told(failure: &Failure) {
    let words = failure.to_string();
    assert!(!words.contains(|it: char| it.is_control()), "{words:?}");
    assert!(words.len() < LONGEST_MESSAGE);
}

/// Whatever a guest's node is called, the call stays a call about that guest.
fn guests(data: &Value) {
    let found = Found::all(data);
    assert!(found.is_sorted_by_key(|it| it.vmid));
    for it in &found {
        let end = format!("/qemu/{}/status/current", it.vmid);
        let call = call::guest::status(&it.node, it.vmid);
        let node = call.path.strip_prefix("/nodes/").expect("the beginning");
        let node = node.strip_suffix(&end).expect("the end");
        assert!(is_segment(node), "{call:?}");
    }
    let held = Privileges::read(data);
    let _ = held.missing(Version::answered(data), &[101]);
}

fn is_segment(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    !matches!(text, "" | "." | "..") && text.bytes().all(plain)
}

fn machine(data: &Value) {
    let _ = (
        quorate(data),
        HaRequest::read(data),
        VmConfig::read(data).port(),
    );
    if let Some(PendingAgent::Becomes(setting)) = PendingAgent::read(data) {
        assert!(!setting.contains(|it: char| it.is_control()));
    }
    // A field that is not known changes nothing.
    let status = VmStatus::read(data);
    if let Value::Object(fields) = data {
        let mut more = fields.clone();
        more.insert("a later release's field".to_owned(), json!([{}]));
        assert_eq!(VmStatus::read(&Value::Object(more)), status);
    }
}

fn tasks(data: &Value) {
    if let TaskStatus::Ended(TaskEnd::Failed(words)) = TaskStatus::read(data) {
        assert!(!words.contains(|it: char| it.is_control()));
    }
    match Upid::read(data) {
        Ok(upid) => {
            assert_eq!(data.as_str(), Some(upid.as_str()));
            let call = call::task::status(&upid);
            assert_eq!(call.path.matches('/').count(), 5, "{call:?}");
        }
        Err(failure) => told(&failure),
    }
}

fn agent(data: Value) {
    let node = NodeName::new("pve1");
    let mut talk = Conversation::default();
    let open = json!({"path": "/etc/os-release"});
    let mut ask = |command: &str, arguments: &Value| talk.plan(&node, 101, command, arguments);
    let Ok(Plan::Known(handle)) = ask("guest-file-open", &open) else {
        panic!("a file is open on this side");
    };
    let Ok(Plan::Piece(piece)) = ask("guest-file-read", &json!({"handle": handle, "count": 16}))
    else {
        panic!("a part of it is read");
    };
    let _: Call = piece.call(&node, 101);
    for is_whole in [true, false] {
        let _ = talk.read(&piece, &data, is_whole);
    }
    for reply in [Reply::Started, Reply::Status, Reply::Result] {
        let _ = reply.result(data.clone());
    }
}
