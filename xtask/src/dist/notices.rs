//! The licences of the code of others that is part of a program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::options::Product;
use crate::process;
use crate::workspace::Workspace;

/// How names of files with a licence begin.
const FILES: [&str; 5] = ["LICEN", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// Names, licences and their texts, for `product` on `target`.
pub(crate) fn of(workspace: &Workspace, product: Product, target: &str) -> Result<String> {
    let mut command = workspace.cargo(&["metadata", "--format-version", "1", "--locked"]);
    let metadata = process::output(command.args(["--filter-platform", target]))?;
    let metadata: Value =
        serde_json::from_str(&metadata).context("`cargo metadata` printed no JSON")?;
    let mut listed = BTreeSet::new();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in others(&metadata, product.name()) {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let name = format!("{} {}", text("name"), text("version"));
        listed.insert(format!("  {name} ({})", text("license")));
        let folder = Path::new(text("manifest_path")).parent();
        for licence in folder.map(licences).transpose()?.unwrap_or_default() {
            texts.entry(licence).or_default().insert(name.clone());
        }
    }
    Ok(shown(&listed, &texts))
}

/// The packages of others that `program` is linked with.
fn others<'a>(metadata: &'a Value, program: &str) -> Vec<&'a Value> {
    let packages = list(&metadata["packages"]);
    let nodes = list(&metadata["resolve"]["nodes"]);
    let is_program =
        |package: &&Value| package["source"].is_null() && package["name"].as_str() == Some(program);
    let programs = packages.iter().filter(is_program);
    let mut open: Vec<&str> = programs.map(|package| id(&package["id"])).collect();
    let mut found = BTreeSet::new();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            let node = nodes.iter().filter(|node| id(&node["id"]) == next);
            let dependencies = node.flat_map(|node| list(&node["deps"]));
            let linked = dependencies.filter(|dependency| is_linked(dependency));
            open.extend(linked.map(|dependency| id(&dependency["pkg"])));
        }
    }
    let theirs = packages
        .iter()
        .filter(|package| !package["source"].is_null());
    theirs
        .filter(|package| found.contains(id(&package["id"])))
        .collect()
}

/// Not only built or tested with.
fn is_linked(dependency: &Value) -> bool {
    let kinds = list(&dependency["dep_kinds"]);
    kinds.iter().any(|kind| kind["kind"].is_null())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn id(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn licences(folder: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_ascii_uppercase();
        if path.is_file() && FILES.iter().any(|start| name.starts_with(start)) {
            texts.push(String::from_utf8_lossy(&std::fs::read(&path)?).into_owned());
        }
    }
    Ok(texts)
}

fn shown(listed: &BTreeSet<String>, texts: &BTreeMap<String, BTreeSet<String>>) -> String {
    let names: Vec<&str> = listed.iter().map(String::as_str).collect();
    let mut shown = format!(
        "This program contains the standard library of Rust (MIT OR Apache-2.0) and code of:\n\n{}\n",
        names.join("\n")
    );
    for (text, of) in texts {
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        shown.push_str(&format!(
            "\n{}\n{}\n\n{}\n",
            "-".repeat(72),
            of.join(", "),
            text.trim_end()
        ));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_linked_is_listed_and_what_builds_or_tests_is_not() {
        let package =
            |id: &str, source: Option<&str>| json!({"id": id, "name": id, "source": source});
        let dependency =
            |id: &str, kind: Option<&str>| json!({"pkg": id, "dep_kinds": [{"kind": kind}]});
        let metadata = json!({
            "packages": [
                package("program", None), package("ours", None),
                package("linked", Some("r")), package("below", Some("r")), package("builds", Some("r")),
                package("tests", Some("r")), package("unused", Some("r")),
            ],
            "resolve": {"nodes": [
                {"id": "program", "deps": [dependency("ours", None), dependency("tests", Some("dev"))]},
                {"id": "ours", "deps": [dependency("linked", None), dependency("builds", Some("build"))]},
                {"id": "linked", "deps": [dependency("below", None), dependency("linked", None)]},
            ]},
        });
        let names: Vec<_> = others(&metadata, "program")
            .iter()
            .map(|package| package["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["linked", "below"]);
    }

    #[test]
    fn a_text_that_several_share_is_there_once() {
        let names = BTreeSet::from(["a 1".to_owned(), "b 2".to_owned()]);
        let shown = shown(
            &names,
            &BTreeMap::from([("Text\n".to_owned(), names.clone())]),
        );
        assert!(shown.contains("a 1, b 2\n\nText\n"), "{shown}");
    }
}
