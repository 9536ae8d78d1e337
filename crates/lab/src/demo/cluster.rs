//! The chapters on a cluster.

use anyhow::{Context as _, Result};

use super::story::Teller;
use crate::scenarios::proxmox::home::Home;

impl Teller<'_> {
    /// From a token to the first table.
    pub(super) async fn init(&mut self, home: &Home) -> Result<()> {
        self.chapter(
            "A cluster in the shape of Proxmox VE, with a real machine as guest 101. From an API \
             token to the first table:",
        );
        let proxmox = &home.proxmox;
        let endpoints = proxmox.endpoints();
        let (node, endpoint) = endpoints.first().context("a node")?;
        let token_file = proxmox.token_file();
        let token_file = token_file.to_str().context("the token's path")?;
        let fingerprint = proxmox.fingerprint(node);
        let config = self.context.config_path();
        let config = config.to_str().context("the configuration's path")?;
        let words = [
            ["--host", endpoint],
            ["--name", "lab"],
            ["--fingerprint", &fingerprint],
            ["--token-id", proxmox.token_id()],
            ["--token-file", token_file],
            ["--output", config],
        ];
        let mut arguments = vec!["init", "--yes"];
        arguments.extend(words.as_flattened());
        self.hospes(&arguments, 0).await?;
        self.hospes(&["guests"], 0).await?;
        let mut text = std::fs::read_to_string(self.context.config_path())?;
        text += &home.guest_table();
        self.context.configure_with(&text)?;
        self.say("added [guest.web] with its SSH port: its own addresses lead nowhere from here");
        Ok(())
    }

    /// What the cluster was asked for.
    pub(super) fn asked(&mut self, home: &Home) -> Result<()> {
        home.nothing_was_forced()?;
        let requests = home.proxmox.requests().len();
        self.say(&format!(
            "the cluster was asked {requests} times: never with force, and never by more than two \
             agent calls at once at a node"
        ));
        Ok(())
    }
}
