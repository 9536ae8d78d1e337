//! How the file of a script is run.

use super::Kind;

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program's file, or its name in the search path.
    pub program: String,
    /// Its arguments, without its name.
    pub arguments: Vec<String>,
}

/// The program that runs scripts of [`Kind::Ps1`].
pub const POWERSHELL: &str = "powershell.exe";

/// What it is told before the file's name. With `-File` its exit code is what the script says with
/// `exit N`, 1 after `throw`, and else 0, whatever the programs in the script ended with.
const POWERSHELL_ARGUMENTS: [&str; 5] = [
    "-NoProfile",
    "-NoLogo",
    "-ExecutionPolicy",
    "Unrestricted",
    "-File",
];

/// How `file` is run: by PowerShell, by a shell that is told its name (so that the kernel reads the
/// first line, and the shell interprets what names no interpreter), or by itself.
#[must_use]
pub fn invocation(kind: Kind, shell: Option<&str>, file: &str) -> Invocation {
    match (kind, shell) {
        (Kind::Ps1, _) => {
            let words = POWERSHELL_ARGUMENTS.into_iter().chain([file]);
            Invocation {
                program: POWERSHELL.to_owned(),
                arguments: words.map(str::to_owned).collect(),
            }
        }
        (_, Some(shell)) => Invocation {
            program: shell.to_owned(),
            arguments: vec!["-c".to_owned(), word(file)],
        },
        (_, None) => Invocation {
            program: file.to_owned(),
            arguments: Vec::new(),
        },
    }
}

/// A path as one word of a shell.
fn word(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    if path.bytes().all(is_plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_told_the_file_s_name_as_one_word() {
        for (file, word) in [
            (
                "/tmp/metadata-scripts1/startup-script",
                "/tmp/metadata-scripts1/startup-script",
            ),
            ("/a b/s", "'/a b/s'"),
            ("/a;rm -rf $b/s", "'/a;rm -rf $b/s'"),
            ("/a'b/s", r"'/a'\''b/s'"),
        ] {
            let by_shell = invocation(Kind::Plain, Some("/bin/bash"), file);
            assert_eq!(by_shell.program, "/bin/bash");
            assert_eq!(by_shell.arguments, ["-c", word]);
            let by_itself = invocation(Kind::Plain, None, file);
            assert_eq!(
                (by_itself.program.as_str(), by_itself.arguments.len()),
                (file, 0)
            );
        }
    }

    #[test]
    fn on_windows_powershell_runs_its_scripts_and_everything_else_runs_by_itself() {
        let file = r"C:\Windows\Temp\a b\windows-startup-script-ps1.ps1";
        let by_powershell = invocation(Kind::Ps1, None, file);
        assert_eq!(by_powershell.program, "powershell.exe");
        assert_eq!(
            by_powershell.arguments.join(" "),
            format!("-NoProfile -NoLogo -ExecutionPolicy Unrestricted -File {file}")
        );
        assert_eq!(by_powershell.arguments.last().unwrap(), file);
        for kind in [Kind::Cmd, Kind::Bat, Kind::Exe, Kind::Plain] {
            let by_itself = invocation(kind, None, r"C:\a b\s");
            assert_eq!(by_itself.program, r"C:\a b\s");
            assert_eq!(by_itself.arguments.len(), 0, "{kind:?}");
        }
    }
}
