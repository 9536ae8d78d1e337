//! `inspect`: what the agent channel reports about a guest. Shown, never decisive.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use qga::commands::{self, Command};
use serde_json::{Value, json};

use crate::Exit;
use crate::cli;
use crate::edge::Agent;
use crate::fleet::Fleet;
use crate::show;

/// What is asked, under the name by which it is shown.
const QUESTIONS: [(&str, &str); 9] = [
    ("agent", "guest-info"),
    ("os", "guest-get-osinfo"),
    ("host_name", "guest-get-host-name"),
    ("timezone", "guest-get-timezone"),
    ("interfaces", "guest-network-get-interfaces"),
    ("file_systems", "guest-get-fsinfo"),
    ("users", "guest-get-users"),
    ("processors", "guest-get-vcpus"),
    ("load", "guest-get-load"),
];

pub(super) async fn run(fleet: &Fleet, options: &cli::One) -> Result<Exit> {
    let member = fleet.member(&options.guest).await?;
    let world = fleet.world(&member);
    let agent = world.slot.agent().await?;
    agent.send(commands::ping()).await.with_context(|| {
        format!(
            "{}'s agent cannot be asked; hospes check {0} tells more",
            member.id()
        )
    })?;
    let answers = ask(&agent).await;
    drop(agent);
    world.slot.release().await;
    if fleet.json() {
        fleet.document(
            "inspect",
            json!({ "guest": member.id(), "reports": answers }),
        )?;
        return Ok(Exit::Ok);
    }
    show::line(&format!(
        "{} (as its agent reports; this is no readiness)",
        member.id()
    ))?;
    for (name, text) in summary(&answers) {
        for (i, line) in text.lines().enumerate() {
            let name = if i == 0 { name } else { "" };
            show::line(&format!("  {name:<13} {line}"))?;
        }
    }
    Ok(Exit::Ok)
}

/// Every answer that the agent gives; those it refuses or does not know are left out.
async fn ask(agent: &Agent) -> BTreeMap<&'static str, Value> {
    let mut answers = BTreeMap::new();
    for (name, command) in QUESTIONS {
        if let Ok(answer) = agent.send(Command::new(command, Value::Null)).await {
            answers.insert(name, answer);
        }
    }
    answers
}

/// The answers as short texts, in the order of the questions.
fn summary(answers: &BTreeMap<&'static str, Value>) -> Vec<(&'static str, String)> {
    QUESTIONS
        .iter()
        .filter_map(|(name, _)| answers.get(name).map(|answer| (*name, short(name, answer))))
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

fn short(name: &str, answer: &Value) -> String {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let each = |line: &dyn Fn(&Value) -> String| {
        let lines: Vec<_> = answer.as_array().into_iter().flatten().map(line).collect();
        lines.join("\n")
    };
    match name {
        "agent" => format!("version {}", text(answer, "version")),
        "os" => format!(
            "{} (kernel {})",
            text(answer, "pretty-name"),
            text(answer, "kernel-release")
        ),
        "host_name" => text(answer, "host-name"),
        "timezone" => text(answer, "zone"),
        "interfaces" => each(&interface),
        "file_systems" => each(&file_system),
        "users" => each(&|user| text(user, "user")),
        "processors" => format!("{} online", online(answer)),
        "load" => format!(
            "{} {} {}",
            answer["load1m"], answer["load5m"], answer["load15m"]
        ),
        _ => String::new(),
    }
}

fn online(processors: &Value) -> usize {
    processors
        .as_array()
        .into_iter()
        .flatten()
        .filter(|cpu| cpu["online"] == true)
        .count()
}

fn interface(value: &Value) -> String {
    let addresses = value["ip-addresses"].as_array().into_iter().flatten();
    let addresses: Vec<_> = addresses
        .filter_map(|a| Some(format!("{}/{}", a["ip-address"].as_str()?, a["prefix"])))
        .collect();
    let name = value["name"].as_str().unwrap_or("?");
    let mac = value["hardware-address"].as_str().unwrap_or("no address");
    format!("{name} {mac} {}", addresses.join(" "))
}

fn file_system(value: &Value) -> String {
    const MIB: u64 = 1024 * 1024;
    let text = |key: &str| value[key].as_str().unwrap_or("?");
    let used = match (value["used-bytes"].as_u64(), value["total-bytes"].as_u64()) {
        (Some(used), Some(total)) => format!("{} of {} MiB used", used / MIB, total / MIB),
        _ => String::new(),
    };
    format!("{} {} {used}", text("mountpoint"), text("type"))
}
