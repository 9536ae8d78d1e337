//! What each program does with its arguments.

use super::direct::{direct, mentions_power};
use super::power::PowerAction;
use super::reader::{Call, Place, Reader};
use super::words::{after_option_c, after_options, full_unit_name, is_system_program};
use crate::hooks::lexer::Simple;
use crate::hooks::tables::{INERT, SYSTEM_TOOLS, power_unit};

impl Reader {
    pub(super) fn judge(&mut self, name: &str, words: &[String], place: &Place) {
        let arguments = &words[1..];
        match name {
            "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "rbash" => self.shell(words, place),
            "su" | "runuser" | "script" | "watch" => {
                if !self.dash_c(arguments, place) {
                    self.words(after_options(arguments, "ugGsnd", 0), &place.within());
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
    pub(super) fn dash_c(&mut self, arguments: &[String], place: &Place) -> bool {
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
            self.words(&arguments[at + 1..], &place.within());
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
}
