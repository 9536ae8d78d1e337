//! The words of a command line.

use crate::hooks::tables::LONG_WITH_VALUE;

/// What `echo` or `printf` says.
pub(super) fn spoken(words: &[String]) -> Option<String> {
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

pub(super) fn is_reserved(word: &str) -> bool {
    matches!(
        word,
        "if" | "then" | "else" | "elif" | "do" | "while" | "until" | "!" | "{" | "}"
    ) || matches!(
        word,
        "fi" | "done" | "coproc" | "export" | "readonly" | "local" | "declare"
    )
}

/// The value when `word` is `NAME=value`.
pub(super) fn assigned(word: &str) -> Option<&str> {
    let (name, value) = word.split_once('=')?;
    let is_name = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '+');
    (is_name && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')).then_some(value)
}

pub(in crate::hooks) fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What follows a prefix command's options (`with_value`: short ones that take the next word) and
/// the `skip` words that it needs itself.
pub(super) fn after_options<'a>(
    mut words: &'a [String],
    with_value: &str,
    skip: usize,
) -> &'a [String] {
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
pub(super) fn after_option_c<'a>(raw: &'a str, from_option: &[String]) -> &'a str {
    let option = from_option.first().map_or("-c", String::as_str);
    let needle = format!(" {option} ");
    raw.find(&needle)
        .map_or(raw, |at| &raw[at + needle.len()..])
}

pub(super) fn full_unit_name(unit: &str, isolates: bool) -> String {
    match unit.contains('.') {
        true => unit.to_owned(),
        false if isolates => format!("{unit}.target"),
        false => format!("{unit}.service"),
    }
}

/// Whether a command is looked up in the system's own directories, so that its name tells what
/// it is.
pub(super) fn is_system_program(word: &str) -> bool {
    let directory = word
        .rsplit_once('/')
        .map_or("/bin", |(directory, _)| directory);
    matches!(directory, "/bin" | "/sbin" | "/usr/bin" | "/usr/sbin")
}
