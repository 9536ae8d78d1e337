use proptest::prelude::*;

use super::*;
use crate::origin::Origin;
use crate::preview::Upgrade;
use crate::version::Version;

const GONE: &str = "bc\tall\t1.07\tinstalled\nconfig\tall\t1\tconfig-files\nhalf\tamd64\t1\thalf-configured\n\
    libssl3\tamd64\t3.0.2-0ubuntu1.10\tinstalled\nlibssl3\ti386\t3.0.2-0ubuntu1.10\tinstalled\n\
    old\tamd64\t2\tinstalled\nsame\tamd64\t1\ttriggers-pending\nzip\tamd64\t3.0-12\tinstalled\n";
const COME: &str = "bc\tall\t1.07\tconfig-files\nhalf\tamd64\t1\tinstalled\n\
    libssl3\tamd64\t3.0.2-0ubuntu1.15\tinstalled\nlibssl3\ti386\t3.0.2-0ubuntu1.15\tinstalled\n\
    linux-image-5.15.0-101-generic\tamd64\t5.15.0-101.111\tinstalled\nold\tamd64\t1\tinstalled\n\
    same\tamd64\t1\tinstalled\nzip\tamd64\t3.0-13\thalf-configured\n";
const AUDIT: &str = "The following packages are only half configured, probably due to problems\n\
    configuring them the first time.  The configuration should be retried using\n\
    dpkg --configure <package> or the configure menu option in dselect:\n zip                  Archiver\n";
const ERRORS: &str = "dpkg: error processing package zip (--configure):\n \
    installed zip package post-installation script subprocess returned error exit status 1\n--\n\
    dpkg: error processing archive /var/cache/apt/archives/sed_4.9-1_amd64.deb (--unpack):\n \
    cannot copy extracted data for './bin/sed': failed to write (No space left on device)\n--\n\
    Errors were encountered while processing:\n zip\n\
    E: Sub-process /usr/bin/dpkg returned an error code (1)\n";
const SIMULATION: &str = "The following packages have been kept back:\n   bash (5.1-1 => 5.1-6)\n\
    0 upgraded, 0 newly installed, 0 to remove and 1 not upgraded.\n";
const CONFFILES: &str = "/etc/ssh/sshd_config.ucf-dist\t/etc/ssh/sshd_config\t\n\
    /etc/sudoers.dpkg-dist\t/etc/sudoers\tsudo\n";

fn parse(frames: &[(&str, &str, &str)]) -> Result<Upgraded, AnswerError> {
    let mut answer = "@hospes-patch 1 0\n\n".to_owned();
    for (kind, status, body) in frames {
        answer.push_str(&format!("@{kind} {status} {}\n{body}\n", body.len()));
    }
    answer.push_str("@end 0 0\n\n");
    let preview = Preview {
        upgrades: vec![Upgrade {
            package: "libssl3".to_owned(),
            from: Version::new("3.0.2-0ubuntu1.10"),
            to: Version::new("3.0.2-0ubuntu1.15"),
            origins: vec![Origin::new("Ubuntu:22.04/jammy-security")],
        }],
        ..Preview::default()
    };
    Upgraded::parse(answer.as_bytes(), &preview, Scope::DistUpgrade)
}

#[test]
fn a_result_tells_each_package_that_changed_failed_or_stays_and_why() {
    let upgraded = parse(&[
        ("boot-id", "0", "11111111-2222-4333-8444-555555555555"),
        ("arch", "0", "amd64"),
        ("gone", "0", GONE),
        ("come", "0", COME),
        ("status", "0", "100"),
        ("errors", "0", ERRORS),
        ("conffiles", "0", CONFFILES),
        ("audit", "0", AUDIT),
        ("simulation", "0", SIMULATION),
        ("held", "0", "bash\n"),
        ("kernel", "0", "5.15.0-91-generic"),
        ("kernels", "0", "5.15.0-91-generic\n5.15.0-101-generic\n"),
    ]);
    let upgraded = upgraded.unwrap();
    assert!(!upgraded.is_settled());
    insta::assert_json_snapshot!(upgraded);
}

#[test]
fn what_cannot_be_read_is_a_gap_and_an_answer_without_its_audit_is_none() {
    let upgraded = parse(&[
        ("audit", "0", ""),
        ("gone", "cut", GONE),
        ("simulation", "100", "E: no"),
    ]);
    let upgraded = upgraded.unwrap();
    assert_eq!(upgraded.gaps.len(), 2, "{:?}", upgraded.gaps);
    assert_eq!(upgraded.status, None);
    assert_eq!(
        parse(&[("arch", "0", "amd64")]),
        Err(AnswerError::Lacks("audit"))
    );
}

proptest! {
    #[test]
    fn any_values_are_read_without_a_panic_and_within_bounds(
        text in "([ -~é\n\t]|dpkg: error processing |package |archive |E: ){0,80}",
        repeated in 0_usize..300,
    ) {
        let long = "E: x\n".repeat(repeated) + &text + &"a\tb\tc\n".repeat(repeated);
        let kinds = ["arch", "gone", "come", "status", "errors", "conffiles", "audit", "simulation"];
        let frames = kinds.map(|kind| (kind, "0", long.as_str()));
        let upgraded = parse(&frames).unwrap();
        prop_assert!(upgraded.errors.len() <= 50 && upgraded.conffiles.len() <= 100);
    }
}
