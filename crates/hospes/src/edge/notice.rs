//! Announcing stops over the metadata store: through the running service, else its store.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use conditions::GuestId;
use lifecycle::ports::{NoticeError, Presence, Standing, StopNotice};
use metadata::Key;
use metadata::control::{Change, Scope};
use metadata::stop::{Report, StopRequest, StopState};

use crate::metadata::{Store, StoreError};

/// Longer than the store itself waits for others that write to it.
const DEADLINE: Duration = Duration::from_secs(10);

/// The metadata store as the place where guests read that they will be stopped.
#[derive(Debug)]
pub(crate) struct MetadataNotice(pub(crate) Store);

#[async_trait]
impl StopNotice for MetadataNotice {
    async fn presence(&self, guest: &GuestId) -> Result<Presence, NoticeError> {
        let presence = in_time(self.0.presence(guest.as_str())).await?;
        if presence.watcher {
            return Ok(Presence::Watching);
        }
        let why = match presence.last_request {
            None => "it never asked for metadata".to_owned(),
            Some(ago) => format!(
                "nobody in it waits for a stop; it asked for metadata {ago} s ago, for other things"
            ),
        };
        Ok(Presence::Absent { why })
    }

    async fn announce(&self, guest: &GuestId, request: &StopRequest) -> Result<(), NoticeError> {
        let mut changes = vec![
            set(Key::stop_state(), "PENDING_STOP"),
            set(Key::max_duration(), &request.max_seconds.to_string()),
            set(Key::request_timestamp(), &request.request),
            set(Key::target_state(), &request.target),
        ];
        if self.report(guest, &request.request).await?.is_none() {
            changes.push(unset(Key::report()));
        }
        self.change(guest, changes).await
    }

    async fn standing(&self, guest: &GuestId, request: &str) -> Result<Standing, NoticeError> {
        Ok(Standing {
            announced: self.stands(guest, request).await?,
            report: self.report(guest, request).await?,
        })
    }

    async fn stopping(&self, guest: &GuestId, request: &str) -> Result<(), NoticeError> {
        if !self.stands(guest, request).await? {
            return Ok(());
        }
        let change = set(Key::stop_state(), "STOPPING");
        self.change(guest, vec![change]).await
    }

    async fn withdraw(&self, guest: &GuestId, request: &str) -> Result<(), NoticeError> {
        if !self.stands(guest, request).await? {
            return Ok(());
        }
        let changes = vec![
            set(Key::stop_state(), "NONE"),
            unset(Key::max_duration()),
            unset(Key::request_timestamp()),
            unset(Key::target_state()),
        ];
        self.change(guest, changes).await
    }
}

impl MetadataNotice {
    async fn stands(&self, guest: &GuestId, request: &str) -> Result<bool, NoticeError> {
        let details = self.values(guest, &Key::shutdown_details()).await?;
        let value = |key: &Key| {
            let found = details.iter().find(|(found, _)| found == key);
            found.map(|(_, value)| value.as_str())
        };
        let idle = StopState::read(value(&Key::stop_state()).unwrap_or("")) == StopState::Idle;
        Ok(!idle && value(&Key::request_timestamp()) == Some(request))
    }

    /// What the guest wrote may be anything: what is no report of this request is none.
    async fn report(&self, guest: &GuestId, request: &str) -> Result<Option<Report>, NoticeError> {
        let values = self.values(guest, &Key::report()).await?;
        let report = values.first().map(|(_, text)| text);
        let report = report.and_then(|text| serde_json::from_str::<Report>(text).ok());
        Ok(report.filter(|report| report.request == request))
    }

    async fn values(&self, guest: &GuestId, key: &Key) -> Result<Vec<(Key, String)>, NoticeError> {
        in_time(self.0.values(&scope(guest), key)).await
    }

    async fn change(&self, guest: &GuestId, changes: Vec<Change>) -> Result<(), NoticeError> {
        in_time(self.0.change(&scope(guest), changes)).await
    }
}

async fn in_time<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, NoticeError> {
    match tokio::time::timeout(DEADLINE, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error @ (StoreError::Change(_) | StoreError::Refused(_)))) => {
            Err(NoticeError::Refused(error.to_string()))
        }
        Ok(Err(error)) => Err(NoticeError::Unreachable(error.to_string())),
        Err(_) => Err(NoticeError::TimedOut(format!(
            "the metadata store did not answer within {DEADLINE:?}"
        ))),
    }
}

fn scope(guest: &GuestId) -> Scope {
    Scope::Guest(guest.as_str().to_owned())
}

fn set(key: Key, value: &str) -> Change {
    Change {
        key,
        value: Some(value.to_owned()),
    }
}

const fn unset(key: Key) -> Change {
    Change { key, value: None }
}
