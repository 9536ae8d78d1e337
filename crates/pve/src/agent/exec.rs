//! `guest-exec` and `guest-exec-status`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conditions::NodeName;
use serde_json::{Value, json};

use super::{Refused, text};
use crate::answers::field;
use crate::{Call, call};

/// The most that the API takes for standard input.
const MOST_INPUT: usize = 64 * 1024;

/// The call that starts a program.
pub(super) fn start(node: &NodeName, vmid: u32, arguments: &Value) -> Result<Call, Refused> {
    if arguments.get("env").is_some_and(|env| !env.is_null()) {
        return Err(Refused::cannot(
            "Proxmox VE passes no environment to a program; set it in the command itself",
        ));
    }
    let words = words(arguments)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let input = input(arguments)?;
    Ok(call::agent::exec(node, vmid, &words, input.as_deref()))
}

/// The program and its arguments. The API takes a list apart at NUL, and forgets it at an empty
/// word.
fn words(arguments: &Value) -> Result<Vec<String>, Refused> {
    let wrong = || Refused::cannot("guest-exec takes a path, and arguments that are texts");
    let mut words = vec![field::text(arguments, "path").ok_or_else(wrong)?];
    if let Some(more) = arguments.get("arg").filter(|it| !it.is_null()) {
        for word in more.as_array().ok_or_else(wrong)? {
            words.push(word.as_str().ok_or_else(wrong)?);
        }
    }
    if words.iter().any(|it| it.is_empty() || it.contains('\0')) {
        return Err(Refused::cannot(
            "Proxmox VE cannot pass on an argument that is empty or has a NUL in it",
        ));
    }
    let sent = words.iter().map(|it| text::from_bytes(it.as_bytes()));
    Ok(sent.collect())
}

fn input(arguments: &Value) -> Result<Option<String>, Refused> {
    let Some(encoded) = field::text(arguments, "input-data") else {
        return Ok(None);
    };
    let decoded = STANDARD.decode(encoded);
    let bytes = decoded.map_err(|error| Refused::cannot(format!("input-data: {error}")))?;
    if bytes.len() > MOST_INPUT {
        return Err(Refused::cannot(format!(
            "Proxmox VE takes at most 64 KiB of input for a program, and this is {} bytes",
            bytes.len()
        )));
    }
    if std::str::from_utf8(&bytes).is_err() {
        return Err(Refused::cannot(
            "Proxmox VE takes text as a program's input, and this is none (UTF-8)",
        ));
    }
    Ok((!bytes.is_empty()).then(|| text::from_bytes(&bytes)))
}

/// The result of `guest-exec`.
pub(super) fn started(data: &Value) -> Result<Value, Refused> {
    match data.get("pid").and_then(Value::as_i64) {
        Some(pid) => Ok(json!({ "pid": pid })),
        None => Err(Refused::Garbage("the answer has no `pid`".to_owned())),
    }
}

/// The result of `guest-exec-status`.
pub(super) fn status(data: &Value) -> Result<Value, Refused> {
    let Some(exited) = field::flag(data, "exited") else {
        let words = "the answer does not say whether the program has exited";
        return Err(Refused::Garbage(words.to_owned()));
    };
    let mut result = json!({ "exited": exited });
    for key in ["exitcode", "signal"] {
        if let Some(number) = data.get(key).and_then(Value::as_i64) {
            result[key] = json!(number);
        }
    }
    for key in ["out-data", "err-data"] {
        if let Some(printed) = field::text(data, key) {
            result[key] = json!(STANDARD.encode(text::to_bytes(printed)));
        }
    }
    for key in ["out-truncated", "err-truncated"] {
        if let Some(truncated) = field::flag(data, key) {
            result[key] = json!(truncated);
        }
    }
    Ok(result)
}
