//! Size of files, and words that do not belong into them.

use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;

const LONGEST: usize = 450;
const LONGEST_TEST: usize = 900;
const LONGEST_DECLARATION: usize = 60;
const SKIPPED: [&str; 5] = ["target", ".git", "corpus", "artifacts", "node_modules"];
const TEXTS: [&str; 4] = ["rs", "toml", "md", "sh"];

/// What makes Proxmox VE cut the power; in halves, as all words here.
const FORCE: &str = concat!("force", "Stop");
/// The lab's cluster knows it and counts it, and people are told that hospes does not.
const FORCE_IS_TOLD: [&str; 2] = ["crates/lab", "docs"];

/// Written in halves, so that this file keeps its own rule.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "unfinished work belongs into an issue"),
    (
        concat!("FIX", "ME"),
        "unfinished work belongs into an issue",
    ),
    (FORCE, "there is no code path that cuts a guest's power"),
    (concat!("/wo", "rk/"), "a path of one machine"),
];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    visit(root, root, &mut findings)?;
    Ok(findings)
}

fn visit(root: &Path, folder: &Path, findings: &mut Vec<Finding>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !SKIPPED.contains(&name.as_ref()) {
            visit(root, &path, findings)?;
        } else if path
            .extension()
            .is_some_and(|extension| TEXTS.iter().any(|text| extension == *text))
        {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            findings.extend(check_text(path.strip_prefix(root).unwrap_or(&path), &text));
        }
    }
    Ok(())
}

fn check_text(path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = forbidden_words(path, text);
    if path.extension().is_some_and(|extension| extension == "rs") {
        findings.extend(too_long(path, text));
        findings.extend(more_than_declarations(path, text));
    }
    findings
}

fn forbidden_words(path: &Path, text: &str) -> Vec<Finding> {
    let is_excused =
        |word| word == FORCE && FORCE_IS_TOLD.iter().any(|told| path.starts_with(told));
    let found = |line: &str| {
        let mut words = FORBIDDEN.iter();
        words.find(|(word, _)| line.contains(word) && !is_excused(*word))
    };
    let lines = text
        .lines()
        .enumerate()
        .filter_map(|(index, line)| Some((index + 1, found(line)?)));
    lines
        .map(|(number, (word, why))| {
            Finding::error(
                format!("{}:{number}", path.display()),
                format!("`{word}`: {why}"),
            )
        })
        .collect()
}

fn too_long(path: &Path, text: &str) -> Option<Finding> {
    let in_tests = path.components().any(|part| part.as_os_str() == "tests");
    let (lines, longest) = (
        text.lines().count(),
        if in_tests { LONGEST_TEST } else { LONGEST },
    );
    (lines > longest).then(|| {
        let rule = format!("{lines} lines, {longest} at most; a file has one subject that is read downward: split it");
        Finding::error(path.display().to_string(), rule)
    })
}

fn more_than_declarations(path: &Path, text: &str) -> Option<Finding> {
    let name = path.file_name()?.to_str()?;
    let lines = text.lines().filter(|line| !is_declaration(line)).count();
    (matches!(name, "lib.rs" | "mod.rs") && lines > LONGEST_DECLARATION).then(|| {
        let rule = format!(
            "{lines} lines of code; `{name}` declares and re-exports: move the rest to a named file"
        );
        Finding::warning(path.display().to_string(), rule)
    })
}

fn is_declaration(line: &str) -> bool {
    let line = line.trim();
    let starts = [
        "//",
        "#[",
        "#![",
        "mod ",
        "pub mod ",
        "pub(crate) mod ",
        "use ",
        "pub use ",
        "pub(crate) use ",
    ];
    line.is_empty() || starts.iter().any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> Vec<String> {
        check_text(Path::new(path), text)
            .into_iter()
            .map(|finding| finding.place)
            .collect()
    }

    #[test]
    fn a_forbidden_word_is_found_with_its_line() {
        let text = format!("fine\n// {} later\n", concat!("TO", "DO"));
        assert_eq!(places("crates/x/src/a.rs", &text), ["crates/x/src/a.rs:2"]);
        assert_eq!(places("README.md", &text), ["README.md:2"]);
        assert!(places("crates/x/src/a.rs", "a todo list\n").is_empty());
    }

    #[test]
    fn sources_are_shorter_than_tests_may_be() {
        let text = "let line = 1;\n".repeat(LONGEST + 1);
        assert_eq!(places("crates/x/src/long.rs", &text).len(), 1);
        assert!(places("crates/x/tests/long.rs", &text).is_empty());
        assert_eq!(places("crates/x/tests/long.rs", &text.repeat(2)).len(), 1);
    }

    #[test]
    fn lib_and_mod_declare() {
        let code = "fn work() {}\n".repeat(LONGEST_DECLARATION + 1);
        let declarations = "//! Words.\nmod a;\npub use a::B;\n".repeat(LONGEST_DECLARATION);
        assert_eq!(places("crates/x/src/lib.rs", &code).len(), 1);
        assert!(places("crates/x/src/lib.rs", &declarations).is_empty());
        assert!(places("crates/x/src/work.rs", &code).is_empty());
    }
}
