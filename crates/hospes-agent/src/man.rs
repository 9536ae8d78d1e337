//! The manual page and the completions, from the table of options.

use agent::settings::{Argument, Group, OPTIONS, OptionSpec};
use guest_os::SYSTEM;

use crate::scripts;

const HEAD: &str = r#".TH HOSPES-AGENT 8 "" "hospes" "System administration"
.SH NAME
hospes\-agent, qemu\-ga, google_metadata_script_runner \- QEMU guest agent, runner of metadata scripts
.SH SYNOPSIS
.B hospes\-agent qemu\-ga
.RI [ OPTIONS ]
.br
.B qemu\-ga
.RI [ OPTIONS ]
.br
.B hospes\-agent self\-test
.RB [ \-\-json ]
.br
.B hospes\-agent metadata\-watcher
.br
.B hospes\-agent report\-graceful\-shutdown
@SCRIPTS@.SH DESCRIPTION
The guest's end of the channel between a virtual machine and its host. It speaks the protocol of
QEMU's
.BR qemu\-ga ,
and takes its options and its configuration file; called
.B qemu\-ga
it behaves as that program does.
.PP
The agent starts no shutdown, reboot or suspend by itself: it carries out what comes through the
channel, logs what asked for it, and can be forbidden to
.RB ( block\-rpcs ).
File systems that it froze are thawed when nobody thaws them, when the agent is stopped, and when
it is started again after it was killed; the next
.B guest\-fsfreeze\-thaw
then answers an error that says when, for what was copied since is not consistent.
.PP
.B hospes\-agent self\-test
tells what works in this guest: port, service, configuration, commands, and what the hypervisor
sees. It ends with status 1 when something does not.
.PP
.B hospes\-agent metadata\-watcher
waits until the metadata server says that the guest will be stopped
.RI ( instance/shutdown\-details/stop\-state
is PENDING_STOP), and then starts
.IR google\-graceful\-shutdown\-scripts.service ,
once for each stop of a boot. It powers nothing off. Where there is no metadata server it asks
every few minutes, and says so once.
.B hospes\-agent report\-graceful\-shutdown
is called by that unit at its end: it tells the host how the scripts ended, where their runner
could not.
.PP
.B hospes\-agent service
is for Windows; here the packages install units.
.SH OPTIONS
"#;

const TAIL: &str = r#"
.SH SIGNALS
SIGTERM, SIGINT and SIGHUP end the agent with status 0, after it has thawed what it froze.
.SH ENVIRONMENT
.TP
.B QGA_CONF
The configuration file, unless
.B \-\-config
names another.
.TP
.B QGA_OS_RELEASE
The file that
.B guest\-get\-osinfo
reads instead of
.IR /etc/os\-release .
.TP
.B GCE_METADATA_HOST
The metadata server, as HOST, HOST:PORT or [IPv6]:PORT, instead of 169.254.169.254 and fd20:ce::254.
.TP
.B HOSPES_RUN_DIR
The directory where the watcher and the scripts leave what the others need, instead of
.IR /run/hospes\-agent .
.SH FILES
.TP
.I /etc/qemu/qemu\-ga.conf
The configuration file.
.TP
.I qga.state
In the state directory: the next file handle.
.TP
.I hospes\-agent.freeze
In the state directory: that file systems are frozen, or that they were thawed before somebody
asked for it and who thaws next must hear of it.
.TP
.I /run/hospes\-agent/pending\-stop.json
The stop that is pending, while one is: its name, and until when scripts may take.
.SH SEE ALSO
.BR hospes (1),
.BR systemctl (1)
"#;

