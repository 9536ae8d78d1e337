//! Every intended difference. `docs/differences.md` explains each; a test holds the two together.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::agreement::Context;
use crate::line::Line;

pub(crate) struct Difference {
    /// Its heading in `docs/differences.md`.
    pub(crate) key: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) seen: Seen,
    pub(crate) covers: Covers,
}

/// Whether a run must meet it; one that nothing meets any more has become untrue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Always,
    /// A newer reference knows the command too.
    WithPeerThatLacks(&'static str),
    /// It depends on the machine.
    Perhaps,
}

pub(crate) enum Covers {
    /// One line of QEMU's agent and ours, where both sent as many.
    Line(fn(&Context<'_>, &Line, &Line) -> bool),
    /// A start of the program, as `command_line.rs` says.
    Start,
    /// All that both sent for one step.
    Step(fn(&Context<'_>, &[Line], &[Line]) -> bool),
}

/// What lists them, in `docs/`.
pub(crate) const DOCUMENT: &str = "differences.md";

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        key: "newer-commands",
        reason: "commands that QEMU 9.1 and 10.0 added are known",
        seen: Seen::WithPeerThatLacks("guest-get-load"),
        covers: Covers::Line(|context, peer, _| {
            let newer = ["guest-get-load", "guest-network-get-route"];
            context.command.is_some_and(|name| newer.contains(&name))
                && peer.error_class() == Some("CommandNotFound")
        }),
    },
    Difference {
        key: "listed-commands",
        reason: "guest-info lists the newer commands and not the Windows-only ones",
        seen: Seen::WithPeerThatLacks("guest-get-load"),
        covers: Covers::Line(|context, peer, ours| {
            let (Some(peer), Some(ours)) = (commands(peer), commands(ours)) else {
                return false;
            };
            let newer = ["guest-get-load", "guest-network-get-route"];
            let windows = "guest-get-devices";
            context.command == Some("guest-info")
                && peer
                    .iter()
                    .filter(|command| command["name"] != windows)
                    .eq(ours
                        .iter()
                        .filter(|command| !newer.iter().any(|name| command["name"] == *name)))
        }),
    },
    Difference {
        key: "parse-error-text",
        reason: "the text of a JSON parse error tells what is wrong and does not repeat the input",
        seen: Seen::Always,
        covers: Covers::Line(|_, peer, ours| {
            texts(peer, ours)
                .is_some_and(|(peer, ours)| is_parse_error(peer) && is_parse_error(ours))
        }),
    },
    Difference {
        key: "disabled-reason",
        reason: "why a command is disabled is told, as newer versions of QEMU's agent do",
        seen: Seen::WithPeerThatLacks("guest-get-load"),
        covers: Covers::Line(|_, peer, ours| {
            let reason = ": the command is not allowed";
            texts(peer, ours).is_some_and(|(peer, ours)| ours.strip_suffix(reason) == Some(peer))
        }),
    },
    Difference {
        key: "several-problems",
        reason: "of several unexpected members the first of the alphabet is told, not one by chance",
        seen: Seen::Always,
        covers: Covers::Line(|_, peer, ours| {
            let is_about_a_member = |text: &str| {
                text.starts_with("Parameter '") || text.starts_with("QMP input member '")
            };
            texts(peer, ours).is_some_and(|(peer, ours)| {
                is_about_a_member(peer) && ours.ends_with(" is unexpected")
            })
        }),
    },
    Difference {
        key: "restart",
        reason: "{\"execute\" and {\"arguments\" begin a new request also within an unfinished or broken one",
        seen: Seen::Always,
        covers: Covers::Step(|context, peer, ours| {
            let (theirs, own) = (successes(peer), successes(ours));
            begins_within(&context.step.bytes)
                && (is_within(&own, &theirs) || is_within(&theirs, &own))
        }),
    },
    Difference {
        key: "recovery",
        reason: "broken JSON brings one error up to the next newline or 0xFF, not one a token",
        seen: Seen::Always,
        covers: Covers::Step(|_, peer, ours| {
            is_about_broken_json(peer, ours) && successes(peer) == successes(ours)
        }),
    },
    Difference {
        key: "exec-status-text",
        reason: "a program that is not known is told as newer versions tell it, with its pid",
        seen: Seen::Always,
        covers: Covers::Line(|context, peer, ours| {
            context.command == Some("guest-exec-status")
                && texts(peer, ours).is_some_and(|(_, ours)| {
                    ours.starts_with("PID ") && ours.ends_with(" does not exist")
                })
        }),
    },
    Difference {
        key: "exec-result-kept",
        reason: "the result of a program is kept a while after it was read, so that a lost reply loses nothing",
        seen: Seen::Always,
        covers: Covers::Line(|context, peer, ours| {
            context.command == Some("guest-exec-status")
                && peer.error_text().is_some()
                && ours.result().is_some_and(|status| status["exited"] == true)
        }),
    },
    Difference {
        key: "capture-output",
        reason: "guest-exec takes the words of QEMU 8.0 and a flag",
        seen: Seen::WithPeerThatLacks("guest-get-load"),
        covers: Covers::Line(|context, peer, ours| {
            context.command == Some("guest-exec")
                && texts(peer, ours).is_some_and(|(peer, ours)| {
                    peer == "Invalid parameter type for 'capture-output', expected: boolean"
                        && ours.contains("'capture-output'")
                })
        }),
    },
    Difference {
        key: "windows-only",
        reason: "a command that exists only on Windows is not found, as in newer versions",
        seen: Seen::Perhaps,
        covers: Covers::Line(|context, peer, ours| {
            context.command == Some("guest-get-devices")
                && texts(peer, ours).is_some_and(|(_, ours)| ours.ends_with(" has not been found"))
        }),
    },
    Difference {
        key: "ssh-text",
        reason: "what stops guest-ssh-get-authorized-keys is told once, and never as \"Success\"",
        seen: Seen::Always,
        covers: Covers::Line(|context, peer, ours| {
            context.command == Some("guest-ssh-get-authorized-keys")
                && texts(peer, ours).is_some_and(|(peer, ours)| {
                    ours.starts_with("failed to ") && peer.starts_with("failed to read '")
                        || ours.starts_with("failed to lookup user '")
                            && peer.starts_with("failed to lookup user '")
                })
        }),
    },
    Difference {
        key: "base64-end",
        reason: "base64 may lack its padding, and is refused when more is missing; QEMU's agent drops the end",
        seen: Seen::Always,
        covers: Covers::Line(|context, peer, ours| {
            let refused = |line: &Line| {
                let text = line.error_text().unwrap_or_default();
                text.starts_with("Base64 data ") || text.ends_with(" is invalid for argument count")
            };
            match context.command {
                Some("guest-file-write") => {
                    refused(ours)
                        || refused(peer)
                        || peer.result().is_some() && ours.result().is_some()
                }
                Some("guest-exec") => refused(ours),
                Some("guest-file-read" | "guest-exec-status") => {
                    context.earlier.contains(&"base64-end") || context.text.contains("aGV\"")
                }
                _ => false,
            }
        }),
    },
    Difference {
        key: "noncharacters",
        reason: "text may hold every character of Unicode, also U+FFFE and its kind",
        seen: Seen::Always,
        covers: Covers::Line(|_, peer, ours| {
            let text = peer.error_text().unwrap_or_default();
            let refused = text.ends_with(" is not a valid Unicode character")
                || text == "JSON parse error, invalid UTF-8 sequence in string";
            refused && (ours.result().is_some() || is_no_object(ours))
        }),
    },
    Difference {
        key: "long-nul",
        reason: "the bytes C0 80 are not UTF-8, and U+0000 does not become them",
        seen: Seen::Always,
        covers: Covers::Line(|context, peer, ours| {
            let invalid = "JSON parse error, invalid UTF-8 sequence in string";
            let nul = |line: &Line| line.bytes.windows(6).any(|bytes| bytes == br"\u0000");
            ours.error_text() == Some(invalid) && (nul(peer) || is_no_object(peer))
                || context.command == Some("guest-file-open") && nul(peer) && nul(ours)
                || context.command == Some("guest-exec")
                    && ours
                        .error_text()
                        .is_some_and(|text| text.contains("nul byte"))
                || context.command == Some("guest-exec-status")
                    && context.earlier.contains(&"long-nul")
        }),
    },
    Difference {
        key: "infinite-numbers",
        reason: "a number beyond a double is refused; QEMU's agent answers inf, which is not JSON",
        seen: Seen::Always,
        covers: Covers::Line(|_, _, ours| {
            ours.error_text() == Some("JSON parse error, invalid number")
        }),
    },
    Difference {
        key: "float-ids",
        reason: "a number with a fraction comes back in another form of the same value",
        seen: Seen::Always,
        covers: Covers::Line(|_, peer, ours| {
            let (Some(peer), Some(ours)) = (&peer.json, &ours.json) else {
                return false;
            };
            as_floats(peer) == as_floats(ours)
        }),
    },
    Difference {
        key: "numeric-order",
        reason: "processors and blocks of memory come in the order of their numbers",
        seen: Seen::Perhaps,
        covers: Covers::Line(|_, peer, ours| {
            let sorted = |line: &Line| {
                let mut items = line.result()?.as_array()?.clone();
                let number = |item: &Value| {
                    let number = item.get("phys-index").or(item.get("logical-id"))?;
                    number.as_u64()
                };
                items.sort_by_key(number);
                items
                    .iter()
                    .all(|item| number(item).is_some())
                    .then_some(items)
            };
            sorted(peer).is_some()
                && sorted(peer) == sorted(ours)
                && sorted(ours).as_ref() == ours.result().and_then(Value::as_array)
        }),
    },
    Difference {
        key: "total-bytes-privileged",
        reason: "guest-get-fsinfo tells what QEMU 9.1 added",
        seen: Seen::WithPeerThatLacks("guest-network-get-route"),
        covers: Covers::Line(|context, peer, ours| {
            let without = |line: &Line| {
                let mut items = line.result()?.as_array()?.clone();
                for item in &mut items {
                    let members = item.as_object_mut()?;
                    members.remove("total-bytes-privileged");
                    members.remove("used-bytes");
                }
                Some(items)
            };
            context.command == Some("guest-get-fsinfo")
                && without(peer).is_some()
                && without(peer) == without(ours)
        }),
    },
    Difference {
        key: "duplicate-environment",
        reason: "of a variable that is given twice the first is passed on, the one that getenv(3) finds",
        seen: Seen::Always,
        covers: Covers::Line(|context, peer, ours| {
            let output = |line: &Line| line.result()?.get("out-data").cloned();
            let [theirs, own] =
                ["A=3\nB=2\n", "A=1\nB=2\n"].map(|text| Some(STANDARD.encode(text).into()));
            context.command == Some("guest-exec-status")
                && output(peer) == theirs
                && output(ours) == own
        }),
    },
    Difference {
        key: "newer-options",
        reason: "-a, -c and the key allow-rpcs of newer versions are known",
        seen: Seen::Perhaps,
        covers: Covers::Start,
    },
    Difference {
        key: "usage-on-stderr",
        reason: "the hint that follows a wrong option goes to standard error, with the rest",
        seen: Seen::Perhaps,
        covers: Covers::Start,
    },
    Difference {
        key: "old-name",
        reason: "the key blacklist of older versions is taken without a warning",
        seen: Seen::Perhaps,
        covers: Covers::Start,
    },
    Difference {
        key: "failed-start",
        reason: "a start that fails ends with 1; QEMU's agent sometimes ends with 0",
        seen: Seen::Perhaps,
        covers: Covers::Start,
    },
    Difference {
        key: "exec-text",
        reason: "what stops guest-exec is told without a sentence around it",
        seen: Seen::Always,
        covers: Covers::Line(|context, peer, ours| {
            context.command == Some("guest-exec")
                && texts(peer, ours).is_some_and(|(peer, ours)| {
                    peer == format!("Guest agent command failed, error was '{ours}'")
                })
        }),
    },
];

fn is_parse_error(text: &str) -> bool {
    text.starts_with("JSON parse error, ") || text.starts_with("JSON nesting depth limit ")
}

/// Whether a request begins elsewhere than at the beginning.
fn begins_within(bytes: &[u8]) -> bool {
    let begins = |at: usize| {
        let rest = bytes[at..].strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
        let names = [
            &b"\"execute\""[..],
            b"'execute'",
            b"\"arguments\"",
            b"'arguments'",
        ];
        rest.is_some_and(|rest| names.iter().any(|name| rest.starts_with(name)))
    };
    (1..bytes.len()).any(begins)
}

fn is_about_broken_json(peer: &[Line], ours: &[Line]) -> bool {
    let is_broken = |line: &Line| line.error_text().is_some_and(is_parse_error);
    peer.iter().chain(ours).any(is_broken)
}

fn is_no_object(line: &Line) -> bool {
    line.error_text() == Some("QMP input must be a JSON object")
}

/// The replies that are no errors; two differences may meet, so their numbers are floats.
fn successes(lines: &[Line]) -> Vec<Value> {
    let lines = lines.iter().filter(|line| line.result().is_some());
    lines
        .filter_map(|line| line.json.as_ref().map(as_floats))
        .collect()
}

/// All of `few` are among `many`, in this order.
fn is_within(few: &[Value], many: &[Value]) -> bool {
    let mut many = many.iter();
    few.iter().all(|one| many.any(|other| one == other))
}

/// Every number as a float.
fn as_floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(items) => items.iter().map(as_floats).collect(),
        Value::Object(members) => {
            let pairs = members.iter();
            Value::Object(
                pairs
                    .map(|(name, value)| (name.clone(), as_floats(value)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

/// Both texts, where both are errors that differ in nothing else.
fn texts<'a>(peer: &'a Line, ours: &'a Line) -> Option<(&'a str, &'a str)> {
    let others = |line: &Line| {
        let mut json = line.json.clone()?;
        json["error"]["desc"].take();
        // Two differences may meet: an id with a fraction on an error.
        Some(as_floats(&json))
    };
    (others(peer) == others(ours)).then_some((peer.error_text()?, ours.error_text()?))
}

fn commands(line: &Line) -> Option<&Vec<Value>> {
    line.result()?.get("supported_commands")?.as_array()
}
