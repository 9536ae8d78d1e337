//! One guest's agent channel: each command is a call of the API.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use conditions::NodeName;
use lifecycle::ports::{AgentChannel, ChannelError};
use pve::agent::{Conversation, Piece, Plan, Refused};
use pve::{Call, Failure};
use serde_json::Value;

use crate::Client;
use crate::client::{AgentError, ClientError, Freshness};

/// How long Proxmox VE waits for an agent before it says that none is there.
const SILENCE: Duration = Duration::from_secs(3);

/// The channel of one guest.
#[derive(Debug)]
pub struct ProxmoxChannel {
    client: Arc<Client>,
    node: NodeName,
    vmid: u32,
    freshness: Freshness,
    conversation: Mutex<Conversation>,
}

impl ProxmoxChannel {
    /// The channel of the guest `vmid` on `node`. Nothing is sent before the first call. An agent
    /// that was silent a moment ago is not asked again so soon: the error is the one of that time.
    #[must_use]
    pub fn new(client: Arc<Client>, node: NodeName, vmid: u32) -> Self {
        Self {
            client,
            node,
            vmid,
            freshness: Freshness::Usual,
            conversation: Mutex::default(),
        }
    }

    /// The same, but the agent is asked even if it was silent a moment ago: for what is done right
    /// before a shutdown, where only the present counts.
    #[must_use]
    pub fn fresh(client: Arc<Client>, node: NodeName, vmid: u32) -> Self {
        Self {
            freshness: Freshness::Fresh,
            ..Self::new(client, node, vmid)
        }
    }

    fn conversation(&self) -> MutexGuard<'_, Conversation> {
        let conversation = self.conversation.lock();
        conversation.unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, call: &Call, deadline: Duration) -> Result<Value, AgentError> {
        let asked = self
            .client
            .ask_agent(&self.node, self.vmid, call, self.freshness, deadline);
        asked.await
    }

    /// The data of a piece of a file, and whether it is the whole file: versions before 9.1 know no
    /// pieces.
    async fn piece(&self, piece: &Piece, deadline: Duration) -> Result<(Value, bool), AgentError> {
        if !self.client.reads_whole_files() {
            let call = piece.call(&self.node, self.vmid);
            match self.ask(&call, deadline).await {
                Err(AgentError::Client(ClientError::Api(failure)))
                    if Piece::is_unknown(&failure) =>
                {
                    self.client.read_whole_files();
                }
                other => return other.map(|data| (data, false)),
            }
        }
        let call = piece.whole_call(&self.node, self.vmid);
        let data = self.ask(&call, deadline).await?;
        Ok((data, true))
    }
}

#[async_trait]
impl AgentChannel for ProxmoxChannel {
    async fn call(
        &self,
        command: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ChannelError> {
        let plan = self
            .conversation()
            .plan(&self.node, self.vmid, command, &arguments);
        let result = match plan.map_err(|refused| of_refused(command, refused))? {
            Plan::Known(result) => Ok(result),
            Plan::Call(call, reply) => {
                let data = self.ask(&call, deadline).await;
                reply.result(data.map_err(|error| of_agent(command, error))?)
            }
            Plan::Piece(piece) => {
                let read = self.piece(&piece, deadline).await;
                let (data, is_whole) = read.map_err(|error| of_agent(command, error))?;
                self.conversation().read(&piece, &data, is_whole)
            }
        };
        result.map_err(|refused| of_refused(command, refused))
    }
}

fn of_refused(command: &str, refused: Refused) -> ChannelError {
    let command = command.to_owned();
    match refused {
        Refused::Agent { class, description } => ChannelError::Agent {
            command,
            class,
            description,
        },
        Refused::Garbage(detail) => ChannelError::Garbage { command, detail },
    }
}

fn of_agent(command: &str, error: AgentError) -> ChannelError {
    match error {
        AgentError::Resting { ago, .. } => ChannelError::TimedOut {
            command: format!("{command} (asked {} s ago)", ago.as_secs()),
            after: SILENCE,
        },
        AgentError::Client(error) => of_client(command, error),
    }
}

fn of_client(command: &str, error: ClientError) -> ChannelError {
    match error {
        ClientError::Api(failure) => of_failure(command, failure),
        ClientError::Lost(_) => ChannelError::Closed {
            command: command.to_owned(),
        },
        ClientError::TimedOut { after, .. } => ChannelError::TimedOut {
            command: command.to_owned(),
            after,
        },
        ClientError::Busy(why) => ChannelError::Held(why),
        ClientError::Unreachable(_) | ClientError::Certificate(_) | ClientError::Secret(_) => {
            ChannelError::NoSocket(error.to_string())
        }
    }
}

fn of_failure(command: &str, failure: Failure) -> ChannelError {
    let refused = |class: &str, description: String| ChannelError::Agent {
        command: command.to_owned(),
        class: class.to_owned(),
        description,
    };
    match failure {
        Failure::AgentSilent(_) => ChannelError::TimedOut {
            command: command.to_owned(),
            after: SILENCE,
        },
        Failure::AgentNotConfigured(words) => ChannelError::NotConfigured(words),
        Failure::Forbidden(words) => refused(
            "GenericError",
            format!("Proxmox VE: {words}; give who asks a role with one of these privileges there"),
        ),
        Failure::NotImplemented(words) => refused("CommandNotFound", words),
        Failure::Garbage(detail) => ChannelError::Garbage {
            command: command.to_owned(),
            detail,
        },
        Failure::Other { message, .. } => match Refused::from_words(&message) {
            Some(said) => of_refused(command, said),
            None => refused("GenericError", format!("Proxmox VE: {message}")),
        },
        Failure::Parameters { .. } => refused("GenericError", format!("Proxmox VE: {failure}")),
        Failure::Unauthorized(_)
        | Failure::NodeUnreachable { .. }
        | Failure::NoSuchGuest(_)
        | Failure::NotRunning(_) => ChannelError::NoSocket(failure.to_string()),
    }
}