/// The manual page `hospes-agent(8)`, in roff.
pub(crate) fn page() -> String {
    let mut page = HEAD.replace("@SCRIPTS@", scripts::man::SYNOPSIS);
    for option in shown().filter(|option| !option.longs.is_empty()) {
        page += &format!(".TP\n{}\n{}\n", names(option), roff(option.help(SYSTEM)));
    }
    page += ".SH CONFIGURATION FILE\nKeys and values under group headings. In\n.BR [general] ,\n\
             what the options say, under the same names\n.RB ( daemonize\nis\n.BR daemon );\n\
             the command line beats it, lists add up. In\n.BR [hospes] :\n";
    for (key, option) in ours() {
        let heading = format!(".BI {} = {}", roff(key), placeholder(option));
        page += &format!(".TP\n{heading}\n{}\n", roff(option.help(SYSTEM)));
    }
    page + &scripts::man::section() + TAIL.trim_start_matches('\n')
}

/// Completions for bash, of every name of the program.
pub(crate) fn bash_completions() -> String {
    let longs: Vec<String> = shown()
        .filter_map(|option| Some(format!("--{}", option.longs.first()?)))
        .collect();
    format!(
        "_hospes_agent() {{\n\
         \tlocal words=\"{longs}\"\n\
         \tif [ \"${{COMP_WORDS[0]##*/}}\" = hospes-agent ]; then\n\
         \t\tcase \"$COMP_CWORD:${{COMP_WORDS[1]}}\" in\n\
         \t\t1:*) words=\"qemu-ga self-test scripts metadata-watcher report-graceful-shutdown service man completions --help --version\" ;;\n\
         \t\t*:qemu-ga) ;;\n\
         \t\t*:self-test) words=\"--json --config\" ;;\n\
         \t\t*:scripts) words=\"{scripts}\" ;;\n\
         \t\t2:service) words=\"install uninstall start stop --help\" ;;\n\
         \t\t*) words= ;;\n\
         \t\tesac\n\
         \telif [ \"${{COMP_WORDS[0]##*/}}\" != qemu-ga ]; then\n\
         \t\twords=\"{scripts}\"\n\
         \tfi\n\
         \tCOMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n\
         }}\n\
         complete -o default -F _hospes_agent hospes-agent qemu-ga {runners}\n",
        runners = scripts::NAMES.join(" "),
        scripts = scripts::events()
            .chain(scripts::OPTIONS)
            .collect::<Vec<_>>()
            .join(" "),
        longs = longs.join(" ")
    )
}

fn shown() -> impl Iterator<Item = &'static OptionSpec> {
    OPTIONS.iter().filter(|option| option.is_told_on(SYSTEM))
}

/// What only the configuration file has.
fn ours() -> impl Iterator<Item = (&'static str, &'static OptionSpec)> {
    shown().filter_map(|option| {
        let key = option.key.filter(|key| key.group == Group::Hospes)?;
        Some((*key.names.first()?, option))
    })
}

fn names(option: &OptionSpec) -> String {
    let short = option.short.map(|short| format!("\\-{short}"));
    let longs = option
        .longs
        .iter()
        .map(|long| format!("\\-\\-{}", roff(long)));
    let names: Vec<String> = short.into_iter().chain(longs).collect();
    let argument = match option.argument {
        Argument::Nothing => String::new(),
        Argument::Required(name) => format!(" = {name}"),
        Argument::Optional(name) => format!(" [= {name} ]"),
    };
    format!(".BI \"{}\"{argument}", names.join(", "))
}

const fn placeholder(option: &OptionSpec) -> &'static str {
    match option.argument {
        Argument::Nothing => "",
        Argument::Required(name) | Argument::Optional(name) => name,
    }
}

/// Dashes that are typed, and backslashes.
fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_the_completions_name_every_option() {
        let (page, completions) = (page(), bash_completions());
        for option in shown() {
            for long in option.longs {
                let dashed = format!("\\-\\-{}", roff(long));
                assert!(page.contains(&dashed), "{long} is not in the page");
            }
            if let Some(long) = option.longs.first() {
                assert!(completions.contains(&format!("--{long}")), "{long}");
            }
        }
        for (key, _) in ours() {
            assert!(page.contains(&roff(key)), "{key} is not in the page");
        }
    }
}
