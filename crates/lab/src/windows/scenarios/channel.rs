//! The agent's channel over COM1, as a host without virtio has it.

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::windows::site::{AGENT, Guest, until};
use crate::windows::{SerialPort, Site};

/// Sync, information, a program, a file.
pub(super) async fn conversation(site: Site) -> Result<()> {
    let guest = site.guest().await?;
    let arguments = ["qemu-ga", "-m", "isa-serial", "-p", "COM1"];
    let agent = guest.start(AGENT, &arguments)?;
    let asked = asked(&site, &guest).await;
    asked.with_context(|| agent.said())
}

async fn asked(site: &Site, guest: &Guest) -> Result<()> {
    let mut host = Host {
        port: guest.wine.port(),
        read: 0,
    };
    site.step("who is there");
    let synced = host.ask("guest-sync", json!({"id": 4711})).await?;
    ensure!(synced == json!(4711), "{synced}");
    host.ask("guest-ping", json!({})).await?;
    let info = host.ask("guest-info", json!({})).await?;
    ensure!(info["supported_commands"].is_array(), "{info}");
    let system = host.ask("guest-get-osinfo", json!({})).await?;
    ensure!(system["id"] == "mswindows", "{system}");
    site.step("a program");
    let exec =
        json!({"path": "cmd.exe", "arg": ["/c", "echo from cmd& exit 3"], "capture-output": true});
    let started = host.ask("guest-exec", exec).await?;
    let status = host.exited(&started["pid"]).await?;
    let output = BASE64.decode(status["out-data"].as_str().unwrap_or_default())?;
    ensure!(
        status["exitcode"] == 3 && output == b"from cmd\r\n",
        "{status}"
    );
    site.step("a file");
    host.file().await?;
    let written = std::fs::read(guest.wine.path("file"))?;
    ensure!(written == BYTES, "{written:?}");
    Ok(())
}

/// Bytes that a serial port must not change.
const BYTES: &[u8] = b"a\r\nb\0\x04\x11\x13\xff";

/// The host's end of the channel.
struct Host<'a> {
    port: &'a SerialPort,
    /// How many bytes of what came are read.
    read: usize,
}

impl Host<'_> {
    async fn ask(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let request = json!({"execute": command, "arguments": arguments});
        self.port.send(format!("{request}\n").as_bytes())?;
        let line = until(format!("no answer to {command}"), async || {
            let text = self.port.text();
            let rest = text.get(self.read..).unwrap_or_default();
            Ok(rest.split_once('\n').map(|(line, _)| line.to_owned()))
        });
        let line = line.await.with_context(|| self.port.text())?;
        self.read += line.len() + 1;
        let answer: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
        let answered = answer.get("return");
        answered
            .cloned()
            .with_context(|| format!("{command}: {answer}"))
    }

    async fn exited(&mut self, pid: &Value) -> Result<Value> {
        loop {
            let status = self.ask("guest-exec-status", json!({"pid": pid})).await?;
            if status["exited"] == true {
                return Ok(status);
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// Writes one and reads it again.
    async fn file(&mut self) -> Result<()> {
        let open = |mode: &str| json!({"path": "C:\\file", "mode": mode});
        let handle = self.ask("guest-file-open", open("w")).await?;
        let write = json!({"handle": handle, "buf-b64": BASE64.encode(BYTES)});
        let written = self.ask("guest-file-write", write).await?;
        ensure!(written["count"] == BYTES.len(), "{written}");
        self.ask("guest-file-close", json!({"handle": handle}))
            .await?;
        let handle = self.ask("guest-file-open", open("r")).await?;
        let read = self
            .ask("guest-file-read", json!({"handle": handle}))
            .await?;
        let content = BASE64.decode(read["buf-b64"].as_str().unwrap_or_default())?;
        ensure!(content == BYTES, "{read}");
        self.ask("guest-file-close", json!({"handle": handle}))
            .await?;
        Ok(())
    }
}
