//! What a real server answered, read again.

use pve::{
    AgentPort, Answer, Failure, HaSight, TaskEnd, TaskStatus, Upid, VmConfig, VmStatus, call,
    quorate,
};
use serde_json::Value;

const TRANSCRIPTS: [&str; 3] = [
    include_str!("data/transcripts/transcript1.txt"),
    include_str!("data/transcripts/transcript2.txt"),
    include_str!("data/transcripts/transcript3.txt"),
];

/// Each request as it was made, with its answer.
fn exchanges() -> Vec<(String, Answer)> {
    let lines = TRANSCRIPTS.iter().flat_map(|it| it.lines());
    let mut exchanges: Vec<(String, Answer)> = Vec::new();
    let mut is_open = false;
    for line in lines {
        if let Some(request) = line.strip_prefix("--- ") {
            let answer = Answer {
                status: 0,
                reason: String::new(),
                body: Vec::new(),
            };
            exchanges.push((request.to_owned(), answer));
            is_open = true;
        } else if line.starts_with("[t=") {
            is_open = false;
        } else if let Some((_, answer)) = exchanges.last_mut().filter(|_| is_open) {
            match line.strip_prefix("HTTP/1.1 ") {
                Some(head) => {
                    let (status, reason) = head.split_once(' ').expect("a status line");
                    answer.status = status.parse().expect("a status");
                    answer.reason = reason.to_owned();
                }
                None => answer.body = line.as_bytes().to_vec(),
            }
        }
    }
    exchanges
}

/// The answers to requests that end like this, in order.
fn answers(request: &str) -> Vec<Answer> {
    let found: Vec<_> = exchanges()
        .into_iter()
        .filter(|(made, _)| made.ends_with(request))
        .map(|(_, answer)| answer)
        .collect();
    assert!(!found.is_empty(), "no {request}");
    found
}

fn first(request: &str) -> Result<Value, Failure> {
    answers(request).remove(0).data()
}

#[test]
fn every_answer_is_read_as_it_was_meant() {
    let mut told = String::new();
    for (request, answer) in exchanges() {
        let read = match answer.data() {
            Ok(data) => {
                let data = data.to_string();
                format!("data {}", data.chars().take(60).collect::<String>())
            }
            Err(failure) => format!("{failure:?}"),
        };
        told += &format!("{request}\n    {} {read}\n", answer.status);
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_login_that_is_refused_has_no_body() {
    let refused: Vec<_> = answers("/version").iter().map(Answer::data).collect();
    assert_eq!(
        refused,
        ["Authentication failed!", "No ticket"].map(|it| Err(Failure::Unauthorized(it.to_owned())))
    );
}

#[test]
fn a_machine_that_runs_is_seen_running_and_unmanaged() {
    let status = VmStatus::read(&first("/qemu/100/status/current").unwrap());
    assert_eq!(status.run_state.as_str(), "running");
    assert_eq!(
        (status.agent, status.lock, status.template),
        (Some(true), None, false)
    );
    assert_eq!(status.ha, HaSight::Unmanaged);
    let config = VmConfig::read(&first("/qemu/100/config").unwrap());
    assert_eq!(config.port(), AgentPort::Virtio);
    assert_eq!(config.agent.as_deref(), Some("1"));
}

#[test]
fn a_machine_that_is_off_is_seen_stopped() {
    let last = TRANSCRIPTS[2].lines().last().unwrap();
    let body: Value = serde_json::from_str(last).unwrap();
    assert_eq!(VmStatus::read(&body["data"]).run_state.as_str(), "stopped");
}

#[test]
fn the_tasks_own_words_tell_that_a_post_did_nothing() {
    let post = first("timeout=20 /nodes/vm/qemu/100/status/shutdown").unwrap();
    let upid = Upid::read(&post).unwrap();
    assert_eq!(upid.node().as_str(), "vm");
    let (ours, path) = (call::task::status(&upid).path, format!("{upid}/status"));
    assert_eq!(
        ours.replace("%3A", ":")
            .replace("%40", "@")
            .replace("%21", "!"),
        format!("/nodes/vm/tasks/{path}")
    );
    let status = TaskStatus::read(&first(&path).unwrap());
    let locked = TaskEnd::Failed("VM is locked (backup)".to_owned());
    assert_eq!(status, TaskStatus::Ended(locked));
}

#[test]
fn high_availability_of_a_standalone_node_manages_nothing() {
    let rows = first("/cluster/ha/status/current").unwrap();
    assert_eq!(quorate(&rows), Some(true), "no row is a cluster's");
}
