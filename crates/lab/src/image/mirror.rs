//! Where the packages come from. Debian's: the mirror this machine already uses, or the one that
//! mmdebstrap knows. Ubuntu's: its public archive, or the mirror that the environment names.

use std::path::Path;

use tokio::process::Command;

use super::Distribution;
use super::recipe::Recipe;
use crate::command;

const SOURCES: &str = "/etc/apt";
const UBUNTU: &str = "http://archive.ubuntu.com/ubuntu";
/// Names a mirror of Ubuntu.
const UBUNTU_MIRROR: &str = "HOSPES_LAB_UBUNTU_MIRROR";

/// The lines for mmdebstrap's `sources.list`; none: it knows the archive itself.
pub(super) fn sources(recipe: &Recipe) -> Vec<String> {
    let suite = recipe.suite;
    match recipe.distribution {
        Distribution::Debian => archive()
            .map(|archive| format!("deb {archive} {suite} main"))
            .into_iter()
            .collect(),
        Distribution::Ubuntu => ["", "-updates"]
            .map(|part| format!("deb {} {suite}{part} main universe", ubuntu()))
            .into(),
    }
}

/// The archive in words.
pub(super) fn described(distribution: Distribution) -> String {
    match distribution {
        Distribution::Debian => archive().unwrap_or_else(|| "Debian's public archive".to_owned()),
        Distribution::Ubuntu => format!("{} ({UBUNTU_MIRROR} names another)", ubuntu()),
    }
}

/// The Ubuntu archive.
pub(super) fn ubuntu() -> String {
    ubuntu_archive(&std::env::var(UBUNTU_MIRROR).unwrap_or_default())
}

fn ubuntu_archive(named: &str) -> String {
    let archive = if named.is_empty() { UBUNTU } else { named };
    archive.trim_end_matches('/').to_owned()
}

/// The Debian archive that this machine's apt uses, if it is a Debian machine. Without it mmdebstrap
/// takes Debian's public one.
fn archive() -> Option<String> {
    let sources = source_files(Path::new(SOURCES));
    sources.iter().find_map(|text| debian_archive(text))
}

/// The options with which this machine's apt reaches the network (proxy, certificates).
pub(super) async fn network_options() -> Vec<String> {
    let mut apt_config = Command::new("apt-config");
    let all = command::output(apt_config.args(["dump", "Acquire"]))
        .await
        .unwrap_or_default();
    all.lines()
        .filter(|line| is_network_option(line))
        .map(str::to_owned)
        .collect()
}

fn is_network_option(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let wanted = [
        "acquire::http::proxy",
        "acquire::https::proxy",
        "acquire::https::cainfo",
    ];
    wanted.iter().any(|name| line.starts_with(name)) && !line.contains("\"\"")
}

fn source_files(apt: &Path) -> Vec<String> {
    let parts = std::fs::read_dir(apt.join("sources.list.d"))
        .into_iter()
        .flatten();
    let mut paths: Vec<_> = parts.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.insert(0, apt.join("sources.list"));
    paths
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect()
}

/// The first HTTP archive in a sources file, of either format, whose path is `/debian`. Other archives
/// (security, third parties, Ubuntu) do not carry the suite.
fn debian_archive(sources: &str) -> Option<String> {
    sources
        .lines()
        .filter(|line| line.starts_with("deb ") || line.to_ascii_lowercase().starts_with("uris:"))
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_end_matches('/'))
        .find(|word| is_http(word) && word.ends_with("/debian"))
        .map(str::to_owned)
}

fn is_http(uri: &str) -> bool {
    uri.starts_with("http://") || uri.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_archive_of_a_debian_machine() {
        let table = [
            (
                "deb http://mirror.example/debian bookworm main",
                Some("http://mirror.example/debian"),
            ),
            (
                "deb [arch=amd64] https://m.example/debian/ trixie main",
                Some("https://m.example/debian"),
            ),
            (
                "Types: deb\nURIs: http://m.example/debian\nSuites: sid",
                Some("http://m.example/debian"),
            ),
            ("URIs: http://m.example/debian-security", None),
            ("deb http://archive.ubuntu.example/ubuntu noble main", None),
            ("# deb http://mirror.example/debian bookworm main", None),
            ("deb cdrom:[Debian]/debian bookworm main", None),
            ("", None),
        ];
        for (sources, expected) in table {
            assert_eq!(debian_archive(sources).as_deref(), expected, "{sources}");
        }
    }

    #[test]
    fn takes_the_mirror_of_ubuntu_that_is_named() {
        let mirror = "http://mirror.example/ubuntu";
        assert_eq!(ubuntu_archive("http://mirror.example/ubuntu/"), mirror);
        assert_eq!(ubuntu_archive(""), UBUNTU);
    }

    #[test]
    fn passes_on_proxies_and_nothing_else() {
        assert!(is_network_option(
            "Acquire::http::Proxy \"http://proxy.example:3142\";"
        ));
        assert!(!is_network_option("Acquire::http::Proxy \"\";"));
        assert!(!is_network_option("Acquire::Retries \"3\";"));
    }
}
