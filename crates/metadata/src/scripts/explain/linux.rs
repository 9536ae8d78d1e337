//! On Linux: the kernel and shells say 126 or 127, and no more.

use super::super::End;
use super::Sight;

/// The statuses with which shells and kernels say that there was nothing to run.
const NOT_RUN: [i64; 2] = [126, 127];

pub(super) fn explain(sight: &Sight<'_>) -> Option<String> {
    let was_not_run = match sight.end {
        End::Code(code) => NOT_RUN.contains(code),
        End::NotStarted(_) => true,
        End::Signal(_) | End::TimedOut(_) => return None,
    };
    let may_be_about_lines = was_not_run || matches!(sight.end, End::Code(1 | 2));
    if may_be_about_lines && has_carriage_returns(sight) {
        return Some(
            "its lines end with a carriage return, as on Windows, which is taken for a part of \
             names: save it with Unix line ends (dos2unix)"
                .to_owned(),
        );
    }
    if !was_not_run {
        return None;
    }
    if let Some(missing) = sight.missing {
        return Some(format!(
            "its first line names {missing}, which does not exist: install it or name another"
        ));
    }
    if let Some(folder) = sight.is_noexec {
        return Some(format!(
            "{folder} is mounted noexec: set run_dir in [MetadataScripts] of \
             /etc/default/instance_configs.cfg to a directory that is not"
        ));
    }
    if sight.head.contains(&0) {
        return Some(
            "it is a binary that this machine cannot execute: build it for this machine".to_owned(),
        );
    }
    let is_forbidden = sight.is_enforcing && *sight.end == End::Code(126);
    is_forbidden.then(|| {
        "SELinux enforces its rules and may have forbidden it: `ausearch -m avc -ts recent` tells"
            .to_owned()
    })
}

/// Of a script that the kernel or a shell reads; other interpreters take such lines.
fn has_carriage_returns(sight: &Sight<'_>) -> bool {
    if let Some(shebang) = sight.shebang {
        return shebang.has_carriage_return;
    }
    let end = sight.head.iter().position(|byte| *byte == b'\n');
    end.is_some_and(|end| sight.head[..end].ends_with(b"\r"))
}

#[cfg(test)]
mod tests {
    use super::super::super::{Kind, shebang};
    use super::*;

    fn told(end: &End, head: &str, missing: Option<&str>, folder: Option<&str>) -> Option<String> {
        explain(&Sight {
            end,
            kind: Kind::Plain,
            head: head.as_bytes(),
            shebang: shebang(head.as_bytes()).as_ref(),
            missing,
            is_noexec: folder,
            is_enforcing: true,
        })
    }

    #[test]
    fn what_the_status_does_not_tell_is_told() {
        let refused = End::NotStarted("Permission denied".to_owned());
        for (end, head, missing, folder, expected) in [
            (
                &End::Code(127),
                "#!/bin/sh\r\n",
                Some("/bin/sh\r"),
                None,
                "carriage return",
            ),
            (
                &End::Code(1),
                "#!/bin/sh -e\r\n",
                None,
                None,
                "carriage return",
            ),
            (
                &End::Code(2),
                "if true\r\nthen\r\n",
                None,
                None,
                "carriage return",
            ),
            (
                &End::Code(127),
                "#!/usr/bin/perl6\n",
                Some("/usr/bin/perl6"),
                None,
                "names /usr/bin/perl6",
            ),
            (
                &End::Code(126),
                "#!/bin/sh\n",
                None,
                Some("/tmp"),
                "/tmp is mounted noexec",
            ),
            (
                &refused,
                "#!/bin/sh\n",
                None,
                Some("/tmp"),
                "/tmp is mounted noexec",
            ),
            (&End::Code(126), "\x7fELF\0\0", None, None, "a binary"),
            (&End::Code(126), "#!/bin/sh\n", None, None, "SELinux"),
        ] {
            let told = told(end, head, missing, folder).unwrap();
            assert!(told.contains(expected), "{told}");
            assert!(!told.contains('\n'));
        }
    }

    #[test]
    fn a_script_that_ran_and_failed_is_not_explained() {
        for (end, head) in [
            (End::Code(7), "#!/bin/sh\r\n"),
            (End::Code(1), "#!/bin/sh\nexit 1\r\n"),
            (End::Code(127), "nonsense\n"),
            (End::Signal(9), "#!/bin/sh\r\n"),
            (End::Code(0), "#!/bin/sh\n"),
        ] {
            assert_eq!(told(&end, head, None, None), None, "{head:?}");
        }
    }
}
