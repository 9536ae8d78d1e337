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

password = open(password_file).read().strip()
with_ticket = ProxmoxAPI(host, port=int(port), user=user, password=password, verify_ssl=False, timeout=30)
assert with_ticket.nodes("pve1").qemu(101).agent.ping.post() == {"result": {}}
try:
    ProxmoxAPI(host, port=int(port), user=user, password="wrong", verify_ssl=False, timeout=30)
    raise AssertionError("a wrong password")
except AuthenticationError:
    pass
