//! Programs that act by their name.

use super::power::PowerAction;
use crate::hooks::tables::power_unit;

/// The action of a command that acts by its name.
pub(super) fn direct(name: &str, arguments: &[String]) -> Option<PowerAction> {
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

/// Whether a text in another language has a power action as a word of its own.
pub(in crate::hooks) fn mentions_power(text: &str) -> bool {
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
