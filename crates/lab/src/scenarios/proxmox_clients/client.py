"""Lists, queries, shuts down, reboots and starts a guest with proxmoxer.

Arguments: the API's address, token id, the token's file, user, the password's file.
"""
import sys
import time

from proxmoxer import ProxmoxAPI, ResourceException
from proxmoxer.core import AuthenticationError
from proxmoxer.tools import Tasks

address, token_id, token_file, user, password_file = sys.argv[1:]
host, port = address.split(":")
secret = open(token_file).read().strip()
owner, name = token_id.split("!")
api = ProxmoxAPI(host, port=int(port), user=owner, token_name=name, token_value=secret,
                 verify_ssl=False, timeout=30)

assert api.version.get()["release"] == "9.2"
assert [node["node"] for node in api.nodes.get()] == ["pve1", "pve2"]
listed = {vm["vmid"]: vm for vm in api.cluster.resources.get(type="vm")}
assert listed[101]["name"] == "web" and listed[101]["status"] == "running", listed
assert [vm["vmid"] for vm in api.nodes("pve1").qemu.get()] == [101]
assert api.nodes("pve1").lxc.get() == []

guest = api.nodes("pve1").qemu(101)
assert guest.config.get(current=1)["agent"] == "1"
assert guest.agent.ping.post() == {"result": {}}
started = guest.agent.exec.post(command="cat /proc/sys/kernel/random/boot_id")
ended = guest.agent("exec-status").get(pid=started["pid"])
before = ended["out-data"].strip()
assert len(before) == 36 and ended["exited"] == 1, ended
assert guest.agent("file-read").get(file="/proc/sys/kernel/random/boot_id")["content"].strip() == before

def ended(upid):
    return Tasks.blocking_status(api, upid, timeout=60, polling_interval=0.1)

def until(status):
    while guest.status.current.get()["status"] != status:
        time.sleep(0.1)

task = ended(guest.status.shutdown.post(timeout=30))
assert task["exitstatus"] == "OK" and task["type"] == "qmshutdown", task
assert guest.status.current.get()["status"] == "stopped"
assert ended(guest.status.start.post())["exitstatus"] == "OK"
assert ended(guest.status.reboot.post(timeout=30))["exitstatus"] == "OK"
until("running")
parsed = Tasks.decode_upid(guest.status.shutdown.post(timeout=30))
assert (parsed["node"], parsed["type"], parsed["id"]) == ("pve1", "qmshutdown", "101"), parsed
until("stopped")
assert ended(guest.status.start.post())["exitstatus"] == "OK"
assert [t["type"] for t in api.nodes("pve1").tasks.get(source="all", vmid=101)][-1] == "qmshutdown"

try:
    api.nodes("pve1").qemu(999).status.current.get()
    raise AssertionError("a guest that is not there")
except ResourceException as error:
    assert error.status_code == 500 and "qemu-server/999.conf" in str(error), error
try:
    guest.status.shutdown.post(timeout="abc")
    raise AssertionError("a timeout that is no number")
except ResourceException as error:
    assert error.status_code == 400 and "timeout" in error.errors, error.errors

votes = {node["node"]: node["quorum_votes"] for node in api.cluster.config.nodes.get()}
assert votes == {"pve1": "1", "pve2": "1"}, votes
assert api.cluster.config.qdevice.get() == {}
assert api.cluster.ha.status.manager_status.get()["quorum"]["quorate"] == "1"
assert api.nodes("pve1").apt.update.get() == [] and api.cluster.replication.get() == []
assert api.nodes("pve1").tasks.get(source="active") == []
assert guest.migrate.get(target="pve2")["local_resources"] == []
moving = guest.migrate.post(target="pve2", online=1)
assert [t["upid"] for t in api.nodes("pve1").tasks.get(source="active")] == [moving]
assert ended(moving)["exitstatus"] == "OK" and Tasks.decode_upid(moving)["type"] == "qmigrate"
assert [vm["vmid"] for vm in api.nodes("pve2").qemu.get()] == [101, 102]
back = api.nodes("pve2").qemu(101).migrate.post(target="pve1", online=1)
assert ended(back)["exitstatus"] == "OK" and guest.status.current.get()["status"] == "running"
try:
    api.cluster.ceph.flags("noout").put(value=1)
    raise AssertionError("a flag of a Ceph that is not there")
except ResourceException as error:
    assert error.status_code == 500 and "not installed" in str(error), error

password = open(password_file).read().strip()
with_ticket = ProxmoxAPI(host, port=int(port), user=user, password=password, verify_ssl=False, timeout=30)
assert with_ticket.nodes("pve1").qemu(101).agent.ping.post() == {"result": {}}
try:
    ProxmoxAPI(host, port=int(port), user=user, password="wrong", verify_ssl=False, timeout=30)
    raise AssertionError("a wrong password")
except AuthenticationError:
    pass
