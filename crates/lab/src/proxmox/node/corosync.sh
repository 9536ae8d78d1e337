#!/bin/bash
# Stands for corosync: tells the cluster each second that this node runs, and at its end that it leaves.
. /etc/lab-node
boot_id=$(cat /proc/sys/kernel/random/boot_id)
say() {
    (
        exec 3<>"/dev/tcp/$CLUSTER/$PORT" || exit
        printf '%s\n' "$*" >&3
        read -r -t 5 <&3
    ) 2>/dev/null
}
trap 'say leave "$NODE"; exit' TERM
while :; do
    say beat "$NODE" "$boot_id" "$(uname -r)"
    sleep 1 &
    wait "$!"
done
