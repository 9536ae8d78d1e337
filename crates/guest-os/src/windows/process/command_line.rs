//! The command line of a program: Windows hands over one text, which the program takes apart.
//!
//! ```text
//! program.exe   "a b"  "c\"d"          as CommandLineToArgvW takes it apart
//! script.bat    cmd.exe /d /c ""script.bat" "a b""     as cmd does: quotes are all it knows
//! ```
//!
//! To `cmd`, an argument of a batch file is a piece of its own language. One that could end its
//! quotes or stand for a variable is refused: nothing quotes it for every use in the script.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::windows::ffi::OsStrExt;
use std::path::Path;

use crate::windows::places::system_program;
use crate::windows::wide::wide;

/// `cmd` with extensions, without delayed expansion and without what the registry says shall run
/// first. The quotes around everything that follows are those that `/c` takes away.
const BATCH: &str = "cmd.exe /e:ON /v:OFF /d /c \"";

/// What `CreateProcessW` is told.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::windows) struct CommandLine {
    /// The file that is executed, with a zero behind it.
    pub(super) file: Vec<u16>,
    /// With a zero behind it.
    pub(super) line: Vec<u16>,
}

/// How `file` is started with `arguments`, known to itself as `name`.
///
/// # Errors
/// `InvalidInput`: an argument cannot be handed over.
pub(in crate::windows) fn command_line(
    file: &Path,
    name: &OsStr,
    arguments: &[impl AsRef<OsStr>],
) -> io::Result<CommandLine> {
    let is_batch = is_batch(file);
    let mut line = Vec::new();
    if is_batch {
        line.extend(BATCH.encode_utf16());
        push_name(&mut line, file.as_os_str(), &['"', '%'])?;
    } else {
        push_name(&mut line, name, &['"'])?;
    }
    for argument in arguments {
        line.push(u16::from(b' '));
        match is_batch {
            true => push_for_batch(&mut line, argument.as_ref())?,
            false => push(&mut line, argument.as_ref())?,
        }
    }
    let file = if is_batch {
        line.push(u16::from(b'"'));
        wide(system_program("cmd.exe"))
    } else {
        wide(file)
    };
    line.push(0);
    Ok(CommandLine { file, line })
}

/// Whether `cmd` runs the file. Blanks and dots at the end of a name mean nothing to Windows.
fn is_batch(file: &Path) -> bool {
    let name = file.as_os_str().to_string_lossy();
    let name = name.trim_end_matches([' ', '.']);
    let ending = Path::new(name).extension();
    ending.is_some_and(|ending| {
        ending.eq_ignore_ascii_case("bat") || ending.eq_ignore_ascii_case("cmd")
    })
}

/// The first word: within its quotes nothing has a meaning.
fn push_name(line: &mut Vec<u16>, name: &OsStr, refused: &[char]) -> io::Result<()> {
    let text = name.to_string_lossy();
    if text.contains(refused) || text.contains('\0') || text.ends_with('\\') {
        return Err(invalid("the program's name cannot be quoted"));
    }
    line.push(u16::from(b'"'));
    line.extend(name.encode_wide());
    line.push(u16::from(b'"'));
    Ok(())
}

/// In quotes where it needs them; backslashes before a quote are doubled, and a quote gets one.
fn push(line: &mut Vec<u16>, argument: &OsStr) -> io::Result<()> {
    let text = argument.as_encoded_bytes();
    if text.contains(&0) {
        return Err(invalid("an argument has a zero in it"));
    }
    let is_quoted = text.is_empty() || text.iter().any(|byte| b" \t\n\x0b\"".contains(byte));
    push_quoted(line, argument, is_quoted);
    Ok(())
}

/// In quotes unless it is plain: `cmd` knows more than blanks.
fn push_for_batch(line: &mut Vec<u16>, argument: &OsStr) -> io::Result<()> {
    let text = argument.to_string_lossy();
    if text.contains(|letter: char| letter.is_control() || "\"%".contains(letter)) {
        let why = "an argument of a batch file has a quote, a percent sign or a control character \
                   in it, which cmd.exe would take for its own";
        return Err(invalid(why));
    }
    let is_plain = |letter: char| {
        !letter.is_ascii() || letter.is_ascii_alphanumeric() || r"#$*+-./:?@\_".contains(letter)
    };
    // A backslash at the end would escape the quote that the script puts behind it.
    let is_quoted = text.is_empty() || text.ends_with('\\') || !text.chars().all(is_plain);
    push_quoted(line, argument, is_quoted);
    Ok(())
}

fn push_quoted(line: &mut Vec<u16>, argument: &OsStr, is_quoted: bool) {
    const QUOTE: u16 = b'"' as u16;
    const BACKSLASH: u16 = b'\\' as u16;
    if is_quoted {
        line.push(QUOTE);
    }
    let mut backslashes = 0;
    for unit in argument.encode_wide() {
        if unit == QUOTE {
            line.extend(std::iter::repeat_n(BACKSLASH, backslashes + 1));
        }
        backslashes = if unit == BACKSLASH {
            backslashes + 1
        } else {
            0
        };
        line.push(unit);
    }
    if is_quoted {
        line.extend(std::iter::repeat_n(BACKSLASH, backslashes));
        line.push(QUOTE);
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}

#[cfg(test)]
#[path = "command_line_tests.rs"]
mod tests;
