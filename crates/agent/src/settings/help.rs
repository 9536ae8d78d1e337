//! `--help` and `--version`.

use qga::System;

use super::options::{Argument, Group, OPTIONS, OptionSpec};

/// Columns before the text of an option.
const INDENT: usize = 24;
/// Columns of a terminal.
const WIDTH: usize = 80;

/// The text of `--help` on `system`. `program` is the name it was called by, `version` what `--version` says.
#[must_use]
pub fn help(system: System, program: &str, version: &str) -> String {
    let mut text = format!(
        "Usage: {program} [-m METHOD -p PATH] [OPTIONS]\n{}\
         The guest's end of the channel between a virtual machine and its host.\n\n",
        version_text(version)
    );
    let shown = |option: &&OptionSpec| option.is_told_on(system);
    for option in OPTIONS.iter().filter(shown) {
        if !option.longs.is_empty() {
            text += &row(&names(option), option.help(system));
        }
    }
    text += "\nOnly in the configuration file, group [hospes]; TIME is 90, 90s, 10m or 1h:\n";
    for option in OPTIONS.iter().filter(shown) {
        if let Some(key) = option.key.filter(|key| key.group == Group::Hospes) {
            text += &row(
                &format!("{}={}", key.names[0], placeholder(option)),
                option.help(system),
            );
        }
    }
    text
}

/// The text of `--version`.
#[must_use]
pub fn version_text(version: &str) -> String {
    format!("QEMU Guest Agent {version}\n")
}

fn names(option: &OptionSpec) -> String {
    let short = option
        .short
        .map_or_else(String::new, |short| format!("-{short}, "));
    let argument = match option.argument {
        Argument::Nothing => String::new(),
        Argument::Required(name) => format!("={name}"),
        Argument::Optional(name) => format!("[={name}]"),
    };
    format!("{short}--{}{argument}", option.longs[0])
}

const fn placeholder(option: &OptionSpec) -> &'static str {
    match option.argument {
        Argument::Nothing => "",
        Argument::Required(name) | Argument::Optional(name) => name,
    }
}

/// An option and its text, which starts on a line of its own when the option is long.
fn row(names: &str, help: &str) -> String {
    let mut row = format!("  {names}");
    if row.len() + 2 > INDENT {
        row.push('\n');
    } else {
        row += &" ".repeat(INDENT - row.len());
    }
    for (index, line) in wrapped(help).iter().enumerate() {
        if index > 0 || row.ends_with('\n') {
            row += &" ".repeat(INDENT);
        }
        row += line;
        row.push('\n');
    }
    row
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && INDENT + line.len() + 1 + word.len() > WIDTH {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
