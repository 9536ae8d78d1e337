//! Asking the metadata server.

use std::time::Duration;

use metadata::backoff::Policy;
use metadata::scripts::{DEFAULT_UNIVERSE, Event, Script, select};
use metadata::{Failure, Key};
use metadata_client::{Client, Limits, retry};
use serde_json::Value;

use super::log::Log;
use crate::system::DIALECT;

/// The metadata server, with the patience that an event has.
pub(super) struct Metadata {
    pub(super) client: Client,
    patience: Duration,
}

impl Metadata {
    /// # Errors
    /// When the environment names a server that cannot be one.
    pub(super) fn new(event: Event, patience: Duration) -> Result<Self, String> {
        let client = Client::from_environment().map_err(|error| error.to_string())?;
        Ok(Self {
            client: client.with_limits(limits(event)),
            patience,
        })
    }

    /// The scripts of an event: those of the instance, else those of the project.
    ///
    /// # Errors
    /// When that is not known in time: why and what to do, in one line.
    pub(super) fn scripts(&self, event: Event, log: &mut Log) -> Result<Vec<Script>, String> {
        for directory in ["instance/attributes", "project/attributes"] {
            let attributes = self.directory(directory, log)?;
            let scripts = select(DIALECT, event, &attributes)
                .map_err(|error| self.complaint(&Failure::Garbage(error.to_string())))?;
            if !scripts.is_empty() {
                return Ok(scripts);
            }
        }
        Ok(Vec::new())
    }

    /// The token of the machine's service account, when it has one.
    pub(super) fn token(&self) -> Option<String> {
        let key = key("instance/service-accounts/default/token").ok()?;
        let reply = self.client.get(&key).ok()?;
        let token: Value = serde_json::from_str(&reply.value).ok()?;
        Some(token.get("access_token")?.as_str()?.to_owned())
    }

    /// The cloud's domain.
    pub(super) fn universe(&self) -> String {
        let key = key("universe/universe-domain").ok();
        let reply = key.and_then(|key| self.client.get(&key).ok());
        let named = reply.map(|reply| reply.value.trim().to_owned());
        named
            .filter(|domain| !domain.is_empty())
            .unwrap_or_else(|| DEFAULT_UNIVERSE.to_owned())
    }

    fn directory(&self, directory: &str, log: &mut Log) -> Result<Value, String> {
        let key = key(directory)?;
        let mut is_told = false;
        let answer = retry(self.policy(), || {
            let answer = self.client.get_recursive(&key);
            if let Err(failure) = &answer
                && failure.is_transient()
                && !std::mem::replace(&mut is_told, true)
            {
                let seconds = self.patience.as_secs();
                log.warn(None, &format!("{failure}; trying again for {seconds} s"));
            }
            answer
        });
        match answer {
            // Nothing below it: no attributes.
            Err(failure) if failure.is_not_found() => Ok(Value::Object(Default::default())),
            Err(failure) => Err(self.complaint(&failure)),
            Ok(attributes) => Ok(attributes),
        }
    }

    fn complaint(&self, failure: &Failure) -> String {
        let advice = match failure {
            Failure::Status(403) => "is the metadata service switched off for this machine?",
            Failure::Garbage(_) | Failure::TooLarge(_) => {
                "is it a metadata server that 169.254.169.254 or GCE_METADATA_HOST leads to?"
            }
            _ => "check the network and the metadata service, then start the unit again",
        };
        format!("no script was run: {failure}: {advice}")
    }

    fn policy(&self) -> Policy {
        Policy {
            first: Duration::from_millis(250),
            most: Duration::from_secs(5),
            factor: 2,
            total: self.patience,
        }
    }
}

/// A machine that goes down waits for nobody.
fn limits(event: Event) -> Limits {
    match event {
        Event::Startup | Event::Specialize => Limits::default(),
        Event::Shutdown | Event::GracefulShutdown => Limits {
            connect: Duration::from_secs(2),
            whole: Duration::from_secs(5),
            ..Limits::default()
        },
    }
}

fn key(text: &str) -> Result<Key, String> {
    text.parse().map_err(|error| format!("{error}"))
}
