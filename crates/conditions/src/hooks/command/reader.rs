//! Reads shell text and command lines down to the programs that they name.

use super::power::{Power, PowerAction};
use super::words::{after_options, assigned, basename, is_reserved, spoken};
use crate::hooks::lexer::{self, Simple};
use crate::hooks::tables::PREFIXES;

/// How deep texts within texts (`sh -c`, `$(...)`) and commands within commands (`sudo`) are read.
const MAX_DEPTH: usize = 16;

/// The longest text that is read.
const MAX_TEXT: usize = 128 * 1024;

/// Something that a text runs and that may itself act.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    /// A program or script by path or bare name.
    Program(String),
    /// A unit that it starts, stops or restarts.
    Unit(String),
}

/// All that matters in a text.
#[derive(Debug, Default)]
pub(crate) struct Analysis {
    /// What surely acts.
    pub powers: Vec<Power>,
    /// What it runs.
    pub calls: Vec<Call>,
    /// What might act and cannot be told.
    pub suspicions: Vec<String>,
}

/// The power actions in shell text, in order.
#[must_use]
pub fn power_actions(text: &str) -> Vec<Power> {
    analyse(text).powers
}

/// Reads shell text.
pub(crate) fn analyse(text: &str) -> Analysis {
    let mut reader = Reader::default();
    reader.script(text, 1, 0);
    reader.found
}

/// Reads a command line whose words are already split; `raw` is the text that they were split
/// from when quotes were lost in it, as in `systemctl show`.
pub(in crate::hooks) fn analyse_words(words: &[String], raw: Option<&str>) -> Analysis {
    let mut reader = Reader::default();
    let command = Simple {
        words: words.to_vec(),
        line: 1,
        ..Simple::default()
    };
    reader.raw = raw.map(str::to_owned);
    reader.command(&command, None, 0);
    reader.found
}

#[derive(Default)]
pub(super) struct Reader {
    pub(super) found: Analysis,
    pub(super) raw: Option<String>,
}

/// Where a command stands.
pub(super) struct Place<'a> {
    pub(super) line: usize,
    pub(super) depth: usize,
    pub(super) input: &'a [String],
    pub(super) fed: Option<&'a str>,
}

impl Place<'_> {
    /// The place of a command within this one.
    pub(super) const fn within(&self) -> Self {
        Self {
            depth: self.depth + 1,
            ..*self
        }
    }
}

impl Reader {
    pub(super) fn script(&mut self, text: &str, first_line: usize, depth: usize) {
        if depth > MAX_DEPTH || text.len() > MAX_TEXT {
            self.suspect("a script too deep or too long to read".to_owned());
            return;
        }
        let raw = self.raw.take();
        let parsed = lexer::parse(text);
        let mut fed: Option<String> = None;
        for mut command in parsed.commands {
            command.line += first_line - 1;
            self.command(&command, fed.as_deref(), depth);
            fed = command.pipes.then(|| spoken(&command.words)).flatten();
        }
        for (inside, line) in parsed.substitutions {
            self.script(&inside, first_line - 1 + line, depth + 1);
        }
        self.raw = raw;
    }

    fn command(&mut self, command: &Simple, fed: Option<&str>, depth: usize) {
        if command.targets.iter().any(|t| t.ends_with("sysrq-trigger")) {
            self.sysrq(spoken(&command.words).as_deref().or(fed), command);
        }
        let place = Place {
            line: command.line,
            depth,
            input: &command.input,
            fed,
        };
        self.words(&command.words, &place);
    }

    pub(super) fn power(&mut self, action: PowerAction, words: &[String], place: &Place) {
        let command = words.join(" ").chars().take(200).collect();
        self.found.powers.push(Power {
            action,
            command,
            line: place.line,
        });
    }

    pub(super) fn sysrq(&mut self, written: Option<&str>, command: &Simple) {
        let acts = written.is_none_or(|w| w.contains(['b', 'c', 'o', '$']));
        if acts {
            let place = Place {
                line: command.line,
                depth: 0,
                input: &[],
                fed: None,
            };
            let mut words = command.words.clone();
            words.push("> sysrq-trigger".to_owned());
            self.power(PowerAction::SysRq, &words, &place);
        }
    }

    /// Takes off reserved words, assignments and prefixes, then judges what is left.
    pub(super) fn words(&mut self, all: &[String], place: &Place) {
        let mut words = all;
        while let Some(first) = words.first() {
            if is_reserved(first) {
                words = &words[1..];
            } else if let Some(value) = assigned(first) {
                self.assignment(first, value, place);
                words = &words[1..];
            } else {
                break;
            }
        }
        let Some(first) = words.first() else { return };
        if place.depth > MAX_DEPTH {
            self.suspect("commands within commands too deep to read".to_owned());
            return;
        }
        let name = basename(first);
        if name == "command" && words.get(1).is_some_and(|w| w == "-v" || w == "-V") {
            return;
        }
        if name == "env" && self.env_split(words, place) {
            return;
        }
        if let Some((_, with_value, skip)) = PREFIXES.iter().find(|(p, ..)| *p == name) {
            let rest = after_options(&words[1..], with_value, *skip);
            if name != "flock" || !self.dash_c(rest, place) {
                self.words(rest, &place.within());
            }
            return;
        }
        self.judge(name, words, place);
    }

    /// `env -S 'command line'`.
    fn env_split(&mut self, words: &[String], place: &Place) -> bool {
        let Some(at) = words
            .iter()
            .position(|w| w == "-S" || w == "--split-string")
        else {
            return false;
        };
        let text = words[at + 1..].join(" ");
        self.script(&text, place.line, place.depth + 1);
        true
    }

    pub(super) fn suspect_arguments(&mut self, words: &[String], place: &Place) {
        if words[1..].iter().any(|w| is_power_text(w, place.depth)) {
            self.suspect(words.join(" "));
        }
    }

    fn assignment(&mut self, word: &str, value: &str, place: &Place) {
        if is_power_text(value, place.depth) {
            self.suspect(format!("a variable that holds a power action: {word}"));
        }
    }

    pub(super) fn call(&mut self, program: Option<&String>) {
        if let Some(program) = program.filter(|p| !p.is_empty() && !p.contains('$')) {
            self.found.calls.push(Call::Program(program.clone()));
        }
    }

    pub(super) fn suspect(&mut self, what: String) {
        self.found.suspicions.push(what.chars().take(200).collect());
    }
}

/// Whether a text, run as a command, would act.
fn is_power_text(text: &str, depth: usize) -> bool {
    let mut reader = Reader::default();
    reader.script(text, 1, depth + 1);
    !reader.found.powers.is_empty()
}
