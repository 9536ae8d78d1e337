//! What a command does: powers the guest off, calls a script, or merely talks about it.

use serde::{Deserialize, Serialize};

use super::lexer::{self, Simple};
use super::tables::{INERT, LONG_WITH_VALUE, PREFIXES, SYSTEM_TOOLS, power_unit};

/// How deep texts within texts (`sh -c`, `$(...)`) are read.
const MAX_DEPTH: usize = 8;

/// The longest text that is read.
const MAX_TEXT: usize = 128 * 1024;

/// What ends a guest's run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PowerAction {
    /// Powers off, also by `shutdown` without a time.
    PowerOff,
    /// Reboots.
    Reboot,
    /// Halts.
    Halt,
    /// Boots another kernel.
    Kexec,
    /// Restarts userspace only.
    SoftReboot,
    /// Ends the service manager, which powers off.
    Exit,
    /// Asks the kernel directly, through `sysrq-trigger`.
    SysRq,
}

impl PowerAction {
    /// The word for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PowerOff => "poweroff",
            Self::Reboot => "reboot",
            Self::Halt => "halt",
            Self::Kexec => "kexec",
            Self::SoftReboot => "soft-reboot",
            Self::Exit => "exit",
            Self::SysRq => "sysrq",
        }
    }

    /// The action of a verb of `systemctl` or `loginctl`, or the stem of a unit's name.
    pub(super) fn from_verb(verb: &str) -> Option<Self> {
        Some(match verb {
            "poweroff" => Self::PowerOff,
            "reboot" => Self::Reboot,
            "halt" => Self::Halt,
            "kexec" => Self::Kexec,
            "soft-reboot" => Self::SoftReboot,
            "exit" => Self::Exit,
            _ => return None,
        })
    }
}

/// One command that powers the guest off or reboots it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Power {
    /// What it does.
    pub action: PowerAction,
    /// The command, without quotes.
    pub command: String,
    /// Its line in the text, counted from 1.
    pub line: usize,
}

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
pub(super) fn analyse_words(words: &[String], raw: Option<&str>) -> Analysis {
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
struct Reader {
    found: Analysis,
    raw: Option<String>,
}

/// Where a command stands.
struct Place<'a> {
    line: usize,
    depth: usize,
    input: &'a [String],
    fed: Option<&'a str>,
}

