#!/bin/bash
# Stands for the command of Proxmox VE: hands its words to the cluster and prints what that says.
. /etc/lab-node
if ! { exec 3<>"/dev/tcp/$CLUSTER/$PORT"; } 2>/dev/null; then
    echo 'ipcc_send_rec[1] failed: Connection refused' >&2
    exit 255
fi
printf 'ha-manager %s %s\n' "$NODE" "$*" >&3
read -r -t 10 outcome <&3
if [ "$outcome" = ok ]; then
    cat <&3
else
    cat <&3 >&2
    exit 255
fi
