//! The scripts of the remedies: POSIX sh, as root, idempotent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use guest_script::{grouped, quote};

/// Sets `$p`, unpacks texts into `$d`, and tells what the functions are for: `same` compares two
/// files, `keep` copies `$p` away, `put` replaces `$p` by `$d/after` in one step.
const FILE_HEAD: &str = r#"set -eu
umask 022
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
same() { [ "$(base64 <"$1")" = "$(base64 <"$2")" ]; }
fail() { echo "$p $1" >&2; exit 1; }
keep() {
  mkdir -p /var/lib/hospes; mkdir -m 700 -p /var/lib/hospes/backup
  b=$(mktemp -d /var/lib/hospes/backup/XXXXXXXX)
  mkdir -p "$b${p%/*}"; cp -p "$p" "$b$p"; echo "the old text is kept in $b$p"
}
put() {
  n=$(mktemp "${p%/*}/.hospes.XXXXXXXX")
  if [ -f "$p" ]; then cp -p "$p" "$n"; else chmod 644 "$n"; fi
  cat "$d/after" >"$n"; sync "$n" 2>/dev/null || :
  mv -f "$n" "$p"
  if command -v restorecon >/dev/null; then restorecon "$p" || :; fi
}
if [ -L "$p" ]; then fail 'is a symbolic link: edit what it points to by hand'; fi
"#;

/// Replaces `before` by `after` in `path`.
pub(super) fn edit(path: &str, before: &str, after: &str, is_script: bool) -> String {
    let check = if is_script {
        "i=sh; case $(head -n 1 \"$d/after\") in *bash*) i=bash;; esac\n\
         $i -n \"$d/after\" || fail 'would be left with a syntax error: edit it by hand'\n"
    } else {
        ""
    };
    let body = format!(
        "{before}{after}\
         if [ -f \"$p\" ] && same \"$p\" \"$d/after\"; then echo 'done already'; exit 0; fi\n\
         if ! [ -f \"$p\" ] || ! same \"$p\" \"$d/before\"; then \
         fail 'changed since it was read: check again'; fi\n\
         {check}keep\nput\n",
        before = unpack("before", before),
        after = unpack("after", after),
    );
    on_file(path, &body)
}

/// Creates `path` with `after`.
pub(super) fn create(path: &str, after: &str) -> String {
    let body = format!(
        "{after}\
         if [ -f \"$p\" ] && same \"$p\" \"$d/after\"; then echo 'done already'; exit 0; fi\n\
         if [ -e \"$p\" ]; then fail 'came into being since it was read: check again'; fi\n\
         mkdir -p \"${{p%/*}}\"\nput\n",
        after = unpack("after", after),
    );
    on_file(path, &body)
}

/// Removes `path`, and its directory when it was the last file of a drop-in directory.
pub(super) fn remove(path: &str, before: &str) -> String {
    let body = format!(
        "{before}\
         if ! [ -e \"$p\" ]; then echo 'done already'; exit 0; fi\n\
         same \"$p\" \"$d/before\" || fail 'changed since it was read: check again'\n\
         keep\nrm -f \"$p\"\n\
         case ${{p%/*}} in *.d) rmdir \"${{p%/*}}\" 2>/dev/null || :;; esac\n",
        before = unpack("before", before),
    );
    on_file(path, &body)
}

fn on_file(path: &str, body: &str) -> String {
    grouped(&format!("p={}\n{FILE_HEAD}{body}", quote(path)))
}

/// The text as base64 in a here-document, written to `$d/NAME`.
fn unpack(name: &str, text: &str) -> String {
    let encoded = STANDARD.encode(text);
    let mut lines = String::new();
    for line in encoded.as_bytes().chunks(76) {
        lines.push_str(&String::from_utf8_lossy(line));
        lines.push('\n');
    }
    format!("base64 -d >\"$d/{name}\" <<'HOSPES'\n{lines}HOSPES\n")
}

/// `systemctl VERB [UNIT]`.
pub(super) fn systemctl(verb: &str, unit: Option<&str>) -> String {
    let unit = unit
        .map(|unit| format!(" -- {}", quote(unit)))
        .unwrap_or_default();
    grouped(&format!(
        "set -eu\nsystemctl --no-ask-password {verb}{unit}\n"
    ))
}

/// Takes both kinds of mask away.
pub(super) fn unmask(unit: &str) -> String {
    let unit = quote(unit);
    grouped(&format!(
        "set -eu\nsystemctl --no-ask-password unmask -- {unit}\n\
         systemctl --no-ask-password --runtime unmask -- {unit}\n"
    ))
}

/// Disables a timer or path unit; one that is not enabled anywhere is masked, so that nothing
/// starts it again.
pub(super) fn disable_trigger(unit: &str) -> String {
    let unit = quote(unit);
    grouped(&format!(
        "set -eu\nsystemctl --no-ask-password disable --now -- {unit} || \
         systemctl --no-ask-password stop -- {unit}\n\
         case $(systemctl is-enabled -- {unit} 2>/dev/null) in\n  \
         static|generated|indirect) systemctl --no-ask-password mask -- {unit};;\nesac\n"
    ))
}

/// Installs a package, in a unit of its own where systemd runs: a lost connection then kills
/// neither apt nor dpkg.
pub(super) fn install(name: &str) -> String {
    const INSTALL: &str = r#"set -eu
n=@NAME@
if command -v apt-get >/dev/null; then
  i="apt-get -o DPkg::Lock::Timeout=60 -y --no-install-recommends install $n"
  i="export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1; $i || { apt-get update && $i; }"
elif command -v dnf >/dev/null; then i="dnf -y install $n"
elif command -v yum >/dev/null; then i="yum -y install $n"
else echo "neither apt-get, dnf nor yum is there: install $n by hand" >&2; exit 1; fi
if command -v systemd-run >/dev/null && [ -d /run/systemd/system ]; then
  u=hospes-install-agent.service
  s=$(systemctl show -p ActiveState --value "$u" 2>/dev/null || :)
  case $s in
    active|activating) while systemctl is-active -q "$u"; do sleep 1; done;;
    *) systemctl reset-failed "$u" 2>/dev/null || :
       systemd-run --quiet --wait --collect --unit="$u" -- /bin/sh -c "$i" || {
         journalctl -u "$u" -n 20 --no-pager -o cat >&2 || :; exit 1; };;
  esac
else
  sh -c "$i"
fi
"#;
    grouped(&INSTALL.replace("@NAME@", &quote(name)))
}