impl Reader {
    fn script(&mut self, text: &str, first_line: usize, depth: usize) {
        if depth > MAX_DEPTH || text.len() > MAX_TEXT {
            self.found
                .suspicions
                .push("a script too deep or too long to read".to_owned());
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

    fn power(&mut self, action: PowerAction, words: &[String], place: &Place) {
        let command = words.join(" ").chars().take(200).collect();
        self.found.powers.push(Power {
            action,
            command,
            line: place.line,
        });
    }

    fn sysrq(&mut self, written: Option<&str>, command: &Simple) {
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
    fn words(&mut self, all: &[String], place: &Place) {
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
                self.words(rest, place);
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

    fn judge(&mut self, name: &str, words: &[String], place: &Place) {
        let arguments = &words[1..];
        match name {
            "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "rbash" => self.shell(words, place),
            "su" | "runuser" | "script" | "watch" => {
                if !self.dash_c(arguments, place) {
                    self.words(after_options(arguments, "ugGsnd", 0), place);
                }
            }
            "eval" => self.script(&arguments.join(" "), place.line, place.depth + 1),
            "trap" => {
                let action = arguments.iter().find(|a| !a.starts_with('-'));
                self.script(action.map_or("", |a| a), place.line, place.depth + 1);
            }
            "." | "source" => self.call(arguments.first()),
            "at" | "batch" => self.queued(arguments, place),
            "find" => self.find_exec(arguments, place),
            "tee" if arguments.iter().any(|a| a.ends_with("sysrq-trigger")) => {
                let command = Simple {
                    words: words.to_vec(),
                    line: place.line,
                    ..Simple::default()
                };
                self.sysrq(place.fed, &command);
            }
            "awk" | "gawk" | "mawk" | "python" | "python3" | "perl" | "ruby" => {
                self.foreign(name, arguments);
            }
            "systemctl" => self.systemctl(words, place),
            _ => match direct(name, arguments) {
                Some(action) => self.power(action, words, place),
                None => self.other(name, words, place),
            },
        }
    }

    fn shell(&mut self, words: &[String], place: &Place) {
        let arguments = &words[1..];
        if self.dash_c(arguments, place) {
            return;
        }
        if let Some(script) = arguments.iter().find(|a| !a.starts_with(['-', '+'])) {
            self.call(Some(script));
            return;
        }
        self.read_input(place);
    }

    /// A shell that reads commands from its input.
    fn read_input(&mut self, place: &Place) {
        for text in place.input {
            self.script(text, place.line, place.depth + 1);
        }
        if let Some(fed) = place.fed {
            self.script(fed, place.line, place.depth + 1);
        }
    }

    /// `-c TEXT`, also as the end of a cluster of options.
    fn dash_c(&mut self, arguments: &[String], place: &Place) -> bool {
        let is_c = |a: &String| {
            a == "--command" || (a.starts_with('-') && !a.starts_with("--") && a.ends_with('c'))
        };
        let Some(at) = arguments.iter().position(is_c) else {
            return false;
        };
        let Some(text) = arguments.get(at + 1) else {
            return true;
        };
        let text = match &self.raw {
            Some(raw) => after_option_c(raw, &arguments[at..]).to_owned(),
            None => text.clone(),
        };
        self.script(&text, place.line, place.depth + 1);
        true
    }

    fn queued(&mut self, arguments: &[String], place: &Place) {
        self.read_input(place);
        if let Some(at) = arguments.iter().position(|a| a == "-f") {
            self.call(arguments.get(at + 1));
        }
    }

    fn find_exec(&mut self, arguments: &[String], place: &Place) {
        let runs = |a: &String| matches!(a.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir");
        if let Some(at) = arguments.iter().position(runs) {
            self.words(&arguments[at + 1..], place);
        }
    }

    /// A program in another language on the command line.
    fn foreign(&mut self, name: &str, arguments: &[String]) {
        let text = arguments.join(" ");
        if mentions_power(&text) {
            self.suspect(format!("{name} code that names a power action: {text}"));
        } else if let Some(script) = arguments.first().filter(|a| !a.starts_with('-')) {
            self.call(Some(script));
        }
    }

    fn systemctl(&mut self, words: &[String], place: &Place) {
        let options_with_value = "tpnosPHM";
        let elsewhere = |w: &String| {
            w == "--user" || w.starts_with("--host") || w.starts_with("--machine") || w == "-H"
        };
        if words.iter().any(elsewhere) {
            return;
        }
        let rest = after_options(&words[1..], options_with_value, 0);
        let Some((verb, units)) = rest.split_first() else {
            return;
        };
        let units: Vec<&String> = units.iter().filter(|u| !u.starts_with('-')).collect();
        if let Some(action) = PowerAction::from_verb(verb) {
            self.power(action, words, place);
            return;
        }
        let acts = matches!(
            verb.as_str(),
            "start" | "restart" | "stop" | "try-restart" | "reload-or-restart" | "isolate"
        );
        if !acts {
            return;
        }
        for unit in units {
            let full = full_unit_name(unit, verb == "isolate");
            match power_unit(&full).and_then(PowerAction::from_verb) {
                Some(_) if verb == "stop" => {}
                Some(action) => self.power(action, words, place),
                None => self.found.calls.push(Call::Unit(full)),
            }
        }
    }

    /// Anything else: a program that may be a script, with arguments that may be commands.
    fn other(&mut self, name: &str, words: &[String], place: &Place) {
        let is_system = is_system_program(&words[0]);
        if is_system && INERT.contains(&name) {
            return;
        }
        if name.starts_with('$') {
            self.suspect_arguments(words, place);
            return;
        }
        if !(is_system && SYSTEM_TOOLS.contains(&name)) {
            self.call(words.first());
            self.suspect_arguments(words, place);
        }
    }

    fn suspect_arguments(&mut self, words: &[String], place: &Place) {
        if words[1..].iter().any(|w| is_power_text(w, place.depth)) {
            self.suspect(words.join(" "));
        }
    }

    fn assignment(&mut self, word: &str, value: &str, place: &Place) {
        if is_power_text(value, place.depth) {
            self.suspect(format!("a variable that holds a power action: {word}"));
        }
    }

    fn call(&mut self, program: Option<&String>) {
        if let Some(program) = program.filter(|p| !p.is_empty() && !p.contains('$')) {
            self.found.calls.push(Call::Program(program.clone()));
        }
    }

    fn suspect(&mut self, what: String) {
        self.found.suspicions.push(what.chars().take(200).collect());
    }
}

/// What `echo` or `printf` says.
fn spoken(words: &[String]) -> Option<String> {
    let at = words
        .iter()
        .position(|w| matches!(basename(w), "echo" | "printf"))?;
    let said: Vec<&str> = words[at + 1..]
        .iter()
        .map(String::as_str)
        .filter(|w| !matches!(*w, "-n" | "-e"))
        .collect();
    Some(said.join(" ").replace("\\n", "\n"))
}

fn is_reserved(word: &str) -> bool {
    matches!(
        word,
        "if" | "then" | "else" | "elif" | "do" | "while" | "until" | "!" | "{" | "}"
    ) || matches!(
        word,
        "fi" | "done" | "coproc" | "export" | "readonly" | "local" | "declare"
    )
}

/// The value when `word` is `NAME=value`.
fn assigned(word: &str) -> Option<&str> {
    let (name, value) = word.split_once('=')?;
    let is_name = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '+');
    (is_name && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')).then_some(value)
}

pub(super) fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What follows a prefix command's options (`with_value`: short ones that take the next word) and
/// the `skip` words that it needs itself.
fn after_options<'a>(mut words: &'a [String], with_value: &str, skip: usize) -> &'a [String] {
    while let Some(word) = words.first() {
        if word == "--" {
            words = &words[1..];
            break;
        }
        let Some(letters) = word.strip_prefix('-').filter(|l| !l.is_empty()) else {
            break;
        };
        let is_long = letters.starts_with('-');
        let takes_next = if is_long {
            LONG_WITH_VALUE.contains(&word.as_str())
        } else {
            // The first letter that takes a value takes the rest of the cluster, if there is any.
            letters
                .find(|c| with_value.contains(c))
                .is_some_and(|at| at + 1 == letters.len())
        };
        words = words.get(1 + usize::from(takes_next)..).unwrap_or_default();
    }
    words.get(skip..).unwrap_or_default()
}

/// The text after the option `c` in a command line whose quotes were lost.
fn after_option_c<'a>(raw: &'a str, from_option: &[String]) -> &'a str {
    let option = from_option.first().map_or("-c", String::as_str);
    let needle = format!(" {option} ");
    raw.find(&needle)
        .map_or(raw, |at| &raw[at + needle.len()..])
}

fn full_unit_name(unit: &str, isolates: bool) -> String {
    match unit.contains('.') {
        true => unit.to_owned(),
        false if isolates => format!("{unit}.target"),
        false => format!("{unit}.service"),
    }
}

/// The action of a command that acts by its name.
fn direct(name: &str, arguments: &[String]) -> Option<PowerAction> {
    let has = |wanted: &[&str]| arguments.iter().any(|a| wanted.contains(&a.as_str()));
    if has(&["--help", "--version"]) {
        return None;
    }
    match name {
        "shutdown" => shutdown(arguments),
        "poweroff" | "reboot" | "halt" if has(&["-w", "--wtmp-only"]) => None,
        "reboot" if has(&["-p", "--poweroff"]) => Some(PowerAction::PowerOff),
        "poweroff" | "reboot" | "halt" => PowerAction::from_verb(name),
        "kexec" => {
            let loads = has(&[
                "-l",
                "-p",
                "-u",
                "--load",
                "--load-panic",
                "--unload",
                "--status",
            ]);
            (!loads || has(&["-e", "--exec"])).then_some(PowerAction::Kexec)
        }
        "init" | "telinit" if has(&["0"]) => Some(PowerAction::PowerOff),
        "init" | "telinit" if has(&["6"]) => Some(PowerAction::Reboot),
        "loginctl" => arguments.iter().find_map(|a| PowerAction::from_verb(a)),
        "busctl" | "dbus-send" | "gdbus" | "qdbus" => bus_call(arguments),
        "qemu-ga" | "hospes-agent" => has(&["--shutdown"]).then_some(PowerAction::PowerOff),
        _ => None,
    }
}

/// `shutdown`: `-c` cancels and `-k` only warns.
fn shutdown(arguments: &[String]) -> Option<PowerAction> {
    let flag = |letter: char, long: &str| {
        arguments.iter().any(|a| {
            let cluster = a.strip_prefix('-').unwrap_or_default();
            a == long || (cluster.chars().all(char::is_alphabetic) && cluster.contains(letter))
        })
    };
    if flag('c', "--cancel") || flag('k', "--warn") || arguments.iter().any(|a| a == "--show") {
        return None;
    }
    Some(match () {
        () if flag('r', "--reboot") => PowerAction::Reboot,
        () if flag('H', "--halt") => PowerAction::Halt,
        () => PowerAction::PowerOff,
    })
}

/// A call of login1 or systemd1 by D-Bus.
fn bus_call(arguments: &[String]) -> Option<PowerAction> {
    let names_manager = |a: &String| a.contains("login1") || a.contains("systemd1");
    if !arguments.iter().any(names_manager) {
        return None;
    }
    arguments.iter().find_map(|a| {
        let word = a.strip_prefix("string:").unwrap_or(a);
        let word = word.trim_matches(['"', '\'']);
        if let Some(action) = power_unit(word) {
            return PowerAction::from_verb(action);
        }
        let method = word.rsplit('.').next().unwrap_or(word);
        Some(match method.trim_end_matches("WithFlags") {
            "PowerOff" | "ScheduleShutdown" => PowerAction::PowerOff,
            "Reboot" => PowerAction::Reboot,
            "Halt" => PowerAction::Halt,
            "KExec" => PowerAction::Kexec,
            "SoftReboot" => PowerAction::SoftReboot,
            "Exit" => PowerAction::Exit,
            _ => return None,
        })
    })
}

/// Whether a text, run as a command, would act.
fn is_power_text(text: &str, depth: usize) -> bool {
    let mut reader = Reader::default();
    reader.script(text, 1, depth + 1);
    !reader.found.powers.is_empty()
}

/// Whether a command is looked up in the system's own directories, so that its name tells what
/// it is.
fn is_system_program(word: &str) -> bool {
    let directory = word
        .rsplit_once('/')
        .map_or("/bin", |(directory, _)| directory);
    matches!(directory, "/bin" | "/sbin" | "/usr/bin" | "/usr/sbin")
}

/// Whether a text in another language has a power action as a word of its own.
pub(super) fn mentions_power(text: &str) -> bool {
    const WORDS: [&str; 8] = [
        "poweroff",
        "reboot",
        "shutdown",
        "halt",
        "kexec",
        "telinit",
        "PowerOff",
        "sysrq-trigger",
    ];
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.split(|c| !is_word(c))
        .any(|word| WORDS.contains(&word))
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
