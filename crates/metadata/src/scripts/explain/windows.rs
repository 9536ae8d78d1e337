//! On Windows: a file that cannot be started, and exit codes that are the system's own, not a
//! script's.
//!
//! What else may have happened stands in what the script has printed, or in the system's words for
//! why it was not started: rules that forbid it, a virus scanner, a program for another processor.

use super::super::{End, Kind};
use super::Sight;

/// Exit codes that programs do not choose (ntstatus.h).
const STATUSES: [(i64, &str); 9] = [
    (0xc000_0005, "a program crashed: access violation"),
    (
        0xc000_007b,
        "a program was not started: it or a DLL of it is not for this machine; 32 and 64 bit do not mix",
    ),
    (0xc000_00fd, "a program crashed: stack overflow"),
    (
        0xc000_0135,
        "a program was not started: a DLL that it needs is missing; install what brings it, often \
         the Visual C++ Redistributable",
    ),
    (
        0xc000_0139,
        "a program was not started: a DLL that it needs is there in another version; install the \
         right one",
    ),
    (
        0xc000_013a,
        "it was ended by Ctrl-C, or because its console was closed",
    ),
    (
        0xc000_0142,
        "a program was not started: a DLL of it could not be initialised, as happens when the \
         system already goes down",
    ),
    (0xc000_0374, "a program crashed: its heap was corrupted"),
    (0xc000_0409, "a program crashed: it found itself damaged"),
];

/// cmd.exe: no such command.
const NO_COMMAND: i64 = 9009;

/// PowerShell: the file behind `-File` cannot be read.
const NO_FILE: i64 = 0xfffd_0000;

pub(super) fn explain(sight: &Sight<'_>) -> Option<&'static str> {
    match (sight.end, sight.kind) {
        (End::NotStarted(_), _) => not_started(sight),
        (End::Code(NO_COMMAND), Kind::Cmd | Kind::Bat) => Some(
            "cmd.exe found no command of the name that it printed: check the spelling, and that \
             the system's PATH leads there, not only a user's",
        ),
        (End::Code(NO_FILE), Kind::Ps1) => Some(
            "PowerShell could not read the script's file: look whether a virus scanner has taken \
             it away",
        ),
        (End::Code(code), _) => {
            let known = STATUSES.iter().find(|(status, _)| status == code);
            known.map(|(_, meaning)| *meaning)
        }
        (End::Signal(_) | End::TimedOut(_), _) => None,
    }
}

fn not_started(sight: &Sight<'_>) -> Option<&'static str> {
    let is_program = sight.head.is_empty() || sight.head.starts_with(b"MZ");
    match sight.kind {
        Kind::Ps1 if sight.missing.is_some() => Some(
            "powershell.exe is in no folder of PATH: install Windows PowerShell, or write the \
             script for cmd.exe, under a key that ends in -cmd",
        ),
        Kind::Plain if !is_program => Some(
            "the path of its URL ends in none of .ps1, .cmd, .bat and .exe, which tell Windows how \
             to run a file: give the object such a name",
        ),
        Kind::Exe if !is_program => Some(
            "it is no program for Windows: check whether its URL leads to the program or to a page \
             about it",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: Kind, end: &End, head: &[u8], missing: Option<&str>) -> Option<&'static str> {
        explain(&Sight {
            end,
            kind,
            head,
            shebang: None,
            missing,
            is_noexec: None,
            is_enforcing: false,
        })
    }

    #[test]
    fn what_the_exit_code_does_not_tell_is_told() {
        let refused = End::NotStarted("refused".to_owned());
        let powershell = Some("powershell.exe");
        for (kind, end, head, missing, expected) in [
            (Kind::Ps1, &refused, "exit 0", powershell, "powershell.exe"),
            (Kind::Plain, &refused, "@echo off", None, "path of its URL"),
            (Kind::Exe, &refused, "<html>", None, "no program"),
            (Kind::Bat, &End::Code(9009), "", None, "no command"),
            (Kind::Cmd, &End::Code(9009), "", None, "no command"),
            (Kind::Ps1, &End::Code(0xfffd_0000), "", None, "virus"),
            (Kind::Exe, &End::Code(0xc000_0005), "MZ", None, "violation"),
            (Kind::Bat, &End::Code(0xc000_0135), "", None, "a DLL"),
            (Kind::Ps1, &End::Code(0xc000_013a), "", None, "Ctrl-C"),
        ] {
            let told = told(kind, end, head.as_bytes(), missing).unwrap();
            assert!(told.contains(expected), "{told}");
            assert!(!told.contains('\n'));
        }
    }

    #[test]
    fn what_is_the_script_s_own_or_not_certain_is_not_explained() {
        let refused = End::NotStarted("refused".to_owned());
        for (kind, end, head) in [
            (Kind::Ps1, &refused, ""),
            (Kind::Cmd, &refused, "echo"),
            (Kind::Exe, &refused, "MZ\u{90}"),
            (Kind::Plain, &refused, "MZ\u{90}"),
            (Kind::Plain, &refused, ""),
            (Kind::Exe, &End::Code(9009), "MZ"),
            (Kind::Cmd, &End::Code(0xfffd_0000), ""),
            (Kind::Cmd, &End::Code(1), "echo\r\n"),
            (Kind::Ps1, &End::Code(1), ""),
            (Kind::Plain, &End::Code(127), "#!/bin/sh\r\n"),
            (Kind::Cmd, &End::Code(0), ""),
        ] {
            let told = told(kind, end, head.as_bytes(), None);
            assert_eq!(told, None, "{kind:?} {end:?}");
        }
    }

    #[test]
    fn each_status_is_explained_once_in_one_line() {
        for pair in STATUSES.windows(2) {
            assert!(pair[0].0 < pair[1].0);
        }
        assert!(STATUSES.iter().all(|(_, meaning)| !meaning.contains('\n')));
    }
}
