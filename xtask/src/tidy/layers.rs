//! The layers: arrows point down only.
//!
//! ```text
//! development   lab · xtask            (may use anything, are used by nothing)
//! programs      hospes · hospes-agent  -> ports, pure
//! ports         config · ssh · ...     -> pure
//! pure          qga · conditions · ... -> pure
//! ```

use serde_json::Value;

use super::Finding;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Pure,
    Port,
    Program,
    Development,
}

const LAYERS: &[(&str, Layer)] = &[
    ("agent", Layer::Pure),
    ("qga", Layer::Pure),
    ("conditions", Layer::Pure),
    ("guest-script", Layer::Pure),
    ("lifecycle", Layer::Pure),
    ("metadata", Layer::Pure),
    ("patch", Layer::Pure),
    ("patch-report", Layer::Pure),
    ("plan", Layer::Pure),
    ("pve", Layer::Pure),
    ("toml-file", Layer::Pure),
    ("config", Layer::Port),
    ("guest-os", Layer::Port),
    ("hypervisor-proxmox", Layer::Port),
    ("hypervisor-qemu", Layer::Port),
    ("journal", Layer::Port),
    ("metadata-client", Layer::Port),
    ("metadata-server", Layer::Port),
    ("ssh", Layer::Port),
    ("hospes", Layer::Program),
    ("hospes-agent", Layer::Program),
    ("lab", Layer::Development),
    ("xtask", Layer::Development),
];

/// What pure crates may use of others: nothing that does I/O, reads a clock or rolls dice.
const PURE_MAY_USE: &[&str] = &[
    "async-trait",
    "base64",
    "base64-simd",
    "humantime",
    "jiff",
    "lexopt",
    "maud",
    "serde",
    "serde_json",
    "sha2",
    "similar",
    "thiserror",
    "toml",
];

pub(super) fn check(metadata: &Value) -> Vec<Finding> {
    let packages = metadata["packages"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    packages.iter().flat_map(check_package).collect()
}

fn check_package(package: &Value) -> Vec<Finding> {
    let name = package["name"].as_str().unwrap_or_default();
    let place = format!("crate `{name}`");
    let Some(layer) = layer_of(name) else {
        return vec![Finding::error(
            place,
            "has no layer; give it one in xtask/src/tidy/layers.rs",
        )];
    };
    let dependencies = package["dependencies"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let rules = dependencies
        .iter()
        .filter_map(|dependency| breach(layer, dependency));
    rules
        .map(|rule| Finding::error(place.clone(), rule))
        .collect()
}

fn layer_of(name: &str) -> Option<Layer> {
    LAYERS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, layer)| *layer)
}

fn breach(from: Layer, dependency: &Value) -> Option<String> {
    let name = dependency["name"].as_str().unwrap_or_default();
    let in_tests = dependency["kind"].as_str() == Some("dev");
    let ours = dependency["path"].is_string();
    if !ours {
        let forbidden = from == Layer::Pure && !in_tests && !PURE_MAY_USE.contains(&name);
        return forbidden.then(|| {
            format!("uses `{name}`; a pure crate decides without I/O, clock or randomness and may use {PURE_MAY_USE:?}")
        });
    }
    let to = layer_of(name)?;
    (!may_use(from, to, in_tests)).then(|| {
        format!("({from:?}) uses `{name}` ({to:?}); arrows point down: development, programs, ports, pure")
    })
}

/// In its tests a crate may also use its neighbours; nobody uses what is for development only.
fn may_use(from: Layer, to: Layer, in_tests: bool) -> bool {
    match (from, to) {
        (Layer::Development, _) => true,
        (_, Layer::Development | Layer::Program) => false,
        (_, Layer::Pure) => true,
        (Layer::Program, Layer::Port) => true,
        (Layer::Port | Layer::Pure, Layer::Port) => in_tests,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn findings(package: &str, dependency: &str, kind: Option<&str>, ours: bool) -> usize {
        let path = ours.then_some("/somewhere");
        let dependency = json!({"name": dependency, "kind": kind, "path": path});
        check(&json!({"packages": [{"name": package, "dependencies": [dependency]}]})).len()
    }

    #[test]
    fn arrows_point_down() {
        let table = [
            ("hospes", "ssh", None, true, 0),
            ("ssh", "conditions", None, true, 0),
            ("lab", "hospes", None, true, 0),
            ("conditions", "qga", None, true, 0),
            ("conditions", "ssh", None, true, 1),
            ("ssh", "journal", None, true, 1),
            ("ssh", "journal", Some("dev"), true, 0),
            ("hospes", "lab", None, true, 1),
            ("hospes", "lab", Some("dev"), true, 1),
            ("qga", "hospes", Some("dev"), true, 1),
            ("qga", "serde", None, false, 0),
            ("qga", "tokio", None, false, 1),
            ("qga", "proptest", Some("dev"), false, 0),
            ("journal", "rusqlite", None, false, 0),
            ("newcomer", "serde", None, false, 1),
        ];
        for (package, dependency, kind, ours, expected) in table {
            assert_eq!(
                findings(package, dependency, kind, ours),
                expected,
                "{package} -> {dependency} {kind:?}"
            );
        }
    }
}
