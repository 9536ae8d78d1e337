//! What is done with an open file, one request after the other.

use crate::story::{Step, Story};

/// Requests by their verbs: `open FILE MODE`, `write BASE64`, `read COUNT`, `seek OFFSET WHENCE`,
/// `flush`, `close`. A later story finds the files as an earlier one left them.
const STORIES: &[&str] = &[
    "open new w, write SGVsbG8sIHdvcmxkIQo=, flush, write SGVsbG8sIHdvcmxkIQo=, close, close",
    "open new r, read, read, read 10, close, read 1",
    "open new r, read 0, read 1, read 2, read 100, read 0, read 1, close",
    "open new r, read -1, read -9223372036854775808, read 9223372036854775807, close",
    "open new r, read 50331648, read 50331649, close",
    "open new r, read 14, read 14, read 1, close",
    "open new r, read 28, seek 0 cur, read 1, seek 0 set, read 5, close",
    "open empty r, read 1, read 1, seek 0 end, close",
    "open large r, read, read 70000, read 70000, read 1, close",
    "open large r, seek -10 end, read 20, seek 10 cur, read 1, close",
    "open new r, seek -1 set, seek 100 end, read 5, seek -5 cur, close",
    "open new r, seek 9223372036854775807 set, seek 1 cur, seek -9223372036854775808 end, close",
    "open new r+, read 5, write QUJD, read 5, seek 0 set, read 100, close",
    "open new r+, write QQ==, read 5, write Qg==, seek 0 set, read 99, close",
    "open new r+, write QQ==, seek 0 cur, read 5, close",
    "open new a, write QUJD, seek 0 cur, seek 0 set, write QQ==, close",
    "open new a+, read 5, write Qg==, seek 0 set, read 200, close",
    "open new r, write QUJD, flush, write , close",
    "open new2 w, read 5, write QUJD, read 5, close",
    "open folder r, read 5, close",
    "open folder w, open folder r+, open folder a",
    "open none r, open none/none w, open plain/none w, open dangling r",
    "open dangling w, write QQ==, close, open nothing r, read 5, close",
    "open new3 w+, seek 1000 set, write QQ==, seek 990 set, read 20, close",
    "open new3 r, read 2000, close, open new3 w, close, open new3 r, read 1, close",
    "read, write QQ==, seek 0 set, flush, close",
    "open /../plain r, close, open n\\u00e4me w, close, open n\\u00e4me r, close",
    "open nul\\u0000byte r, open new\\nline w, close, open new\\nline r, close",
    "open plain r, seek 0 SET, seek 0 , seek 1 cur, close",
];

const MODES: &[&str] = &[
    "r", "rb", "w", "wb", "a", "ab", "r+", "rb+", "r+b", "w+", "wb+", "w+b", "a+", "ab+", "a+b",
    "", "x", "rw", "wx", "re", "R", "+r", "br", "r++", "rt", "w+x", "aw", "b", "+", "r+bb", "rbe",
];

const BUFFERS: &[&str] = &[
    "",
    "QQ==",
    "QUI=",
    "QUJD",
    "QUJDRA==",
    "QQ",
    "QQ=",
    "Q",
    "QUJ",
    "QUJDR",
    "=",
    "==",
    "QQ==QQ==",
    "QQ==Q",
    "QQ\\n==",
    "QUJD\\r\\nREVG\\r\\n",
    " QUJD",
    "QUJD ",
    "Q Q = =",
    "QUJD\\u0000REVG",
    "****",
    "QU*D",
    "-_-_",
    "+/+/",
    "QUJD====",
    "\\u00e4\\u00e4\\u00e4\\u00e4",
    "QR==",
    "QUJ=",
];

pub(crate) fn stories() -> Vec<Story> {
    let mut stories: Vec<_> = STORIES.iter().map(|text| story(text)).collect();
    stories.extend(MODES.iter().flat_map(|mode| with_mode(mode)));
    stories.extend(BUFFERS.iter().flat_map(|base64| with_buffer(base64)));
    stories.push(Story::one(Step::request(
        "guest-file-open",
        r#"{"path":""}"#,
    )));
    stories
}

/// A file that is there and one that is not, and what can be done then.
fn with_mode(mode: &str) -> [Story; 2] {
    ["there", "not-there"].map(|name| {
        story(&format!(
            "open there w, write SGVsbG8K, close, open {name} {mode}, read 3, write QUI=, flush, \
             seek 0 set, read 40, close, open {name} r, read 40, close"
        ))
    })
}

/// What `guest-file-write` makes of a buffer and a count.
fn with_buffer(base64: &str) -> Vec<Story> {
    let counts = [
        "",
        r#","count":0"#,
        r#","count":1"#,
        r#","count":99"#,
        r#","count":-1"#,
    ];
    let with_count = |count: &&str| {
        let mut steps = story("open buffer w+").steps;
        steps.push(file("write", &format!(r#","buf-b64":"{base64}"{count}"#)));
        steps.extend(story("seek 0 set, read 100, close").steps);
        Story { steps }
    };
    counts.iter().map(with_count).collect()
}

fn story(text: &str) -> Story {
    let steps = text.split(", ").map(step).collect();
    Story { steps }
}

fn step(text: &str) -> Step {
    let mut words = text.split(' ');
    let verb = words.next().unwrap_or_default();
    let mut word = || words.next().unwrap_or_default();
    match verb {
        "open" => {
            let arguments = format!(r#"{{"path":"@dir@/{}","mode":"{}"}}"#, word(), word());
            Step::request("guest-file-open", &arguments).keep("handle")
        }
        "write" => file("write", &format!(r#","buf-b64":"{}""#, word())),
        "read" => match word() {
            "" => file("read", ""),
            count => file("read", &format!(r#","count":{count}"#)),
        },
        "seek" => {
            let (offset, whence) = (word(), word());
            file(
                "seek",
                &format!(r#","offset":{offset},"whence":"{whence}""#),
            )
        }
        "flush" | "close" => file(verb, ""),
        other => panic!("no verb: {other}"),
    }
}

fn file(verb: &str, more: &str) -> Step {
    let arguments = format!(r#"{{"handle":@handle@{more}}}"#);
    Step::request(&format!("guest-file-{verb}"), &arguments)
}
