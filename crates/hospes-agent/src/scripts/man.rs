//! What the manual says of metadata scripts.

use metadata::scripts::{Setting, settings};

use crate::system::DIALECT;

/// The synopsis.
pub(crate) const SYNOPSIS: &str = r#".br
.B hospes\-agent scripts
.IR EVENT " [" OPTIONS ]
.br
.B google_metadata_script_runner
.I EVENT
"#;

const HEAD: &str = r#".SH METADATA SCRIPTS
.B hospes\-agent scripts
runs what the metadata server has for an event, in this order:
.IB EVENT \-script
(the script) and
.IB EVENT \-script\-url
(where it is: gs://BUCKET/OBJECT, http:// or https://), from the attributes of the instance; only
if it has neither, from those of the project. Events are
.BR startup ", " shutdown ", " graceful\-shutdown " and " specialize
(its keys begin with sysprep\-specialize). Called
.B google_metadata_script_runner
or
.B google_metadata_script_runner_adapt
it does the same.
.PP
A script lies in a folder of its own that only root can read, and is run by the shell as
.IR "SHELL \-c FILE" ,
so that its first line decides who interprets it. What it prints is logged line by line; lines that
are longer than 47 KiB are cut into several. In the journal the entries have the fields
.B HOSPES_SCRIPT_EVENT
and
.BR HOSPES_SCRIPT_KEY .
A script that leaves something running in the background does not hold up the next; what that
prints is logged as long as it runs.
.PP
The exit status is 0 when every script succeeded or none had to run, 1 when one failed or could not
be fetched, 2 when the command line makes no sense. When a signal ends the runner, it is passed on to
the script and all that it started in its process group.
.PP
Startup scripts run once a boot. Under the name
.B google_metadata_script_runner
and not started by systemd,
.B startup
runs them again, as Google's manual says. Graceful\-shutdown scripts run once for each announced
stop, and the runner tells the host how they ended. When the time that the host gives is over first
it tells that, and ends nothing.
.TP
.B \-\-only\-at\-poweroff
Run nothing unless the machine goes down. For ExecStop=: a unit that is only stopped or upgraded runs
no shutdown scripts.
.TP
.B \-\-again
Run startup scripts that have run in this boot, or graceful\-shutdown scripts that have run for this
stop.
.TP
.BI \-\-config " FILE"
The settings, instead of
.IR /etc/default/instance_configs.cfg .
.SS Settings
In
.IR /etc/default/instance_configs.cfg ,
and over it
.IR instance_configs.cfg.distro " and " instance_configs.cfg.template ,
under the heading
.BR [MetadataScripts] :
"#;

const TAIL: &str = r#".SS Environment of scripts
That of the runner, and:
.TP
.B HOSPES_EVENT
The event.
.TP
.B HOSPES_SCRIPT_KEY
The attribute that the script comes from.
.TP
.B HOSPES_STOP_REQUEST
Of graceful\-shutdown scripts, when the host has announced a stop: its name.
.TP
.B HOSPES_STOP_DEADLINE
Until when they may take, in seconds since 1970, when the host says so.
.TP
.B HOSPES_STOP_MAX_SECONDS
How long they may take in all, when the host says so.
"#;

/// The section, in roff.
pub(crate) fn section() -> String {
    let settings = settings(DIALECT).map(entry);
    HEAD.to_owned() + &settings.collect::<String>() + TAIL
}

fn entry(setting: &Setting) -> String {
    let roff = |text: &str| text.replace('\\', "\\e").replace('-', "\\-");
    format!(
        ".TP\n.BI \"{} = \" {}\n{}\n",
        roff(setting.name),
        setting.value,
        roff(setting.help)
    )
}

#[cfg(test)]
mod tests {
    use metadata::scripts::Event;

    use super::*;
    use crate::scripts::{OPTIONS, events};

    #[test]
    fn the_section_names_every_event_option_and_setting() {
        let section = section().replace("\\-", "-");
        let settings = settings(DIALECT).map(|setting| setting.name);
        let options = OPTIONS.into_iter().filter(|option| *option != "--help");
        for word in settings.chain(options).chain(events()) {
            assert!(section.contains(word), "{word} is not in the page");
        }
        assert_eq!(events().count(), Event::all().count());
    }
}
