# Turns the unpacked Debian into a root without a system: apt, dpkg, Python and an SSH server, and stand-ins
# for what needs systemd. /lab holds what the builder brought: this script and keys.
set -eu
root="$1"

mkdir -m 0700 "$root/root/.ssh"
cp "$root/lab/login.pub" "$root/root/.ssh/authorized_keys"
chmod 0600 "$root/root/.ssh/authorized_keys"
rm -f "$root"/etc/ssh/ssh_host_*
cp "$root/lab/host" "$root/etc/ssh/ssh_host_ed25519_key"
chmod 0600 "$root/etc/ssh/ssh_host_ed25519_key"
chown -R 0:0 "$root/root/.ssh" "$root/etc/ssh/ssh_host_ed25519_key"
cat >"$root/etc/ssh/sshd_config.d/lab.conf" <<'CONFIG'
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
PrintMotd no
UseDNS no
UsePAM no
CONFIG

# Not in /usr/local: apt's dpkg does not look there. A unit's command runs beside, and ActiveState tells whether it still does.
cat >"$root/usr/bin/systemd-run" <<'PROGRAM'
#!/bin/sh
while [ "$1" != -- ]; do
    case $1 in --setenv=*) export "${1#--setenv=}" ;; esac
    shift
done
shift
echo active >/run/lab-unit
setsid /bin/sh -c '"$@"; echo inactive >/run/lab-unit' x "$@" </dev/null >/dev/null 2>&1 &
PROGRAM
cat >"$root/usr/bin/systemctl" <<'PROGRAM'
#!/bin/sh
case "$*" in
    *is-system-running*) echo running ;;
    *ActiveState*) cat /run/lab-unit 2>/dev/null || echo inactive ;;
esac
PROGRAM
chmod 0755 "$root/usr/bin/systemd-run" "$root/usr/bin/systemctl"

# It knows one package source, the lab's, which fills in this file later.
rm -rf "$root"/etc/apt/sources.list.d
: >"$root/etc/apt/sources.list"
cat >"$root/etc/apt/apt.conf.d/90lab" <<'CONFIG'
Acquire::Languages "none";
Acquire::Retries "0";
CONFIG
rm -rf "$root/lab"
