//! What both runners are given.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::Page;
use crate::side::nothing;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [&'static str],
    pub(crate) instance: Value,
    pub(crate) project: Value,
    /// By the ending of the file's name.
    pub(crate) settings: &'static [(&'static str, &'static str)],
    pub(crate) pages: Vec<(&'static str, Vec<Page>)>,
    /// How often the runner is started; the last time counts.
    pub(crate) runs: usize,
    /// No name can be looked up.
    pub(crate) without_names: bool,
    pub(crate) patience: Duration,
}

const URL: &str = "http://127.0.0.1/s";

fn case(name: &'static str, instance: Value) -> Case {
    Case {
        name,
        arguments: &["startup"],
        instance,
        project: nothing(),
        settings: &[],
        pages: Vec::new(),
        runs: 1,
        without_names: false,
        patience: Duration::from_secs(90),
    }
}

fn inline(name: &'static str, script: &str) -> Case {
    case(name, json!({ "startup-script": script }))
}

fn fetched(name: &'static str, pages: Vec<Page>) -> Case {
    Case {
        pages: vec![("s", pages)],
        ..case(
            name,
            json!({ "startup-script-url": "http://169.254.169.254/s" }),
        )
    }
}

fn text(text: &str) -> Page {
    Page::Text(text.to_owned())
}

const fn settings(case: Case, settings: &'static [(&'static str, &'static str)]) -> Case {
    let mut case = case;
    case.settings = settings;
    case
}

fn of_event(arguments: &'static [&'static str], instance: Value) -> Case {
    Case {
        arguments,
        ..case("event", instance)
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = scripts();
    cases.extend(failures());
    cases.extend(attributes());
    cases.extend(urls());
    cases.extend(configurations());
    cases
}

fn scripts() -> Vec<Case> {
    let both =
        json!({"startup-script": "echo one", "startup-script-url": "http://169.254.169.254/s"});
    vec![
        inline("plain", "echo one; echo two >&2; printf three"),
        inline("shebang", "#!/bin/sh\necho $0 $#"),
        inline(
            "another interpreter",
            "#!/usr/bin/awk -f\nBEGIN { print \"awk\" }",
        ),
        inline("bash without a shebang", "a=(1 2); echo ${a[1]}"),
        inline(
            "white space before",
            " \n\u{b}\u{c}\t\r#!/bin/sh\necho ran\n",
        ),
        inline("other white space before", "\u{a0}echo"),
        inline("only white space", " \n "),
        inline(
            "surroundings",
            "id -u; umask; pwd; cat; stat -c %a $0 ${0%/*}; ulimit -c >&2",
        ),
        inline(
            "carriage returns in the output",
            "printf 'a\\r\\nb\\rc\\n\\n'",
        ),
        inline("bytes that are no text", "printf 'a\\377b\\n'"),
        inline(
            "a line that just fits",
            "head -c 40000 /dev/zero | tr '\\0' x",
        ),
        inline(
            "a long line",
            "head -c 400000 /dev/zero | tr '\\0' x; echo; echo after",
        ),
        inline("much output", "seq 20000"),
        inline(
            "a background child",
            "#!/bin/sh\n(sleep 2; echo late) &\necho parent",
        ),
        inline(
            "a background child without output",
            "sleep 2 > /dev/null 2>&1 & echo parent",
        ),
        Case {
            pages: vec![("s", vec![text("echo two")])],
            ..case("both", both)
        },
        Case {
            runs: 2,
            ..inline("twice in a boot", "echo ran")
        },
    ]
}

fn failures() -> Vec<Case> {
    vec![
        inline("exit 7", "exit 7"),
        inline("exit 126", "exit 126"),
        inline("a command that does not exist", "no-such-command"),
        inline("killed", "kill -9 $$"),
        inline("terminated", "#!/bin/sh\nkill -15 $$"),
        inline(
            "a shebang with a carriage return",
            "#!/bin/sh\r\necho x\r\n",
        ),
        inline("a missing interpreter", "#!/no/such/interpreter\n"),
        inline("a syntax error", "if\n"),
        Case {
            pages: vec![("s", vec![text("echo two")])],
            ..case(
                "the next one runs",
                json!({"startup-script": "exit 3", "startup-script-url": "http://169.254.169.254/s"}),
            )
        },
    ]
}

fn attributes() -> Vec<Case> {
    let project = json!({"startup-script": "echo project", "startup-script-url": URL});
    let with_project = |instance| Case {
        project: project.clone(),
        ..case("project and instance", instance)
    };
    let page = |name, page| Case {
        pages: vec![("instance/attributes", vec![page])],
        ..case(name, nothing())
    };
    vec![
        case("nothing", nothing()),
        with_project(json!({"startup-script": "echo instance"})),
        with_project(json!({"startup-script": "", "shutdown-script": "echo no"})),
        case("an empty script", json!({"startup-script": ""})),
        case(
            "an attribute that is no text",
            json!({"startup-script": "echo ran", "other": 7}),
        ),
        page("no JSON", text("<html>")),
        page("no object", text("[]")),
        of_event(
            &["shutdown"],
            json!({"shutdown-script": "echo ran", "startup-script": "exit 1"}),
        ),
        of_event(
            &["specialize"],
            json!({"sysprep-specialize-script": "echo ran"}),
        ),
        of_event(&["graceful-shutdown"], nothing()),
        of_event(&[], nothing()),
        of_event(&["boot"], nothing()),
        of_event(&["startup", "shutdown"], nothing()),
    ]
}

fn urls() -> Vec<Case> {
    let broken = Page::BrokenOff("echo half\n".to_owned());
    let url = |name, url: &str| case(name, json!({ "startup-script-url": url }));
    vec![
        fetched("a url", vec![text("#!/bin/sh\necho fetched")]),
        Case {
            pages: vec![("s", vec![text("echo ran")])],
            ..url("a url with white space", " \n http://169.254.169.254/s\t\n")
        },
        fetched("white space in what was fetched", vec![text("\n echo ran")]),
        fetched(
            "fetched at the third try",
            vec![Page::Status(500), Page::Status(500), text("echo ran")],
        ),
        fetched("not there", vec![Page::Status(404)]),
        fetched("broken off once", vec![broken, text("echo whole")]),
        url("nobody there", "http://169.254.169.254:1/s"),
        url("no url", "nonsense"),
        url("another scheme", "ftp://169.254.169.254/s"),
        Case {
            without_names: true,
            patience: Duration::from_secs(10),
            ..fetched("no names", vec![text("echo ran")])
        },
    ]
}

fn configurations() -> Vec<Case> {
    let script = || inline("settings", "echo $0; ps -o comm= $PPID | head -c 4");
    vec![
        settings(
            script(),
            &[("", "[MetadataScripts]\ndefault_shell = /bin/dash\n")],
        ),
        settings(
            script(),
            &[
                ("", "[MetadataScripts]\nrun_dir = /no\n"),
                (".distro", "[metadatascripts]\nRUN_DIR = /no/such\n"),
                (
                    ".template",
                    "[MetadataScripts]\nrun_dir : \"/var/tmp\" # comment\n",
                ),
            ],
        ),
        settings(
            inline("another file wins", "echo ran"),
            &[
                ("", "[MetadataScripts]\nstartup = true\n"),
                (".template", "[MetadataScripts]\nstartup = true\n"),
                (".distro", "[MetadataScripts]\nstartup = false\n"),
            ],
        ),
        settings(
            inline("a missing shell", "#!/bin/sh\necho ran"),
            &[("", "[MetadataScripts]\ndefault_shell = /no/such/shell\n")],
        ),
        settings(
            inline("a missing folder", "echo ran"),
            &[("", "[MetadataScripts]\nrun_dir = /no/such/folder\n")],
        ),
        settings(
            inline("disabled", "echo ran"),
            &[("", "[MetadataScripts]\nstartup = false\n")],
        ),
        settings(
            inline("another event disabled", "echo ran"),
            &[("", "[MetadataScripts]\nshutdown = false\n")],
        ),
        settings(
            inline("a value that makes no sense", "echo ran"),
            &[("", "[MetadataScripts]\nstartup = perhaps\n")],
        ),
        settings(
            inline("a line that makes no sense", "echo ran"),
            &[("", "[MetadataScripts]\nnonsense\n")],
        ),
    ]
}
