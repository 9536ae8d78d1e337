//! The scripts that run in the guest: POSIX sh, read-only, few processes, bounded output.

use std::fmt::Write as _;

use guest_script::quote;

use super::machine::FORM;
use super::show;
use super::wants::Wants;
use crate::facts::{AGENT_PACKAGES, AGENT_UNITS, PORT_DEVICE, PORT_PATH};
use crate::hooks::unit_paths::{DIRECTORIES, drop_in_names};

/// How much of one file is read.
pub(super) const FILE_LIMIT: usize = 65_536;

/// How much of all files together is read in a round.
const FILES_LIMIT: usize = 393_216;

/// Where udev looks for rules, the strongest first.
pub(crate) const RULES_DIRECTORIES: [&str; 5] = [
    "/etc/udev/rules.d",
    "/run/udev/rules.d",
    "/usr/local/lib/udev/rules.d",
    "/usr/lib/udev/rules.d",
    "/lib/udev/rules.d",
];

/// `s KIND COMMAND...` runs systemctl unless it hung before.
const FUNCTIONS: &str = r#"t=; command -v timeout >/dev/null && t='timeout 8'
sd=; command -v systemctl >/dev/null && sd=1
s() {
  k=$1; shift
  [ -n "$sd" ] || return
  o=$($t systemctl "$@"); r=$?
  [ "$r" = 124 ] && sd=
  v "$k" "$r" "$o"
}
"#;

/// Who the machine is and how it is; only shell builtins.
const MARKS: &str = r#"b=; read -r b </proc/sys/kernel/random/boot_id; v boot-id $? "$b"
b=; read -r b </proc/sys/kernel/hostname; v host 0 "$b"
b=; read -r b </proc/uptime; v uptime 0 "$b"
u=; while read -r k b c d; do [ "$k" = Uid: ] && u=$c; done </proc/self/status; v uid 0 "$u"
m=; for f in /sys/class/net/*/address; do
  case $f in */lo/address) continue;; esac
  b=; read -r b <"$f"; m="$m$b$nl"
done; v macs 0 "$m"
if [ -d /dev ]; then if [ -e @PORT@ ]; then v port 0 yes; else v port 0 no; fi; fi
s state is-system-running
s jobs list-jobs --no-legend --no-pager --plain --full
if command -v dpkg-query >/dev/null; then
  o=$(dpkg-query -W -f='${Package}\t${Status}\t${Version}\n' @PACKAGES@); v dpkg $? "$o"
fi
if command -v rpm >/dev/null; then
  o=$($t rpm -q --qf '%{NAME}\tinstall ok installed\t%{VERSION}-%{RELEASE}\n' @PACKAGES@); v rpm $? "$o"
  o=$($t rpm -q --scripts qemu-guest-agent); v rpm-scripts $? "$o"
fi
"#;

