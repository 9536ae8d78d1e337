//! Whatever a guest prints, no parser panics, and what it keeps is bounded.

use patch::upgrade::{Follow, Started};
use patch::{OUTPUT_LIMIT, PostCommand, Postcheck, Preflight, Preview, Refresh, Scope, Upgraded};
use proptest::prelude::*;

const KINDS: &[&str] = &[
    "os",
    "boot-id",
    "uid",
    "uptime",
    "unit",
    "begun",
    "ended",
    "size",
    "log",
    "started",
    "update",
    "audit",
    "arch",
    "gone",
    "come",
    "status",
    "errors",
    "conffiles",
    "simulation",
    "held",
    "policy",
    "install:x",
    "kernel",
    "kernels",
    "pinned",
    "maintenance",
    "marked",
    "needrestart",
    "failed",
    "command:0",
];

const BOOT: &str = "11111111-2222-4333-8444-555555555555";

fn read_all(answer: &[u8]) {
    let commands = [PostCommand {
        name: "x".to_owned(),
        command: "true".to_owned(),
        deadline: std::time::Duration::from_secs(1),
    }];
    let _ = Preflight::parse(answer);
    let _ = Refresh::parse(answer);
    let _ = Started::parse(answer);
    let _ = patch::node::maintenance::parse(answer);
    let _ = Preview::parse(answer, Scope::Upgrade);
    let _ = Upgraded::parse(answer, &Preview::default(), Scope::Upgrade);
    let postcheck = Postcheck::parse(answer, &commands);
    if let Ok(postcheck) = postcheck {
        let _ = postcheck.reboot.reasons();
    }
    if let Ok(follow) = Follow::parse(answer) {
        assert!(follow.log.len() <= answer.len());
    }
}

proptest! {
    #[test]
    fn raw_bytes(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(&raw);
        read_all(&[b"@hospes-patch 1 0\n\n".as_slice(), &raw].concat());
    }

    #[test]
    fn frames_of_anything(
        frames in proptest::collection::vec(
            (0..KINDS.len(), 0_u8..3, proptest::collection::vec(any::<u8>(), 0..120)),
            0..30,
        ),
    ) {
        let mut answer = b"@hospes-patch 1 0\n\n".to_vec();
        let boot = (1, 0, BOOT.as_bytes().to_vec());
        for (kind, status, body) in frames.into_iter().chain([boot]) {
            let status = ["0", "124", "cut"][usize::from(status)];
            answer.extend(format!("@{} {status} {}\n", KINDS[kind], body.len()).into_bytes());
            answer.extend(body);
            answer.push(b'\n');
        }
        answer.extend(b"@end 0 0\n\n");
        read_all(&answer);
    }
}

#[test]
fn an_answer_over_the_limit_is_refused_whole() {
    assert!(Follow::parse(&vec![b'@'; OUTPUT_LIMIT + 1]).is_err());
}
