//! Programs that are started and waited for, and synchronisation.

use crate::story::{Manner, Step, Story};

/// Arguments of `guest-exec`.
const ARGUMENTS: &[&str] = &[
    r#"{"path":"/bin/true"}"#,
    r#"{"path":"true"}"#,
    r#"{"path":"./plain"}"#,
    r#"{"path":"@dir@/plain"}"#,
    r#"{"path":"@dir@/folder"}"#,
    r#"{"path":"@dir@/none"}"#,
    r#"{"path":"no-such-program","capture-output":true}"#,
    r#"{"path":""}"#,
    r#"{"path":"/bin/echo","arg":["a","b c","","\u00e4\n"],"capture-output":true}"#,
    r#"{"path":"/bin/echo","arg":["nul\u0000byte"],"capture-output":true}"#,
];

/// What the shell is told, and further members of the request. None of it does anything to the
/// machine.
const SCRIPTS: &[(&str, &str)] = &[
    ("exit 0", CAPTURED),
    ("exit 3", ""),
    ("exit 255", CAPTURED),
    ("kill -9 $$", CAPTURED),
    ("kill -TERM $$", ""),
    ("echo out; echo err >&2", CAPTURED),
    ("echo out; echo err >&2", ""),
    ("echo err >&2; exit 1", CAPTURED),
    (r"printf '\\0\\377\\n'", CAPTURED),
    ("head -c 200000 /dev/zero", CAPTURED),
    (
        "head -c 100000 /dev/zero >&2; head -c 100000 /dev/zero",
        CAPTURED,
    ),
    ("cat", r#","capture-output":true,"input-data":"aGVsbG8K""#),
    ("cat", r#","capture-output":true,"input-data":"""#),
    ("cat", r#","capture-output":true,"input-data":"aGVs\nbG8K""#),
    ("cat", r#","capture-output":true,"input-data":"aGV""#),
    ("cat", r#","capture-output":true,"input-data":"****""#),
    ("cat", r#","input-data":"aGVsbG8K""#),
    ("cat", CAPTURED),
    ("exit 4", r#","input-data":"aGVsbG8K""#),
    (ENVIRONMENT, CAPTURED),
    (ENVIRONMENT, r#","capture-output":true,"env":[]"#),
    (
        ENVIRONMENT,
        r#","capture-output":true,"env":["B=2","A=1","A=3"]"#,
    ),
    (
        ENVIRONMENT,
        r#","capture-output":true,"env":["novalue","=x","E="]"#,
    ),
    (
        "echo $0; pwd | wc -c; umask; trap; ulimit -n; nice",
        CAPTURED,
    ),
    (
        r"grep -E '^Sig(Blk|Ign)' /proc/self/status | sed 's/.*\\(.......\\)$/\\1/'",
        CAPTURED,
    ),
];

const CAPTURED: &str = r#","capture-output":true"#;
/// The directories of both agents have different names.
const ENVIRONMENT: &str = "env | grep -v ^PWD | sort";

pub(crate) fn stories() -> Vec<Story> {
    let shell = |(script, more): &(&str, &str)| {
        exec(&format!(
            r#"{{"path":"/bin/sh","arg":["-c","{script}"]{more}}}"#
        ))
    };
    let mut stories: Vec<_> = ARGUMENTS.iter().map(|text| exec(text)).collect();
    stories.extend(SCRIPTS.iter().map(shell));
    stories.extend(synchronisations());
    stories
}

/// Starts a program, waits for it, and asks again.
fn exec(arguments: &str) -> Story {
    let status = || Step::request("guest-exec-status", r#"{"pid":@pid@}"#);
    let steps = vec![
        Step::request("guest-exec", arguments).keep("pid"),
        status().manner(Manner::UntilExited),
        status(),
    ];
    Story { steps }
}

fn synchronisations() -> Vec<Story> {
    let ids = [
        "0",
        "1",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "4294967296",
    ];
    let names = ["guest-sync", "guest-sync-delimited"];
    let pairs = ids.iter().flat_map(|id| names.map(|name| (id, name)));
    pairs
        .map(|(id, name)| {
            let sync = Step::request(name, &format!(r#"{{"id":{id}}}"#));
            let delimited = [b"\xff", &sync.bytes[..], b"\n"].concat();
            let with_id = format!(r#"{{"execute":"{name}","arguments":{{"id":{id}}},"id":"x"}}"#);
            Story {
                steps: vec![sync, Step::raw(delimited), Step::raw(with_id)],
            }
        })
        .collect()
}
