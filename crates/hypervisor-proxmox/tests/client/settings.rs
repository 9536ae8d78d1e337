//! Settings of the clusters of these tests.

use std::path::PathBuf;
use std::time::Duration;

use pve::{ClusterSettings, Credentials, Endpoint, SecretSource, Trust};
use std::os::unix::fs::PermissionsExt;

/// The secret of every token and user here; it must show nowhere.
pub(crate) const SECRET: &str = "7d1a5a0e-hunter2-9c3c";

/// How long a test may wait where nothing is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A directory with a file that holds the secret.
pub(crate) struct Vault {
    directory: tempfile::TempDir,
}

impl Vault {
    pub(crate) fn new() -> Self {
        let vault = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        vault.write(&format!("{SECRET}\nnot this line\n"), 0o600);
        vault
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("secret")
    }

    pub(crate) fn write(&self, text: &str, mode: u32) {
        std::fs::write(self.path(), text).unwrap();
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path(), permissions).unwrap();
    }

    pub(crate) fn source(&self) -> SecretSource {
        SecretSource::File(self.path())
    }
}

pub(crate) fn token(secret: SecretSource) -> Credentials {
    Credentials::Token {
        id: "hospes@pve!lab".to_owned(),
        secret,
    }
}

pub(crate) fn ticket(password: SecretSource) -> Credentials {
    Credentials::Ticket {
        user: "root@pam".to_owned(),
        password,
    }
}

/// Settings for servers on these ports of this machine.
pub(crate) fn settings(ports: &[u16], trust: Trust, credentials: Credentials) -> ClusterSettings {
    let endpoint = |port: &u16| Endpoint {
        host: "localhost".to_owned(),
        port: *port,
    };
    ClusterSettings {
        name: "home".to_owned(),
        endpoints: ports.iter().map(endpoint).collect(),
        trust,
        credentials,
        call: PATIENCE,
    }
}

/// A port on which nobody listens.
pub(crate) async fn closed_port() -> u16 {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
    listener.unwrap().local_addr().unwrap().port()
}
