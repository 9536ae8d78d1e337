//! What the agent of a simulated guest answers.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::machine::AgentFailure;
use super::simulated::{AgentState, Execution, State};

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// Results that nobody asked for are dropped beyond this many.
const KEPT_RESULTS: usize = 16;

const COMMANDS: [&str; 19] = [
    "guest-exec",
    "guest-exec-status",
    "guest-file-close",
    "guest-file-open",
    "guest-file-read",
    "guest-file-write",
    "guest-fsfreeze-status",
    "guest-get-fsinfo",
    "guest-get-host-name",
    "guest-get-osinfo",
    "guest-get-time",
    "guest-get-timezone",
    "guest-get-users",
    "guest-get-vcpus",
    "guest-info",
    "guest-network-get-interfaces",
    "guest-ping",
    "guest-shutdown",
    "guest-sync-delimited",
];

pub(super) fn answer(
    name: &str,
    state: &mut State,
    command: &str,
    arguments: &Value,
) -> Result<Value, AgentFailure> {
    match command {
        "guest-ping" | "guest-file-close" => Ok(json!({})),
        "guest-info" => Ok(info()),
        "guest-fsfreeze-status" => Ok(json!(freeze_status(state.guest.agent))),
        "guest-get-host-name" => Ok(json!({"host-name": name})),
        "guest-get-osinfo" => Ok(os_info()),
        "guest-get-timezone" => Ok(json!({"zone": "UTC", "offset": 0})),
        "guest-get-time" => Ok(json!(1_795_290_468_000_000_000_u64)),
        "guest-get-users" => Ok(json!([])),
        "guest-get-vcpus" => Ok(json!([{"logical-id": 0, "online": true, "can-offline": false}])),
        "guest-get-fsinfo" => Ok(file_systems()),
        "guest-network-get-interfaces" => Ok(interfaces(state.guest.address)),
        "guest-exec" => Ok(exec(state, arguments)),
        "guest-exec-status" => exec_status(state, arguments["pid"].as_i64()),
        "guest-file-open" => open(state, arguments["path"].as_str().unwrap_or_default()),
        "guest-file-read" => Ok(read(name, state, &arguments["handle"])),
        unknown => Err(AgentFailure::Refused {
            class: "CommandNotFound".to_owned(),
            description: format!("The command {unknown} has not been found"),
        }),
    }
}

fn info() -> Value {
    let commands = COMMANDS.iter().map(|command| {
        let answers = *command != "guest-shutdown";
        json!({"name": command, "enabled": true, "success-response": answers})
    });
    json!({"version": "7.2.22", "supported_commands": commands.collect::<Vec<_>>()})
}

const fn freeze_status(agent: AgentState) -> &'static str {
    match agent {
        AgentState::FileSystemsFrozen => "frozen",
        AgentState::Alive | AgentState::Dead => "thawed",
    }
}

fn os_info() -> Value {
    json!({
        "id": "debian", "name": "Debian GNU/Linux", "version": "12 (bookworm)", "version-id": "12",
        "pretty-name": "Debian GNU/Linux 12 (bookworm)", "machine": "x86_64",
        "kernel-release": "6.1.0-40-amd64", "kernel-version": "#1 SMP PREEMPT_DYNAMIC Debian",
    })
}

fn file_systems() -> Value {
    json!([{
        "name": "vda", "mountpoint": "/", "type": "ext4", "disk": [],
        "total-bytes": 2_000_000_000_u64, "used-bytes": 700_000_000_u64,
    }])
}

fn interfaces(address: Option<IpAddr>) -> Value {
    let lo = json!({
        "name": "lo", "hardware-address": "00:00:00:00:00:00",
        "ip-addresses": [{"ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8}],
    });
    let addresses: Vec<Value> = address
        .map(|address| {
            let (kind, prefix) = if address.is_ipv4() {
                ("ipv4", 8)
            } else {
                ("ipv6", 64)
            };
            json!({"ip-address": address, "ip-address-type": kind, "prefix": prefix})
        })
        .into_iter()
        .collect();
    json!([lo, {
        "name": "eth0", "hardware-address": "bc:24:11:00:00:01", "ip-addresses": addresses,
    }])
}

fn exec(state: &mut State, arguments: &Value) -> Value {
    let words = |value: &Value| -> Vec<String> {
        let list = value.as_array().into_iter().flatten();
        list.filter_map(|word| word.as_str().map(str::to_owned))
            .collect()
    };
    let mut argv = vec![arguments["path"].as_str().unwrap_or_default().to_owned()];
    argv.extend(words(&arguments["arg"]));
    let input = arguments["input-data"].as_str().unwrap_or_default();
    let input = STANDARD.decode(input).unwrap_or_default();
    let execution = match &state.guest.runs {
        Some(runs) => runs(&argv, &input),
        None => known_program(state, &argv),
    };
    state.next_pid += 1;
    if state.ended.len() >= KEPT_RESULTS {
        state.ended.remove(0);
    }
    state.ended.push((state.next_pid, execution));
    json!({"pid": state.next_pid})
}

fn known_program(state: &State, argv: &[String]) -> Execution {
    let reads_boot_id = argv.len() == 2 && argv[0].ends_with("cat") && argv[1] == BOOT_ID;
    if reads_boot_id {
        return Execution {
            stdout: format!("{}\n", state.boot_id()).into_bytes(),
            ..Execution::default()
        };
    }
    Execution {
        status: i32::from(!argv[0].ends_with("true")) * 127,
        ..Execution::default()
    }
}

fn exec_status(state: &mut State, pid: Option<i64>) -> Result<Value, AgentFailure> {
    let place = state
        .ended
        .iter()
        .position(|(ended, _)| Some(*ended) == pid);
    let Some(place) = place else {
        return Err(AgentFailure::Refused {
            class: "GenericError".to_owned(),
            description: "Invalid parameter 'pid'".to_owned(),
        });
    };
    let (_, execution) = state.ended.remove(place);
    let mut status = json!({"exited": true, "exitcode": execution.status});
    for (key, bytes, cut) in [
        ("out-data", &execution.stdout, "out-truncated"),
        ("err-data", &execution.stderr, "err-truncated"),
    ] {
        if !bytes.is_empty() {
            status[key] = json!(STANDARD.encode(bytes));
            status[cut] = json!(false);
        }
    }
    Ok(status)
}

/// The handle of the first file that the guest was given.
const FIRST_FILE: i64 = 1002;

fn open(state: &State, path: &str) -> Result<Value, AgentFailure> {
    let given = state.guest.files.keys().position(|given| given == path);
    let given = given.and_then(|place| i64::try_from(place).ok());
    match (path, given) {
        (BOOT_ID, _) => Ok(json!(1000)),
        (HOST_NAME, _) => Ok(json!(1001)),
        (_, Some(place)) => Ok(json!(FIRST_FILE + place)),
        _ => Err(AgentFailure::Refused {
            class: "GenericError".to_owned(),
            description: format!(
                "failed to open file '{path}' (mode: 'r'): No such file or directory"
            ),
        }),
    }
}

fn read(name: &str, state: &State, handle: &Value) -> Value {
    let handle = handle.as_i64().unwrap_or_default();
    let place = usize::try_from(handle - FIRST_FILE).ok();
    let given = place.and_then(|place| state.guest.files.values().nth(place));
    let text = match (handle, given) {
        (1000, _) => format!("{}\n", state.boot_id()),
        (_, Some(text)) => text.clone(),
        _ => format!("{name}\n"),
    };
    json!({"count": text.len(), "buf-b64": STANDARD.encode(text), "eof": true})
}
