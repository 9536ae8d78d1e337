//! The two agents, and how a step is played to both.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::agreement::{self, Context, Verdict};
use crate::line::{Line, replaced};
use crate::report::Report;
use crate::story::{Manner, Step, Story};
use crate::support::{Program, Running, Stream};

/// Commands whose answers show what others do on this machine too.
const LIVE: &str = "guest-get- guest-network-";
const EXITED_WITHIN: Duration = Duration::from_secs(20);

/// One agent with its client.
struct Side {
    name: &'static str,
    agent: Running,
    stream: Stream,
    kept: BTreeMap<&'static str, String>,
    steps: u64,
}

/// QEMU's agent and the one that is compared with it.
pub(crate) struct Pair {
    peer: Side,
    ours: Side,
    peer_commands: Vec<String>,
}

impl Pair {
    pub(crate) fn start(reference: &Program, subject: &Program) -> Self {
        let mut peer = Side::start("qemu-ga", reference);
        let ours = Side::start("hospes-agent", subject);
        let info = peer.stream.ask("guest-info", json!({}));
        let commands = info["supported_commands"].as_array().unwrap().iter();
        let name = |command: &Value| command["name"].as_str().unwrap().to_owned();
        Self {
            peer_commands: commands.map(name).collect(),
            peer,
            ours,
        }
    }

    /// What the reference knows: an older one lacks some.
    pub(crate) fn peer_commands(&self) -> &[String] {
        &self.peer_commands
    }

    /// Plays every step to both, and tells the report how they agree.
    pub(crate) fn play(&mut self, story: &Story, report: &mut Report) {
        let mut earlier = Vec::new();
        let text = String::from_utf8_lossy(&story.steps[0].bytes);
        for step in &story.steps {
            let (mut peer, mut ours) = (self.peer.play(step), self.ours.play(step));
            let command = step.command();
            let context = Context {
                command: command.as_deref(),
                step,
                text: &text,
                earlier: &earlier,
            };
            let mut verdict = agreement::judge(&context, &peer, &ours);
            let is_live = command
                .as_deref()
                .is_some_and(|name| LIVE.split(' ').any(|prefix| name.starts_with(prefix)));
            let mut tries = if is_live { 3 } else { 0 };
            while tries > 0 && matches!(verdict, Verdict::Different(_)) {
                (peer, ours) = (self.peer.play(step), self.ours.play(step));
                verdict = agreement::judge(&context, &peer, &ours);
                tries -= 1;
            }
            if let Verdict::Listed(keys) = &verdict {
                earlier.extend(keys.clone());
            }
            report.add(step, &peer, &ours, verdict);
        }
    }
}

impl Side {
    fn start(name: &'static str, program: &Program) -> Self {
        let agent = Running::start(program, &[]);
        furnish(agent.dir());
        Self {
            name,
            stream: agent.connect(),
            agent,
            kept: BTreeMap::new(),
            steps: 0,
        }
    }

    fn play(&mut self, step: &Step) -> Vec<Line> {
        let bytes = self.filled(&step.bytes);
        let began = Instant::now();
        let lines = loop {
            let lines = self.exchange(&bytes, step.manner);
            let running = |line: &Line| {
                line.result()
                    .is_some_and(|result| result["exited"] == json!(false))
            };
            if step.manner != Manner::UntilExited || !lines.iter().any(running) {
                break lines;
            }
            assert!(
                began.elapsed() < EXITED_WITHIN,
                "it does not end: {}",
                step.shown()
            );
        };
        if let Some(name) = step.keep {
            self.keep(name, &lines);
        }
        lines
    }

    /// Sends the bytes and a marker after them, and reads what comes before the marker's answer.
    fn exchange(&mut self, bytes: &[u8], manner: Manner) -> Vec<Line> {
        self.steps += 1;
        let marker = json!({"execute": "guest-ping", "id": format!("end of {}", self.steps)});
        let after = [b"\xff", marker.to_string().as_bytes()].concat();
        if manner == Manner::ByteByByte {
            bytes.iter().for_each(|byte| self.stream.send(&[*byte]));
            self.stream.send(&after);
        } else {
            self.stream.send(&[bytes, &after].concat());
        }
        let dir = self.agent.dir().display().to_string();
        let mut lines: Vec<Line> = Vec::new();
        loop {
            let line = match self.stream.line_in_time() {
                Ok(Some(line)) => line,
                other => panic!(
                    "{}: {other:?} after {} and {lines:?}\n{}",
                    self.name,
                    bytes.escape_ascii(),
                    self.agent.told()
                ),
            };
            let line = Line::new(&line, &dir);
            let id = line.json.as_ref().and_then(|json| json.get("id"));
            if id == marker.get("id") {
                // What the marker's own 0xFF was answered with.
                lines.pop_if(|line| line.error_text().is_some_and(is_stray));
                return lines;
            }
            lines.push(line);
        }
    }

    fn filled(&self, bytes: &[u8]) -> Vec<u8> {
        let dir = self.agent.dir().display().to_string();
        let mut bytes = replaced(bytes, b"@dir@", dir.as_bytes());
        for (name, value) in &self.kept {
            bytes = replaced(&bytes, format!("@{name}@").as_bytes(), value.as_bytes());
        }
        bytes
    }

    /// Keeps a number, or one that nothing has where there is none.
    fn keep(&mut self, name: &'static str, lines: &[Line]) {
        let result = lines.iter().find_map(Line::result);
        let number = result.and_then(|result| match result {
            Value::Object(members) => members.get("pid")?.as_i64(),
            other => other.as_i64(),
        });
        self.kept.insert(name, number.unwrap_or(-1).to_string());
    }
}

fn is_stray(text: &str) -> bool {
    text.starts_with("JSON parse error, stray ")
}

/// Files to work with, the same for both.
fn furnish(dir: &Path) {
    let path = |name| dir.join(name);
    fs::write(path("plain"), "The quick brown fox\njumps over\n").unwrap();
    fs::write(path("empty"), "").unwrap();
    let bytes: Vec<u8> = (0..100_000_u64).map(|n| (n * n % 251) as u8).collect();
    fs::write(path("large"), bytes).unwrap();
    fs::create_dir(path("folder")).unwrap();
    symlink("plain", path("link")).unwrap();
    symlink("nothing", path("dangling")).unwrap();
}
