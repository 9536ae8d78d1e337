//! One cluster: what is in it, and what is true of all of it at once.

mod shared;

use std::sync::Arc;
use std::time::Duration;

use conditions::NodeName;
use pve::privileges::{MissingForNodes, Privileges};
use pve::{Found, Member, call, quorate};
use tokio::time::Instant;

use self::shared::Shared;
use crate::{Client, ClientError};

/// How old an answer about the whole cluster may be that several guests share.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// A cluster behind its client.
#[derive(Debug)]
pub struct Cluster {
    client: Arc<Client>,
    guests: Shared<Arc<[Found]>>,
    quorate: Shared<Option<bool>>,
}

impl Cluster {
    /// The cluster that `client` reaches. Nothing is asked yet.
    #[must_use]
    pub fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            guests: Shared::default(),
            quorate: Shared::default(),
        }
    }

    /// Its client.
    #[must_use]
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Its guests that the client may see, containers among them, by number.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn discover(&self) -> Result<Vec<Found>, ClientError> {
        let data = self.client.call(&call::cluster::guests()).await?;
        Ok(Found::all(&data))
    }

    /// Its nodes, by name; a standalone node alone.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn members(&self) -> Result<Vec<Member>, ClientError> {
        let data = self.client.call(&call::cluster::status()).await?;
        Ok(Member::all(&data))
    }

    /// What the client may not do that patching these nodes takes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn missing_for_nodes(
        &self,
        nodes: &[NodeName],
    ) -> Result<Vec<MissingForNodes>, ClientError> {
        let permissions = self.client.call(&call::access::permissions()).await?;
        let guests = self.discover().await?;
        let guests = guests.iter().filter(|guest| !guest.template);
        let guests: Vec<u32> = guests.map(|guest| guest.vmid).collect();
        Ok(Privileges::read(&permissions).missing_for_nodes(nodes, &guests))
    }

    /// The guest with this number as the cluster names it now. Guests that are looked for at once
    /// are found in one discovery, which began after each was asked for.
    pub(crate) async fn find(&self, vmid: u32) -> Result<Option<Found>, ClientError> {
        let discover = async || Ok(Arc::from(self.discover().await?));
        let guests: Arc<[Found]> = self.guests.since(Instant::now(), discover).await?;
        Ok(guests.iter().find(|it| it.vmid == vmid).cloned())
    }

    /// Whether the nodes that are left may decide, as it was at most a second ago.
    pub(crate) async fn quorate(&self) -> Result<Option<bool>, ClientError> {
        let now = Instant::now();
        let oldest = now.checked_sub(SHARED_FOR).unwrap_or(now);
        let ask = async || {
            let data = self.client.call(&call::cluster::status()).await?;
            Ok(quorate(&data))
        };
        self.quorate.since(oldest, ask).await
    }
}
