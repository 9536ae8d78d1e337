# Runs under fakeroot, so that owners and modes of the tar end in the file system.
# Arguments: work directory, size of the disk.
set -eu
cd "$1"
mkdir tree
tar --extract --file rootfs.tar --directory tree --exclude='./dev/*'
cp --dereference tree/vmlinuz kernel
cp --dereference tree/initrd.img initrd
# The builder's own package settings (proxy, cache) do not concern the guest.
rm -f tree/etc/apt/apt.conf.d/99mmdebstrap
od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >tree/etc/machine-id
# Initialise the tables now: the guest's kernel would do it in the background of every first boot.
mke2fs -q -t ext4 -L lab -m 0 -N 65536 -E lazy_itable_init=0,lazy_journal_init=0 -d tree disk.raw "$2"
rm -rf tree rootfs.tar
