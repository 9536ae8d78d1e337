# Turns the unpacked Debian into the lab's guest. /lab holds what the builder brought: this script and keys.
set -eu
root="$1"
in_guest() { chroot "$root" "$@"; }

# Debian has a group `operator` of its own.
in_guest useradd --create-home --shell /bin/bash --gid operator operator
in_guest useradd --create-home --shell /bin/bash plain
echo 'operator ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/operator"
chmod 0440 "$root/etc/sudoers.d/operator"

for home in root home/operator home/plain; do
    mkdir -p "$root/$home/.ssh"
    cp "$root/lab/login.pub" "$root/$home/.ssh/authorized_keys"
    chmod 0700 "$root/$home/.ssh"
    chmod 0600 "$root/$home/.ssh/authorized_keys"
    chown -R --reference="$root/$home" "$root/$home/.ssh"
done
chown -R 0:0 "$root/root/.ssh"

# One host key, shared by all lab guests as by clones of one template. Key exchange without the
# post-quantum default: it costs a second of emulated CPU at every login.
rm -f "$root"/etc/ssh/ssh_host_*
cp "$root/lab/host" "$root/etc/ssh/ssh_host_ed25519_key"
cp "$root/lab/host.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"
chown 0:0 "$root"/etc/ssh/ssh_host_ed25519_key*
chmod 0600 "$root/etc/ssh/ssh_host_ed25519_key"
cat >"$root/etc/ssh/sshd_config.d/lab.conf" <<'CONFIG'
HostKey /etc/ssh/ssh_host_ed25519_key
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256
PermitRootLogin prohibit-password
PasswordAuthentication no
PrintMotd no
UseDNS no
CONFIG

echo lab >"$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 lab\n' >"$root/etc/hosts"
echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
echo '/dev/vda / ext4 defaults,noatime 0 1' >"$root/etc/fstab"
cat >"$root/etc/systemd/network/lab.network" <<'CONFIG'
[Match]
Name=e*

[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no
CONFIG
in_guest systemctl enable --quiet systemd-networkd.service
in_guest systemctl mask --quiet systemd-networkd-wait-online.service getty@tty1.service \
    serial-getty@ttyS0.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-pstore.service
# Mounts and modules that no scenario looks at, each a process of its own at boot: seconds, when emulated.
in_guest systemctl mask --quiet dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount \
    sys-kernel-tracing.mount modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service \
    modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service

# The running guest knows one package source, the lab's, which fills in this file after the boot.
rm -rf "$root"/etc/apt/sources.list.d
: >"$root/etc/apt/sources.list"
cat >"$root/etc/apt/apt.conf.d/90lab" <<'CONFIG'
Acquire::Languages "none";
Acquire::Retries "0";
CONFIG
rm -rf "$root/lab"
