//! Configurations in a directory of their own.
#![allow(dead_code, reason = "each test program uses its own part of this")]

use std::fs;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, Environment, Guest, Local};
use tempfile::TempDir;

/// A home directory at `/home/eva` that does not exist, and nothing else set.
pub(crate) fn environment() -> Environment {
    Environment {
        home: Some(PathBuf::from("/home/eva")),
        hospes_config: None,
        hospes_state: None,
        xdg_config_home: None,
        xdg_state_home: None,
        ssh_auth_sock: None,
        is_root: false,
        system_config: PathBuf::from("/nonexistent/hospes.toml"),
    }
}

/// What comes of loading `text`.
pub(crate) fn load(text: impl AsRef<[u8]>) -> Result<Config, ConfigError> {
    let dir = directory();
    let file = write(dir.path(), "hospes.toml", text);
    Config::load(Some(&file), &environment())
}

/// What is said about `text`, with the file's name short.
pub(crate) fn complaint(text: impl AsRef<[u8]>) -> String {
    let dir = directory();
    let file = write(dir.path(), "hospes.toml", text);
    match Config::load(Some(&file), &environment()) {
        Ok(_) => "(no complaint)".to_owned(),
        Err(error) => error
            .to_string()
            .replace(&format!("{}/", dir.path().display()), ""),
    }
}

pub(crate) fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

pub(crate) fn write(directory: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let file = directory.join(name);
    fs::create_dir_all(file.parent().expect("a parent")).expect("a directory");
    fs::write(&file, text).expect("a file");
    file
}

/// The guest `name`, which has a table.
pub(crate) fn guest(config: &Config, name: &str) -> Guest {
    config.guests[&name.parse().expect("a guest name")].clone()
}

/// Where a guest on this machine is.
pub(crate) fn local(guest: &Guest) -> Local {
    guest.place.local().expect("a local guest").clone()
}

/// The least that a cluster needs.
pub(crate) fn cluster(name: &str) -> String {
    format!(
        "[cluster.{name}]\nendpoints = [\"pve1\"]\ntoken-id = \"hospes@pve!ops\"\n\
         token-file = \"{name}.token\"\n"
    )
}
