//! The round trip of a ping. Prints its figures; run it alone and optimised:
//! `cargo test --release -p hypervisor-qemu ping_round_trip -- --ignored --nocapture`

use std::time::Instant;

use super::real::RealAgent;
use super::*;

#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn ping_round_trip() {
    const ROUNDS: usize = 20_000;
    let agent = RealAgent::start();
    let client = agent.client();
    ping(&client, AMPLE).await.unwrap();
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        ping(&client, AMPLE).await.unwrap();
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let (p50, p99) = (times[ROUNDS / 2], times[ROUNDS * 99 / 100]);
    println!("guest-ping to qemu-ga: p50 {p50:?}, p99 {p99:?}");
}
