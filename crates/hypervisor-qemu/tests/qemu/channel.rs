//! The agent's socket of real machines, which somebody else may hold.

use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use crate::support::{Monitor, Site, vm};
use lifecycle::ports::{AgentChannel, ChannelError, Hypervisor};
use serde_json::Value;

const DEADLINE: Duration = Duration::from_secs(3);

async fn channel(site: &Site) -> Box<dyn AgentChannel> {
    site.hypervisor().channel(&vm()).await.unwrap()
}

async fn ping(channel: &dyn AgentChannel) -> ChannelError {
    // The firmware never answers: what matters is how that shows.
    channel
        .call("guest-ping", Value::Null, DEADLINE)
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_socket_that_another_client_holds_is_told_as_such() {
    let site = Site::new();
    let _machine = site.boot(&[]);
    let channel = channel(&site).await;
    let holder = UnixStream::connect(site.path("agent")).unwrap();
    thread::sleep(Duration::from_millis(200));
    let error = ping(&*channel).await;
    assert!(matches!(error, ChannelError::Held(_)), "{error:?}");
    assert!(
        error
            .to_string()
            .contains(site.path("agent").to_str().unwrap()),
        "{error}"
    );

    drop(holder);
    let error = ping(&*channel).await;
    assert!(
        matches!(error, ChannelError::TimedOut { .. }),
        "free again: {error:?}"
    );
}

#[tokio::test]
async fn a_client_that_is_just_leaving_does_not_count() {
    let site = Site::new();
    let _machine = site.boot(&[]);
    let holder = UnixStream::connect(site.path("agent")).unwrap();
    let leaves = thread::spawn(move || {
        thread::sleep(Duration::from_millis(400));
        drop(holder);
    });
    let error = ping(&*channel(&site).await).await;
    assert!(matches!(error, ChannelError::TimedOut { .. }), "{error:?}");
    leaves.join().unwrap();
}

#[tokio::test]
async fn a_held_monitor_does_not_keep_us_from_the_agent() {
    let site = Site::new();
    let _machine = site.boot(&[]);
    let _holder = Monitor::connect(&site.guest.qmp);
    let error = ping(&*channel(&site).await).await;
    assert!(matches!(error, ChannelError::TimedOut { .. }), "{error:?}");
}

#[tokio::test]
async fn a_stopped_machine_has_no_socket_and_one_without_agent_has_no_channel() {
    let mut site = Site::new();
    let error = ping(&*channel(&site).await).await;
    assert!(matches!(error, ChannelError::NoSocket(_)), "{error:?}");
    site.guest.agent = None;
    let error = ping(&*channel(&site).await).await;
    assert!(matches!(error, ChannelError::NotConfigured(_)), "{error:?}");
}
