//! One command on a channel: the script goes in, bounded output comes out.

use std::time::Duration;

use futures_util::FutureExt;
use lifecycle::ports::Output;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};

/// How many bytes over the limit are thrown away before the command is cut off: one that prints a
/// little too much shall end by itself, one that prints for ever shall not hold us up.
const PATIENCE: usize = 4 << 20;

/// How long a stream may stay silent and open after the command has ended: something that it
/// started in the background may hold it for ever.
const LINGER: Duration = Duration::from_secs(1);

/// SSH_EXTENDED_DATA_STDERR (RFC 4254, 5.2).
const STDERR: u32 = 1;

const SIGPIPE: i32 = 13;

/// Why a command has no outcome.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CommandError {
    /// The server runs no commands for this login.
    Refused,
    /// The channel ended without an exit status.
    Ended,
}

/// Runs `command` and feeds it `script`. Dropping the future closes the channel.
pub(crate) async fn run(
    channel: Channel<Msg>,
    command: &str,
    script: &str,
    limit: usize,
) -> Result<Output, CommandError> {
    let mut session = Session::new(channel);
    let mut collected = Collected::new(limit);
    let Session {
        reader,
        writer,
        closed,
    } = &mut session;
    let feed = async {
        writer.exec(true, command).await?;
        writer.data_bytes(script.as_bytes().to_vec()).await?;
        writer.eof().await
    };
    tokio::pin!(feed);
    let mut fed = false;
    let end = loop {
        tokio::select! {
            // A failure to write shows in what is read.
            _ = &mut feed, if !fed => fed = true,
            message = reader.wait() => match collected.take(message) {
                Progress::More => {}
                Progress::End(end) => break end,
            },
            () = tokio::time::sleep(LINGER), if collected.status.is_some() => break End::Left,
        }
    };
    *closed = end == End::Closed;
    collected.outcome(end)
}

/// A channel that is closed when it is dropped.
struct Session {
    reader: ChannelReadHalf,
    writer: ChannelWriteHalf<Msg>,
    closed: bool,
}

impl Session {
    fn new(channel: Channel<Msg>) -> Self {
        let (reader, writer) = channel.split();
        Self {
            reader,
            writer,
            closed: false,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.closed {
            // The queue has room unless the connection hangs, and then it is given up anyway.
            let _ = self.writer.close().now_or_never();
        }
    }
}

enum Progress {
    More,
    End(End),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The server closed the channel, or the connection ended.
    Closed,
    /// The command ended, its streams stay open.
    Left,
    /// The server would not run it.
    Refused,
    /// It printed too much.
    Flooded,
}

/// What a command printed so far.
struct Collected {
    limit: usize,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    discarded: usize,
    status: Option<i32>,
}

impl Collected {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            stdout: Vec::new(),
            stderr: Vec::new(),
            discarded: 0,
            status: None,
        }
    }

    fn take(&mut self, message: Option<ChannelMsg>) -> Progress {
        match message {
            Some(ChannelMsg::Data { data }) => self.keep(&data, false),
            Some(ChannelMsg::ExtendedData { data, ext: STDERR }) => self.keep(&data, true),
            Some(ChannelMsg::ExitStatus { exit_status }) => {
                self.status = Some(i32::try_from(exit_status).unwrap_or(i32::MAX));
            }
            Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                self.status = Some(128 + number(&signal_name));
            }
            Some(ChannelMsg::Failure) => return Progress::End(End::Refused),
            Some(ChannelMsg::Close) | None => return Progress::End(End::Closed),
            Some(_) => {}
        }
        if self.discarded > PATIENCE {
            Progress::End(End::Flooded)
        } else {
            Progress::More
        }
    }

    fn keep(&mut self, data: &[u8], is_stderr: bool) {
        let stream = if is_stderr {
            &mut self.stderr
        } else {
            &mut self.stdout
        };
        let room = self.limit.saturating_sub(stream.len()).min(data.len());
        stream.extend_from_slice(&data[..room]);
        self.discarded += data.len() - room;
    }

    fn outcome(self, end: End) -> Result<Output, CommandError> {
        let status = match (self.status, end) {
            (Some(status), _) => status,
            // Its next write meets a closed pipe.
            (None, End::Flooded) => 128 + SIGPIPE,
            (None, End::Refused) => return Err(CommandError::Refused),
            (None, End::Closed | End::Left) => return Err(CommandError::Ended),
        };
        let truncated = self.discarded > 0;
        Ok(Output {
            status,
            stdout: self.stdout,
            stderr: self.stderr,
            truncated,
        })
    }
}

/// The signal's number on Linux; 0 for one without a portable name.
fn number(signal: &Sig) -> i32 {
    match signal {
        Sig::HUP => 1,
        Sig::INT => 2,
        Sig::QUIT => 3,
        Sig::ILL => 4,
        Sig::ABRT => 6,
        Sig::FPE => 8,
        Sig::KILL => 9,
        Sig::SEGV => 11,
        Sig::PIPE => SIGPIPE,
        Sig::ALRM => 14,
        Sig::TERM => 15,
        Sig::USR1 => 10,
        Sig::Custom(name) if name == "USR2" => 12,
        Sig::Custom(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> Option<ChannelMsg> {
        Some(ChannelMsg::Data {
            data: text.as_bytes().to_vec().into(),
        })
    }

    #[test]
    fn each_stream_is_cut_at_the_limit() {
        let mut collected = Collected::new(4);
        collected.take(data("abc"));
        collected.take(data("def"));
        let stderr = ChannelMsg::ExtendedData {
            data: b"xy".to_vec().into(),
            ext: STDERR,
        };
        collected.take(Some(stderr));
        collected.take(Some(ChannelMsg::ExitStatus { exit_status: 3 }));
        let output = collected.outcome(End::Closed).unwrap();
        assert_eq!(output.stdout, b"abcd");
        assert_eq!(output.stderr, b"xy");
        assert_eq!((output.status, output.truncated), (3, true));
    }

    #[test]
    fn exactly_the_limit_is_not_truncated() {
        let mut collected = Collected::new(3);
        collected.take(data("abc"));
        collected.status = Some(0);
        assert!(!collected.outcome(End::Closed).unwrap().truncated);
    }

    #[test]
    fn a_channel_that_ends_without_a_status_is_no_outcome() {
        assert_eq!(
            Collected::new(9).outcome(End::Closed),
            Err(CommandError::Ended)
        );
        assert_eq!(
            Collected::new(9).outcome(End::Refused),
            Err(CommandError::Refused)
        );
    }
}
