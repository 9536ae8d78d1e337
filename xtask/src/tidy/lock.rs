//! One provider of cryptography: ring. russh and rustls would each bring aws-lc by default.

use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;

const SECOND_PROVIDER: &str = "aws-lc";

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let lock =
        std::fs::read_to_string(root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    Ok(findings(&lock))
}

fn findings(lock: &str) -> Vec<Finding> {
    let names = lock
        .lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let second = names.filter(|name| name.starts_with(SECOND_PROVIDER));
    let rule = "a second provider of cryptography beside ring; turn off the default feature that brings it";
    second
        .map(|name| Finding::error(format!("Cargo.lock: `{name}`"), rule))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_provider_is_found() {
        assert_eq!(findings("[[package]]\nname = \"ring\"\n").len(), 0);
        assert_eq!(findings("[[package]]\nname = \"aws-lc-rs\"\n").len(), 1);
    }
}
