# Makes pve-api-schema.json of the whole schema of the API, a list of methods (Proxmox VE publishes
# it as `apidoc.js`): of each method that the product uses the names and types of its parameters, and
# who may call it.
#
#     jq -f pve-api-schema.jq WHOLE.json > pve-api-schema.json
def vm: "/nodes/{node}/qemu/{vmid}";
def used: [
  "GET /version",
  "GET /access/permissions",
  "POST /access/ticket",
  "GET /cluster/status",
  "GET /cluster/resources",
  "GET /cluster/ha/resources/{sid}",
  "GET /cluster/ha/status/current",
  "GET /cluster/ha/status/manager_status",
  "GET /cluster/config/nodes",
  "GET /cluster/config/qdevice",
  "GET /cluster/replication",
  "GET /cluster/ceph/status",
  "GET /cluster/ceph/metadata",
  "GET /cluster/ceph/flags/{flag}",
  "PUT /cluster/ceph/flags/{flag}",
  "GET /nodes/{node}/qemu",
  "GET /nodes/{node}/status",
  "GET /nodes/{node}/apt/update",
  "GET /nodes/{node}/replication",
  "GET /nodes/{node}/tasks",
  "GET \(vm)/migrate",
  "POST \(vm)/migrate",
  "GET \(vm)/status/current",
  "GET \(vm)/config",
  "GET \(vm)/pending",
  "POST \(vm)/status/start",
  "POST \(vm)/status/shutdown",
  "POST \(vm)/status/reboot",
  "GET \(vm)/snapshot",
  "POST \(vm)/snapshot",
  "DELETE \(vm)/snapshot/{snapname}",
  "POST \(vm)/snapshot/{snapname}/rollback",
  "POST \(vm)/agent/ping",
  "GET \(vm)/agent/info",
  "POST \(vm)/agent/fsfreeze-status",
  "GET \(vm)/agent/get-host-name",
  "GET \(vm)/agent/get-osinfo",
  "GET \(vm)/agent/get-timezone",
  "GET \(vm)/agent/get-fsinfo",
  "GET \(vm)/agent/get-users",
  "GET \(vm)/agent/get-vcpus",
  "POST \(vm)/agent/exec",
  "GET \(vm)/agent/exec-status",
  "GET \(vm)/agent/file-read",
  "GET /nodes/{node}/tasks/{upid}/status",
  "GET /nodes/{node}/tasks/{upid}/log"
];
def parameter: {type, optional: (.optional // 0), enum} | with_entries(select(.value != null));
[ .[]
  | select("\(.method) \(.path)" as $it | used | index([$it]) != null)
  | {method, path, permissions, parameters: (.parameters | map_values(parameter))} ]
| sort_by(.path, .method)
