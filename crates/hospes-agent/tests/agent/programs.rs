//! `guest-exec` and `guest-exec-status`.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::agent;
use crate::support::{BLOCKED, Running, Stream};

const ENDS_WITHIN: Duration = Duration::from_secs(20);
const CAPTURED: u64 = 16 << 20;

/// The status of a program that has ended.
pub(crate) fn ended(stream: &mut Stream, pid: &Value) -> Value {
    let began = Instant::now();
    loop {
        let status = stream.ask("guest-exec-status", json!({"pid": pid}));
        if status["exited"] == true {
            return status;
        }
        assert!(began.elapsed() < ENDS_WITHIN, "{pid} does not end");
        sleep(Duration::from_millis(1));
    }
}

/// What a program wrote to standard output.
pub(crate) fn output(stream: &mut Stream, pid: &Value) -> String {
    text(&ended(stream, pid)["out-data"])
}

fn text(data: &Value) -> String {
    let bytes = STANDARD.decode(data.as_str().unwrap_or_default()).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn shell(stream: &mut Stream, script: &str, more: Value) -> Value {
    let mut arguments = json!({"path": "/bin/sh", "arg": ["-c", script], "capture-output": true});
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    stream.ask("guest-exec", arguments)["pid"].take()
}

#[test]
fn a_result_is_still_there_after_it_was_read() {
    let agent = agent();
    let mut stream = agent.connect();
    let pid = shell(&mut stream, "echo out; echo err >&2; exit 3", json!({}));
    let status = ended(&mut stream, &pid);
    assert_eq!(
        status,
        json!({"exited": true, "exitcode": 3, "out-data": "b3V0Cg==", "out-truncated": false,
            "err-data": "ZXJyCg==", "err-truncated": false})
    );
    assert_eq!(ended(&mut stream, &pid), status);
    assert_eq!(ended(&mut agent.connect(), &pid), status);
}

#[test]
fn a_background_child_that_keeps_standard_output_delays_nothing() {
    let agent = agent();
    let mut stream = agent.connect();
    let pid = shell(&mut stream, "sleep 300 & echo $!", json!({}));
    let child = output(&mut stream, &pid);
    let killed = Command::new("kill").arg(child.trim()).status().unwrap();
    assert!(killed.success(), "the child was still there");
}

#[test]
fn what_is_captured_can_be_chosen() {
    let agent = agent();
    let mut stream = agent.connect();
    for (capture, out, err) in [
        (json!(false), "", ""),
        (json!(true), "out\n", "err\n"),
        (json!("none"), "", ""),
        (json!("stdout"), "out\n", ""),
        (json!("stderr"), "", "err\n"),
        (json!("separated"), "out\n", "err\n"),
        (json!("merged"), "out\nerr\n", ""),
    ] {
        let capture = json!({"capture-output": capture});
        let pid = shell(&mut stream, "echo out; echo err >&2", capture.clone());
        let status = ended(&mut stream, &pid);
        let told = (text(&status["out-data"]), text(&status["err-data"]));
        assert_eq!(told, (out.to_owned(), err.to_owned()), "{capture}");
    }
    let wrong = json!({"path": "/bin/true", "capture-output": "both"});
    let error = stream.reply("guest-exec", wrong)["error"].take();
    assert_eq!(
        error["desc"],
        "Parameter 'capture-output' does not accept value 'both'"
    );
}

#[test]
fn more_output_than_is_kept_is_told_as_truncated_and_stops_nothing() {
    let agent = agent();
    let mut stream = agent.connect();
    let pid = shell(
        &mut stream,
        "head -c 20000000 /dev/zero; echo end >&2",
        json!({}),
    );
    let status = ended(&mut stream, &pid);
    assert_eq!(status["out-truncated"], true);
    assert_eq!(status["err-truncated"], false);
    assert_eq!(text(&status["err-data"]), "end\n");
    let base64 = status["out-data"].as_str().unwrap();
    assert_eq!(base64.len() as u64, CAPTURED.div_ceil(3) * 4);
    assert!(base64.bytes().rev().skip(4).all(|byte| byte == b'A'));
}

#[test]
fn wrapped_base64_reaches_standard_input_and_much_of_it_too() {
    let agent = agent();
    let mut stream = agent.connect();
    let input = json!({"input-data": "aGVs\nbG8s\n\nIHdvcmxk\n"});
    let pid = shell(&mut stream, "cat", input);
    assert_eq!(output(&mut stream, &pid), "hello, world");
    let large = json!({"input-data": STANDARD.encode(vec![b'x'; 1 << 20])});
    let pid = shell(&mut stream, "wc -c", large.clone());
    assert_eq!(output(&mut stream, &pid).trim(), "1048576");
    let pid = shell(&mut stream, "exit 5", large);
    assert_eq!(
        ended(&mut stream, &pid)["exitcode"],
        5,
        "nobody reads the input"
    );
}

#[test]
fn a_signal_and_a_program_that_is_missing_are_told() {
    let agent = agent();
    let mut stream = agent.connect();
    let pid = shell(&mut stream, "kill -9 $$", json!({}));
    assert_eq!(
        ended(&mut stream, &pid),
        json!({"exited": true, "signal": 9})
    );
    let error = stream.reply("guest-exec", json!({"path": "/no/such/program"}))["error"].take();
    assert_eq!(error["class"], "GenericError");
    let error = stream.reply("guest-exec-status", json!({"pid": 4_000_000}))["error"].take();
    assert_eq!(error["class"], "GenericError");
}

/// Descriptors of the agent, of other clients, or of whoever started the agent never reach a
/// program.
#[test]
fn a_program_has_three_descriptors_and_default_signals() {
    let agent = Running::start_in(tempfile::tempdir().unwrap(), |dir| {
        let inherited = "exec 9</dev/null; trap '' PIPE HUP; exec \"$@\"";
        let mut command = Command::new("sh");
        command
            .args(["-c", inherited, "sh", env!("CARGO_BIN_EXE_hospes-agent")])
            .args(["qemu-ga", "-b", BLOCKED])
            .args(Running::arguments(dir));
        command
    });
    let _others: Vec<_> = (0..5).map(|_| agent.connect()).collect();
    let mut stream = agent.connect();
    let script = "ls /proc/$$/fd; grep -E '^Sig(Blk|Ign)' /proc/self/status";
    let pid = shell(&mut stream, script, json!({}));
    let told = output(&mut stream, &pid);
    let (descriptors, signals) = told.split_at(told.find("Sig").unwrap());
    assert_eq!(
        descriptors.split_whitespace().collect::<Vec<_>>(),
        ["0", "1", "2"]
    );
    for line in signals.lines() {
        // The last are the first signals; some C libraries ignore their own, 32 and 33.
        let (_, first) = line.split_at(line.len() - 7);
        assert_eq!(first, "0000000", "{line}");
    }
}
