//! A client that others wrote.

use std::process::Stdio;

use tokio::process::Command;

use crate::client::STOP_STATE;
use crate::host::Host;

/// What curl prints, or nothing where there is none.
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
async fn curl(host: &Host, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "60"]);
    command.arg("--unix-socket").arg(host.socket("web1"));
    command
        .args(["--header", "Metadata-Flavor: Google"])
        .args(arguments);
    match command.stdin(Stdio::null()).output().await {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("SKIPPED: curl is not installed");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn url(path: &str) -> String {
    format!("http://metadata.google.internal/computeMetadata/v1/{path}")
}

#[tokio::test]
async fn curl_reads_waits_and_writes() {
    let host = Host::start().await;
    let Some(state) = curl(&host, &["--fail", &url(STOP_STATE)]).await else {
        return;
    };
    assert_eq!(state, "NONE");
    let waited = url(&format!("{STOP_STATE}?wait_for_change=true"));
    let arguments = ["--fail", &waited];
    let waits = curl(&host, &arguments);
    let changes = async {
        host.until_watched("web1").await;
        host.set("web1", &[(STOP_STATE, "PENDING_STOP")]).await;
    };
    let (pending, ()) = tokio::join!(waits, changes);
    assert_eq!(pending.unwrap(), "PENDING_STOP");
    let attribute = url("instance/guest-attributes/hospes/graceful-shutdown");
    curl(
        &host,
        &["--fail", "--request", "PUT", "--data", "{}", &attribute],
    )
    .await;
    assert_eq!(curl(&host, &["--fail", &attribute]).await.unwrap(), "{}");
}

#[tokio::test]
async fn curl_is_told_that_a_value_is_too_large() {
    let host = Host::start().await;
    let large = host.dir().join("large");
    std::fs::write(&large, vec![b'x'; 8 << 20]).unwrap();
    let attribute = url("instance/guest-attributes/a/b");
    let data = format!("@{}", large.display());
    let status = ["--output", "/dev/null", "--write-out", "%{http_code}"];
    let arguments = [
        &status[..],
        &["--request", "PUT", "--data-binary", &data, &attribute],
    ];
    if let Some(status) = curl(&host, &arguments.concat()).await {
        assert_eq!(status, "413");
    }
}
