//! What a real node answered, asked of the lab again: the same status, reason phrase, error text, and
//! fields.

use std::collections::BTreeSet;
use std::time::Duration;

use lab::proxmox::{AgentState, Fault, Simulated};
use serde_json::Value;

use crate::client::{Client, Reply};
use crate::{BOOT_ID, Cluster};

const FIRST: &str = include_str!("../../../pve/tests/data/transcripts/transcript1.txt");
const SECOND: &str = include_str!("../../../pve/tests/data/transcripts/transcript2.txt");
const THIRD: &str = include_str!("../../../pve/tests/data/transcripts/transcript3.txt");

/// What was asked and answered once.
#[derive(Debug, Clone)]
struct Exchange {
    method: String,
    path: String,
    form: String,
    status: u16,
    reason: String,
    /// Nothing where the transcript has none, or cuts it.
    body: Option<Value>,
    took: Duration,
}

/// The exchanges of a transcript, `--- [-X METHOD] [-d FORM]... PATH` and what followed.
fn exchanges(transcript: &str) -> Vec<Exchange> {
    let blocks = transcript.split("--- ").skip(1);
    blocks.filter_map(exchange).collect()
}

fn exchange(block: &str) -> Option<Exchange> {
    let mut lines = block.lines();
    let (mut method, mut form, mut path) = ("GET".to_owned(), Vec::new(), String::new());
    let mut words = lines.next()?.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "-X" => words.next()?.clone_into(&mut method),
            "-d" | "--data-urlencode" => form.push(words.next()?),
            other => other.clone_into(&mut path),
        }
    }
    let status_line = lines.next()?.strip_prefix("HTTP/1.1 ")?;
    let (status, reason) = status_line.split_once(' ')?;
    let rest: Vec<&str> = lines.collect();
    let took = rest
        .iter()
        .find_map(|line| line.strip_prefix("[t=")?.strip_suffix("s]"));
    Some(Exchange {
        method,
        path,
        form: form.join("&"),
        status: status.parse().ok()?,
        reason: reason.to_owned(),
        body: rest.iter().find_map(|line| serde_json::from_str(line).ok()),
        took: Duration::from_secs_f64(took?.parse().ok()?),
    })
}

async fn replay(client: &Client, exchange: &Exchange) -> Reply {
    client
        .ask(&exchange.method, &exchange.path, &exchange.form)
        .await
}

#[track_caller]
fn assert_alike(exchange: &Exchange, reply: &Reply) {
    assert_eq!(
        (reply.status, &reply.reason),
        (exchange.status, &exchange.reason),
        "{exchange:?}"
    );
    // Whole seconds are what the API waits for; the rest is the machine's.
    let waited = Duration::from_secs(exchange.took.as_secs());
    assert!(reply.took >= waited, "{exchange:?} took {:?}", reply.took);
    let Some(expected) = &exchange.body else {
        return;
    };
    let body = reply.json();
    if exchange.status != 200 {
        assert_eq!(&body, expected, "{exchange:?}");
    }
    assert_eq!(keys(&body), keys(expected), "{exchange:?}");
    assert_eq!(keys(&body["data"]), keys(&expected["data"]), "{exchange:?}");
}

fn keys(value: &Value) -> BTreeSet<String> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.clone())
        .collect()
}

/// The exchanges whose path, method and form are these.
fn of(transcript: &str, method: &str, path: &str, form: &str) -> Vec<Exchange> {
    let mut found = exchanges(transcript);
    found.retain(|it| {
        (it.method.as_str(), it.path.as_str(), it.form.as_str()) == (method, path, form)
    });
    assert!(!found.is_empty(), "{method} {path} {form}");
    found
}

#[test]
fn the_transcripts_are_read_whole() {
    let counts = [FIRST, SECOND, THIRD].map(|text| exchanges(text).len());
    assert_eq!(counts, [15, 8, 6]);
}

#[tokio::test]
async fn the_first_transcript_is_answered_again() {
    let cluster = Cluster::single().await;
    cluster.add("vm", 101, Simulated::new(BOOT_ID).powered_off());
    let client = cluster.client("vm");
    let run = "command=cat&command=/proc/sys/kernel/random/boot_id";
    let pid = client
        .post("/nodes/vm/qemu/100/agent/exec", run)
        .await
        .data()["pid"]
        .to_string();
    let mut logins = 0;
    for mut exchange in exchanges(FIRST) {
        exchange.path = exchange.path.replace("pid=383", &format!("pid={pid}"));
        match exchange.status {
            // A wrong token first, then none.
            401 => {
                logins += 1;
                let anonymous = cluster.anonymous("vm");
                let wrong = "PVEAPIToken=lab@pve!hospes=00000000-0000-0000-0000-000000000000";
                let client = match logins {
                    1 => anonymous.with_header("Authorization", wrong),
                    _ => anonymous,
                };
                assert_alike(&exchange, &replay(&client, &exchange).await);
            }
            // Privileges have tests of their own.
            403 => {}
            // That node's package lists were broken.
            500 if exchange.path.ends_with("/apt/update") => {}
            _ => assert_alike(&exchange, &replay(&client, &exchange).await),
        }
    }
}

#[tokio::test]
async fn missing_privileges_are_told_as_in_the_first_transcript() {
    let cluster = Cluster::shaped(&["vm"], |layout| layout.grant("/", &["VM.Audit"], true)).await;
    cluster.add("vm", 100, Simulated::new(BOOT_ID));
    let client = cluster.client("vm");
    let refused: Vec<Exchange> = exchanges(FIRST)
        .into_iter()
        .filter(|exchange| exchange.status == 403)
        .collect();
    assert_eq!(refused.len(), 2);
    for exchange in refused {
        assert_alike(&exchange, &replay(&client, &exchange).await);
    }
}