/// Keeps of the programs in `"$@"` those that are no ELF binaries.
const PROGRAMS: &str = r#"for p in "$@"; do
  shift
  case $p in
    /*) q=$p;;
    *) q=$(command -v "$p"); case $q in /*) v command 0 "$p $q";; *) continue;; esac;;
  esac
  if [ -f "$q" ] && [ -r "$q" ]; then set -- "$@" "$q"
  elif [ -f "$q" ]; then v denied 0 "$q"; fi
done
if [ $# -gt 0 ]; then
  e=$(grep -als -e "^$(printf '\177')ELF" -- "$@" </dev/null)
  for p in "$@"; do
    shift
    case "$nl$e$nl" in *"$nl$p$nl"*) ;; *) set -- "$@" "$p";; esac
  done
fi
"#;

/// Adds the readable ones of some files to `"$@"`.
const FILES: &str = r#"do
  if [ -f "$p" ]; then if [ -r "$p" ]; then set -- "$@" "$p"; else v denied 0 "$p"; fi
  elif [ -c "$p" ]; then v empty 0 "$p"; fi
done
"#;

/// Prints the files in `"$@"`: their sizes, then their heads in the same order.
const CONTENT: &str = r#"if [ $# -gt 0 ]; then
  z=$(wc -c -- "$@"); i=0; b=0; o=
  while read -r n p; do
    [ "$i" -lt $# ] || break
    [ "$n" -gt @FILE@ ] && n=@FILE@
    if [ $((b + n)) -gt @FILES@ ]; then o="$o$p$nl"; break; fi
    b=$((b + n)); i=$((i + 1))
  done <<EOF
$z
EOF
  v sizes "$i" "$z"
  c=$#; j=0
  while [ "$j" -lt "$c" ]; do
    [ "$j" -lt "$i" ] && set -- "$@" "$1"
    shift; j=$((j + 1))
  done
  if [ $# -gt 0 ]; then printf '@content 0 %s\n' "$b"; head -q -c @FILE@ -- "$@"; echo; fi
fi
"#;

/// The script of the first round.
pub(super) fn first() -> String {
    let packages = AGENT_PACKAGES.join(" ");
    let marks = MARKS
        .replace("@PORT@", PORT_PATH)
        .replace("@PACKAGES@", &packages);
    let units: Vec<String> = AGENT_UNITS
        .iter()
        .copied()
        .chain([PORT_DEVICE])
        .map(quote)
        .collect();
    let mut body = marks;
    show_units(&mut body, &units);
    show_units(&mut body, &["'*.timer'".to_owned(), "'*.path'".to_owned()]);
    body.push_str("[ -L /lib ] && l=/nowhere || l=/lib\nset --\nfor p in");
    for pattern in agent_files() {
        body.push(' ');
        body.push_str(&pattern);
    }
    body.push_str("; ");
    body.push_str(FILES);
    body.push_str(&content());
    FORM.script(FUNCTIONS, &body)
}

/// The script of a later round.
pub(super) fn next(wants: &Wants) -> String {
    let mut body = String::new();
    let quoted = |names: &std::collections::BTreeSet<String>| -> Vec<String> {
        names.iter().map(|name| quote(name)).collect()
    };
    if !wants.units.is_empty() {
        show_units(&mut body, &quoted(&wants.units));
    }
    let _ = writeln!(body, "set -- {}", quoted(&wants.programs).join(" "));
    body.push_str(PROGRAMS);
    if !wants.files.is_empty() {
        let _ = write!(body, "for p in {}; ", quoted(&wants.files).join(" "));
        body.push_str(FILES);
    }
    body.push_str(&content());
    FORM.script(FUNCTIONS, &body)
}

/// Prints the files in `"$@"`, within the limits.
fn content() -> String {
    CONTENT
        .replace("@FILES@", &FILES_LIMIT.to_string())
        .replace("@FILE@", &FILE_LIMIT.to_string())
}

fn show_units(body: &mut String, units: &[String]) {
    let properties = show::properties().collect::<Vec<_>>().join(",");
    let _ = writeln!(
        body,
        "s units show --no-pager -p {properties} -- {}",
        units.join(" ")
    );
}

/// Patterns of every file that may configure the agent, also of those that are not in effect yet.
fn agent_files() -> Vec<String> {
    let mut patterns = Vec::new();
    let place = |directory: &str| match directory.strip_prefix("/lib/") {
        Some(rest) => format!("\"$l\"/{rest}"),
        None => directory.to_owned(),
    };
    for directory in DIRECTORIES.map(place) {
        for unit in AGENT_UNITS {
            patterns.push(format!("{directory}/{unit}"));
            let dirs = drop_in_names(unit);
            let own = dirs.iter().filter(|dir| *dir != "service.d");
            patterns.extend(own.map(|dir| format!("{directory}/{dir}/*.conf")));
        }
        patterns.push(format!("{directory}/service.d/*.conf"));
    }
    for directory in RULES_DIRECTORIES.map(place) {
        patterns.push(format!("{directory}/*guest-agent*.rules"));
        patterns.push(format!("{directory}/*qemu-ga*.rules"));
        patterns.push(format!("{directory}/*hospes*.rules"));
    }
    for package in AGENT_PACKAGES {
        for script in ["preinst", "postinst", "prerm", "postrm"] {
            patterns.push(format!("/var/lib/dpkg/info/{package}.{script}"));
        }
    }
    patterns
}
