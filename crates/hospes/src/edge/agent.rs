//! Asking an agent who it is and how it is.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use conditions::{
    BootId, ChannelAnswers, ChannelReport, FreezeStatus, MachineMarks, SilenceReason,
};
use lifecycle::ports::{AgentChannel, ChannelError};
use qga::commands::{
    self, Command, FileHandle, FileRead, GuestInfo, HostName, Interfaces, WrongShape,
};
use serde_json::Value;

/// One guest's agent, each call with the same deadline. Dropping it frees the channel.
pub(crate) struct Agent {
    channel: Box<dyn AgentChannel>,
    deadline: Duration,
}

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

impl Agent {
    pub(crate) const fn new(channel: Box<dyn AgentChannel>, deadline: Duration) -> Self {
        Self { channel, deadline }
    }

    /// One command and its result.
    pub(crate) async fn send(&self, command: Command) -> Result<Value, ChannelError> {
        self.channel
            .call(&command.name, command.arguments, self.deadline)
            .await
    }

    /// Sync, ping, info, freeze status, and what tells this machine from another.
    pub(crate) async fn report(&self) -> ChannelReport {
        match self.answers().await {
            Ok(answers) => ChannelReport::Answered(Box::new(answers)),
            Err(error) => ChannelReport::Silent {
                reason: silence(&error),
                evidence: error.to_string(),
            },
        }
    }

    async fn answers(&self) -> Result<ChannelAnswers, ChannelError> {
        // The first call also connects and syncs; the second one is timed.
        self.send(commands::ping()).await?;
        let begun = Instant::now();
        self.send(commands::ping()).await?;
        let ping_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let info = GuestInfo::from_result(self.send(commands::info()).await?).map_err(garbage)?;
        let enabled: BTreeSet<String> = info.enabled().map(str::to_owned).collect();
        let freeze = self.freeze_status(&enabled).await?;
        let marks = match freeze {
            Some(FreezeStatus::Frozen) => MachineMarks::default(),
            _ => self.marks(&enabled).await?,
        };
        Ok(ChannelAnswers {
            version: info.version,
            enabled,
            freeze,
            marks,
            ping_us,
        })
    }

    async fn freeze_status(
        &self,
        enabled: &BTreeSet<String>,
    ) -> Result<Option<FreezeStatus>, ChannelError> {
        let status = self.ask(commands::fsfreeze_status(), enabled).await?;
        Ok(status
            .and_then(|value| commands::FreezeStatus::from_result(value).ok())
            .map(|status| match status {
                commands::FreezeStatus::Thawed => FreezeStatus::Thawed,
                commands::FreezeStatus::Frozen => FreezeStatus::Frozen,
            }))
    }

    async fn marks(&self, enabled: &BTreeSet<String>) -> Result<MachineMarks, ChannelError> {
        let interfaces = self.ask(commands::network_interfaces(), enabled).await?;
        let macs = interfaces
            .and_then(|value| Interfaces::from_result(value).ok())
            .map(|interfaces| interfaces.mac_addresses());
        let name = self.ask(commands::host_name(), enabled).await?;
        let name = name.and_then(|value| HostName::from_result(value).ok());
        Ok(MachineMarks {
            boot_id: self.boot_id(enabled).await?,
            macs: macs.unwrap_or_default(),
            host_name: name.map(|name| name.host_name),
        })
    }

    async fn boot_id(&self, enabled: &BTreeSet<String>) -> Result<Option<BootId>, ChannelError> {
        if !["guest-file-open", "guest-file-read"]
            .iter()
            .all(|name| enabled.contains(*name))
        {
            return Ok(None);
        }
        match self.read_file(BOOT_ID, 64).await {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).parse().ok()),
            Err(ChannelError::Agent { .. } | ChannelError::Garbage { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The answer to a command, if the agent has it enabled and does not refuse it.
    async fn ask(
        &self,
        command: Command,
        enabled: &BTreeSet<String>,
    ) -> Result<Option<Value>, ChannelError> {
        if !enabled.contains(&command.name) {
            return Ok(None);
        }
        match self.send(command).await {
            Ok(value) => Ok(Some(value)),
            Err(ChannelError::Agent { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A file's first `limit` bytes.
    pub(crate) async fn read_file(&self, path: &str, limit: u32) -> Result<Vec<u8>, ChannelError> {
        let handle = FileHandle::from_result(self.send(commands::file_open(path)).await?)
            .map_err(garbage)?;
        let read = self.send(commands::file_read(handle, limit)).await;
        // A handle that cannot be closed is the agent's loss; the answer stands.
        drop(self.send(commands::file_close(handle)).await);
        Ok(FileRead::from_result(read?).map_err(garbage)?.bytes)
    }
}

fn garbage(error: WrongShape) -> ChannelError {
    ChannelError::Garbage {
        command: error.command.to_owned(),
        detail: error.detail,
    }
}

const fn silence(error: &ChannelError) -> SilenceReason {
    match error {
        ChannelError::NoSocket(_) | ChannelError::NotConfigured(_) => SilenceReason::NoSocket,
        ChannelError::Held(_) => SilenceReason::Held,
        ChannelError::TimedOut { .. } | ChannelError::Closed { .. } => SilenceReason::TimedOut,
        ChannelError::Garbage { .. } => SilenceReason::Garbage,
        ChannelError::Agent { .. } => SilenceReason::Error,
    }
}
