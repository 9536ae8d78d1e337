//! Requests for every command, with good and bad arguments.

use crate::random::Random;
use crate::schema::{COMMANDS, Command, Parameter, Setting};
use crate::story::{Manner, Step, Story};

/// One value of every type, and the ends of what numbers can be. As a path or a program, each
/// names nothing that exists.
const ANY: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "-0",
    "1.0",
    "1.5",
    "1e3",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "\"\"",
    "\"0\"",
    "\"true\"",
    "\"text\"",
    "\"n\\u00e4me\\n\"",
    "[]",
    "[1]",
    "[\"a\"]",
    "[\"a\", null]",
    "[[]]",
    "{}",
    "{\"a\": 1}",
];

/// Random combinations a command.
const RANDOM: usize = 24;

pub(crate) fn stories(random: &mut Random) -> Vec<Story> {
    let mut stories = Vec::new();
    for command in COMMANDS {
        let mut texts = systematic(command);
        if command.setting != Setting::Blocked && !command.parameters.is_empty() {
            texts.extend((0..RANDOM).map(|_| arguments(command, random)));
        }
        let steps = texts.iter().map(|text| Step::request(command.name, text));
        stories.extend(steps.map(|step| within(command.setting, step)));
        stories.extend(around(command));
    }
    stories.extend(ids());
    stories
}

/// Every parameter missing, and with every value, while the others are right.
fn systematic(command: &Command) -> Vec<String> {
    let all = |value: &dyn Fn(&Parameter) -> Option<&'static str>| {
        let pairs = command.parameters.iter();
        object(pairs.filter_map(|parameter| Some((parameter.name, value(parameter)?))))
    };
    let first = |parameter: &Parameter| parameter.valid.first().copied();
    let mut texts = vec![
        all(&first),
        all(&|parameter| parameter.required.then(|| parameter.valid[0])),
        object([("foo", "1")]),
        object([("a", "1"), ("b", "2")]),
    ];
    for given in command.parameters {
        let others = |value: Option<&'static str>| {
            all(&|parameter| {
                if parameter.name == given.name {
                    value
                } else {
                    first(parameter)
                }
            })
        };
        texts.push(others(None));
        texts.extend(
            ANY.iter()
                .chain(given.valid)
                .map(|value| others(Some(value))),
        );
    }
    let valid = all(&first);
    let more = valid.trim_end_matches('}');
    let comma = if command.parameters.is_empty() {
        ""
    } else {
        ","
    };
    texts.extend([
        format!("{more}{comma}\"foo\":1}}"),
        format!("{more}{comma}\"zoo\":null,\"foo\":null}}"),
        format!("{{\"arguments\":{valid}}}"),
    ]);
    texts
}

/// Members that the schema names, right, wrong or absent, now and then one that it does not.
fn arguments(command: &Command, random: &mut Random) -> String {
    let mut pairs = Vec::new();
    for parameter in command.parameters {
        if random.once_in(6) {
            continue;
        }
        let choices = if random.once_in(4) {
            ANY
        } else {
            parameter.valid
        };
        pairs.push((parameter.name, random.of(choices)));
    }
    if random.once_in(8) {
        pairs.push(("unexpected", random.of(ANY)));
    }
    if random.once_in(2) {
        pairs.reverse();
    }
    object(pairs)
}

fn object<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = pairs.into_iter();
    let pairs: Vec<_> = pairs
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

/// The request with what goes before and after it.
fn within(setting: Setting, step: Step) -> Story {
    let close = || Step::request("guest-file-close", "{\"handle\":@handle@}");
    let steps = match setting {
        Setting::None | Setting::Blocked => vec![step],
        Setting::Opens => vec![step.keep("handle"), close()],
        Setting::Starts => vec![
            step.keep("pid"),
            Step::request("guest-exec-status", "{\"pid\":@pid@}").manner(Manner::UntilExited),
        ],
        Setting::File => vec![
            Step::request(
                "guest-file-open",
                "{\"path\":\"@dir@/scratch\",\"mode\":\"w+\"}",
            )
            .keep("handle"),
            Step::request(
                "guest-file-write",
                "{\"handle\":@handle@,\"buf-b64\":\"YSBsaXR0bGUgdGV4dAo=\"}",
            ),
            Step::request(
                "guest-file-seek",
                "{\"handle\":@handle@,\"offset\":2,\"whence\":\"set\"}",
            ),
            step,
            close(),
        ],
    };
    Story { steps }
}

/// The request without arguments, with what is no object, and in wrong places.
fn around(command: &Command) -> Vec<Story> {
    let name = command.name;
    let mut texts = vec![
        format!(r#"{{"execute":"{name}"}}"#),
        format!(r#"{{"execute":"{name}","arguments":{{}}}}"#),
        format!(r#"{{"execute":"{name}","id":7}}"#),
        format!(r#"{{"execute":"{name}","id":7,"argument":{{}}}}"#),
        format!(r#"{{"exec":"{name}"}}"#),
        format!(r#"[{{"execute":"{name}"}}]"#),
        format!(r#"{{"execute":{{"execute":"{name}"}}}}"#),
        format!(r#"{{"arguments":{{"execute":"{name}"}}}}"#),
        format!(r#"{{"execute":"{name} "}}"#),
        format!(r#"{{"execute":"{}"}}"#, name.to_uppercase()),
    ];
    let wrong = ["null", "1", "\"a\"", "[]", "[{}]", "true"];
    texts.extend(wrong.map(|value| format!(r#"{{"execute":"{name}","arguments":{value}}}"#)));
    let keeps = matches!(command.setting, Setting::Opens | Setting::Starts);
    assert!(!keeps || command.parameters[0].required, "nothing to end");
    texts.into_iter().map(Story::raw).collect()
}

/// An id of every type, on a success and on three kinds of failures.
fn ids() -> Vec<Story> {
    let mut stories = Vec::new();
    for id in ANY {
        for (execute, arguments) in [
            ("\"guest-ping\"", "{}"),
            ("\"guest-file-close\"", "{\"handle\":1}"),
            ("\"guest-nothing\"", "{}"),
            ("1", "{}"),
        ] {
            stories.push(Story::raw(format!(
                r#"{{"id":{id},"execute":{execute},"arguments":{arguments}}}"#
            )));
        }
    }
    stories
}
