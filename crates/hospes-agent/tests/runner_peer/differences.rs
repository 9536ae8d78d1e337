//! Every intended difference. `docs/script-differences.md` explains each; a test holds the two
//! together.

use crate::cases::Case;
use crate::side::Outcome;

pub(crate) struct Difference {
    /// Its row in `docs/script-differences.md`.
    pub(crate) key: &'static str,
    pub(crate) reason: &'static str,
    /// Takes it out of both outcomes; whether it was there. Rows are asked in this order.
    pub(crate) takes_away: fn(&Case, theirs: &mut Outcome, ours: &mut Outcome) -> bool,
}

/// What lists them, in `docs/`.
pub(crate) const DOCUMENT: &str = "script-differences.md";

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        key: "cloud-logging",
        reason: "nothing is sent to a logging service",
        takes_away: |_, theirs, _| {
            take(theirs, |line| {
                line.starts_with("Continuing without cloud logging")
            })
        },
    },
    Difference {
        key: "dns-wait",
        reason: "no name is looked up but that of the host that is asked",
        takes_away: |case, theirs, ours| {
            let waits = theirs.code.is_none() && ours.is("startup-script-url: ran");
            in_case(case, "no names", waits, theirs, ours)
        },
    },
    Difference {
        key: "url-white-space",
        reason: "white space around a URL is taken away, as newer versions do",
        takes_away: |case, theirs, ours| {
            let differs = theirs.has("invalid control character in URL")
                && ours.is("startup-script-url: ran");
            in_case(case, "a url with white space", differs, theirs, ours)
        },
    },
    Difference {
        key: "tries",
        reason: "a download is tried three times, as newer versions do",
        takes_away: |case, theirs, ours| {
            let differs = theirs.has("bad status: 500") && ours.is("startup-script-url: ran");
            in_case(case, "fetched at the third try", differs, theirs, ours)
        },
    },
    Difference {
        key: "broken-off",
        reason: "a download that breaks off is begun anew into an empty file",
        takes_away: |case, theirs, ours| {
            let differs = theirs.has("unexpected EOF")
                && ours.is("startup-script-url: whole")
                && !ours.has("half");
            in_case(case, "broken off once", differs, theirs, ours)
        },
    },
    Difference {
        key: "long-line",
        reason: "a line of any length is logged, in pieces of at most 47 KiB, and the script runs on",
        takes_away: |case, theirs, ours| {
            let pieces = ours
                .lines
                .iter()
                .filter_map(|line| line.strip_prefix("startup-script: x"));
            let written: usize = pieces.map(|piece| piece.len() + 1).sum();
            let differs = theirs.has("token too long")
                && theirs.is("startup-script signal: broken pipe")
                && ours.is("startup-script: after")
                && written == 400_000;
            in_case(case, "a long line", differs, theirs, ours)
        },
    },
    Difference {
        key: "background-child",
        reason: "the runner does not wait for what a script leaves in the background; its lines come later",
        takes_away: |case, theirs, ours| {
            let differs = theirs.is("startup-script: late") && !ours.is("startup-script: late");
            take(theirs, |line| line == "startup-script: late" && differs)
                && case.name == "a background child"
        },
    },
    Difference {
        key: "once",
        reason: "startup scripts run once a boot; by hand, `google_metadata_script_runner startup` runs them again",
        takes_away: |case, theirs, ours| {
            let differs = theirs.is("startup-script: ran") && ours.has("have run in this boot");
            in_case(case, "twice in a boot", differs, theirs, ours)
        },
    },
    Difference {
        key: "disabled",
        reason: "an event that the settings switch off is success",
        takes_away: |case, theirs, ours| {
            let differs = theirs.code == Some(2)
                && ours.code == Some(0)
                && theirs.lines == ours.lines
                && theirs.has("disabled in instance config");
            let is_about_it = case.name == "disabled" && differs;
            if is_about_it {
                theirs.code = ours.code;
            }
            is_about_it
        },
    },
    Difference {
        key: "graceful-shutdown",
        reason: "the event graceful-shutdown is known, as newer versions know it",
        takes_away: |case, theirs, ours| {
            let differs = case.arguments == ["graceful-shutdown"]
                && theirs.code == Some(2)
                && ours.is("No graceful-shutdown scripts to run.");
            in_case(case, "event", differs, theirs, ours)
        },
    },
    Difference {
        key: "usage-text",
        reason: "what is wrong with the arguments is told, with the usage, on standard error",
        takes_away: |case, theirs, ours| {
            let differs = (theirs.code, ours.code) == (Some(2), Some(2))
                && theirs.has("No valid arguments specified")
                && ours.is("Usage:");
            in_case(case, "event", differs, theirs, ours)
        },
    },
    Difference {
        key: "other-attributes",
        reason: "an attribute that is no text keeps no script from running",
        takes_away: |case, theirs, ours| {
            let differs = theirs.has("json: cannot unmarshal") && ours.is("startup-script: ran");
            in_case(case, "an attribute that is no text", differs, theirs, ours)
        },
    },
    Difference {
        key: "metadata-text",
        reason: "what is wrong with a reply is told with what to do",
        takes_away: |case, theirs, ours| {
            let differs = (theirs.code, ours.code) == (Some(1), Some(1))
                && ours.has("no script was run: that is no metadata server's answer");
            in_case(case, "no JSON", differs, theirs, ours)
                || in_case(case, "no object", differs, theirs, ours)
        },
    },
    Difference {
        key: "missing-shell",
        reason: "without the shell of the settings a script runs by itself",
        takes_away: |case, theirs, ours| {
            let differs = theirs.has("fork/exec /no/such/shell")
                && ours.has("default_shell /no/such/shell does not exist")
                && ours.is("startup-script: ran");
            in_case(case, "a missing shell", differs, theirs, ours)
        },
    },
    Difference {
        key: "missing-folder",
        reason: "a script lies elsewhere when it cannot lie, or not be executed, where the settings say",
        takes_away: |case, theirs, ours| {
            let differs = theirs.has("stat /no/such/folder")
                && ours.has("/no/such/folder takes no folder")
                && ours.is("startup-script: ran");
            in_case(case, "a missing folder", differs, theirs, ours)
        },
    },
    Difference {
        key: "bad-setting",
        reason: "a line of the settings that makes no sense is told and does not count",
        takes_away: |case, theirs, ours| {
            let told = take(ours, |line| {
                line.starts_with("/etc/default/instance_configs.cfg, line 2: ")
            });
            if told && case.name == "a line that makes no sense" && theirs.has("panic: ") {
                *theirs = ours.clone();
            }
            told
        },
    },
    Difference {
        key: "explained",
        reason: "why a script could not be run is told behind its status",
        takes_away: |_, _, ours| {
            let mut differs = false;
            for line in &mut ours.lines {
                if let Some(start) = line.find("failed with error: exit status ")
                    && let Some(end) = line[start + 20..].find(": ")
                {
                    line.truncate(start + 20 + end);
                    differs = true;
                }
            }
            differs
        },
    },
    Difference {
        key: "download-text",
        reason: "why a script could not be fetched is told in our words, without what may be secret in its URL",
        takes_away: |_, theirs, ours| {
            let is_about_it = |line: &str, before: &str| {
                let rest = line.strip_prefix(before);
                rest.is_some_and(|rest| !is_status(rest) && !rest.starts_with(':'))
            };
            let begins = "Script \"startup-script-url\" failed with error: ";
            let their = |line: &str| is_about_it(line, "startup-script-url ");
            let our = |line: &str| is_about_it(line, begins);
            let both = theirs.lines.iter().any(|line| their(line))
                && ours.lines.iter().any(|line| our(line));
            if both && ours.code == Some(1) {
                // What `exit-status` is about goes with it.
                ours.code = theirs.code;
            }
            both && take(theirs, their) && take(ours, our)
        },
    },
    Difference {
        key: "failed-line",
        reason: "a failure is told in the words of newer versions, `Script \"K\" failed with error: ...`",
        takes_away: |_, theirs, _| {
            let mut differs = false;
            for line in &mut theirs.lines {
                let Some((key, status)) = line.split_once(' ') else {
                    continue;
                };
                let is_key = ["startup-script", "startup-script-url"].contains(&key);
                if is_key && is_status(status) && status != "exit status 0" {
                    *line = format!("Script \"{key}\" failed with error: {status}");
                    differs = true;
                }
            }
            differs
        },
    },
    Difference {
        key: "exit-status",
        reason: "the runner fails when a script does (fail_on_script_error)",
        takes_away: |_, theirs, ours| {
            let differs =
                theirs.code == Some(0) && ours.code == Some(1) && ours.has("failed with error");
            if differs {
                ours.code = theirs.code;
            }
            differs
        },
    },
    Difference {
        key: "white-space",
        reason: "white space at the end of a line stays",
        takes_away: |_, _, ours| {
            let mut differs = false;
            for line in &mut ours.lines {
                differs |= line.trim_end().len() < line.len();
                line.truncate(line.trim_end().len());
            }
            differs
        },
    },
];

/// A difference that a whole case is about.
fn in_case(case: &Case, name: &str, differs: bool, theirs: &mut Outcome, ours: &Outcome) -> bool {
    let is_about_it = case.name == name && differs && theirs != ours;
    if is_about_it {
        *theirs = ours.clone();
    }
    is_about_it
}

/// How a process ended, in Go's words.
fn is_status(text: &str) -> bool {
    text.starts_with("exit status ") || text.starts_with("signal: ")
}

/// Takes lines away.
fn take(outcome: &mut Outcome, is_taken: impl Fn(&str) -> bool) -> bool {
    let before = outcome.lines.len();
    outcome.lines.retain(|line| !is_taken(line));
    outcome.lines.len() < before
}

impl Outcome {
    /// Whether this is one of its lines.
    fn is(&self, whole: &str) -> bool {
        self.lines.iter().any(|line| line == whole)
    }

    /// Whether a line holds this.
    fn has(&self, part: &str) -> bool {
        self.lines.iter().any(|line| line.contains(part))
    }
}