#[tokio::test]
async fn a_silent_agent_costs_what_it_cost_in_the_second_transcript() {
    let cluster = Cluster::single().await;
    let client = cluster.client("vm");
    cluster.proxmox.set_agent(100, AgentState::Dead).unwrap();
    let pings = of(SECOND, "POST", "/nodes/vm/qemu/100/agent/ping", "");
    let exec = of(
        SECOND,
        "POST",
        "/nodes/vm/qemu/100/agent/exec",
        "command=true",
    );
    for exchange in pings
        .iter()
        .filter(|it| it.status == 500)
        .take(1)
        .chain(&exec)
    {
        assert_alike(exchange, &replay(&client, exchange).await);
    }
    cluster.proxmox.set_agent(100, AgentState::Alive).unwrap();
    for exchange in pings.iter().filter(|it| it.status == 200) {
        assert_alike(exchange, &replay(&client, exchange).await);
    }
}

#[tokio::test]
async fn nine_pings_of_a_dead_agent_take_three_waves() {
    let cluster = Cluster::single().await;
    cluster.proxmox.set_agent(100, AgentState::Dead).unwrap();
    let mut pings = tokio::task::JoinSet::new();
    for _ in 0..9 {
        let client = cluster.client("vm");
        pings.spawn(async move { client.post("/nodes/vm/qemu/100/agent/ping", "").await });
    }
    let mut took = Vec::new();
    while let Some(reply) = pings.join_next().await {
        took.push(reply.unwrap().took);
    }
    took.sort_unstable();
    for (place, took) in took.iter().enumerate() {
        let wave = u32::try_from(place / 3).unwrap() + 1;
        assert!(*took >= Duration::from_secs(3) * wave, "{place}: {took:?}");
    }
}

#[tokio::test]
async fn a_configuration_lock_is_a_success_and_then_a_failed_task() {
    let mut cluster = Cluster::single().await;
    cluster
        .proxmox
        .fault(Fault::ConfigLock(100, "backup".to_owned()))
        .unwrap();
    let client = cluster.client("vm");
    let posted = of(
        SECOND,
        "POST",
        "/nodes/vm/qemu/100/status/shutdown",
        "timeout=20",
    );
    let reply = replay(&client, &posted[0]).await;
    assert_alike(&posted[0], &reply);
    let upid = reply.upid();
    let (status, lines) = client.end_of("vm", &upid).await;
    assert_eq!(status, "VM is locked (backup)");
    assert_eq!(lines, ["TASK ERROR: VM is locked (backup)"]);
    let told: Vec<Exchange> = exchanges(SECOND)
        .into_iter()
        .filter(|it| it.path.contains("/tasks/"))
        .collect();
    for mut exchange in told {
        let tail = exchange.path.rsplit('/').next().unwrap().to_owned();
        exchange.path = format!("/nodes/vm/tasks/{upid}/{tail}");
        assert_alike(&exchange, &replay(&client, &exchange).await);
    }
    cluster.proxmox.clear().unwrap();
    for exchange in of(SECOND, "GET", "/nodes/vm/qemu/100/config", "") {
        let reply = replay(&client, &exchange).await;
        assert_alike(&exchange, &reply);
    }
    assert!(cluster.proxmox.is_running(100));
}

#[tokio::test]
async fn two_shutdowns_of_a_guest_that_takes_no_notice_end_as_in_the_third_transcript() {
    let cluster = Cluster::of(&["vm"]).await;
    let deaf = Simulated::new(BOOT_ID)
        .agent(AgentState::Dead)
        .ignoring_power_button();
    cluster.add("vm", 100, deaf);
    let client = cluster.client("vm");
    let first = client
        .post("/nodes/vm/qemu/100/status/shutdown", "timeout=15")
        .await
        .upid();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let second = client
        .post("/nodes/vm/qemu/100/status/shutdown", "timeout=15")
        .await
        .upid();
    let (status, lines) = client.end_of("vm", &second).await;
    assert_eq!((status, lines), end_in_third(1));
    let (status, lines) = client.end_of("vm", &first).await;
    assert_eq!((status, lines), end_in_third(0));
    assert!(cluster.proxmox.is_running(100));
    assert_eq!(cluster.proxmox.power_cuts(), 0);
}

#[tokio::test]
async fn a_deleted_task_ends_unexpectedly_after_the_guest_was_told() {
    let cluster = Cluster::of(&["vm"]).await;
    let deaf = Simulated::new(BOOT_ID).ignoring_power_button();
    cluster.add("vm", 100, deaf.shuts_down_in(Duration::from_secs(3600)));
    let client = cluster.client("vm");
    let upid = client
        .post("/nodes/vm/qemu/100/status/shutdown", "")
        .await
        .upid();
    let reply = client
        .ask("DELETE", &format!("/nodes/vm/tasks/{upid}"), "")
        .await;
    let deleted = exchanges(THIRD)
        .into_iter()
        .find(|it| it.method == "DELETE")
        .unwrap();
    assert_alike(&deleted, &reply);
    assert_eq!(client.end_of("vm", &upid).await.0, "unexpected status");
}

/// Exit status and log of the nth task of the third transcript.
fn end_in_third(nth: usize) -> (String, Vec<String>) {
    let logs = exchanges(THIRD)
        .into_iter()
        .filter(|it| it.path.ends_with("/log"));
    let log = logs.map(|it| it.body.unwrap()).nth(nth).unwrap();
    let lines = log["data"].as_array().unwrap().iter();
    let lines: Vec<String> = lines
        .map(|line| line["t"].as_str().unwrap().to_owned())
        .collect();
    let last = lines.last().unwrap();
    let status = last.strip_prefix("TASK ERROR: ").unwrap_or("OK").to_owned();
    (status, lines)
}
