"""Runs `hospes` for the modules of hospes.lifecycle, and ends them with what came of it.

    parameters --> command line --> hospes --json --> exit code, document --> changed, facts, msg

No secret passes through: keys, tokens and passwords are in the configuration that the program reads,
so no parameter needs `no_log`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hospes.lifecycle.plugins.module_utils import document as documents

# The program's exit codes.
STATUS = {0: "ok", 1: "failed", 2: "usage", 3: "refused", 4: "not-ready"}

# Verbs that never change anything.
READS = ("check", "guests", "ready")

ARGUMENTS: dict[str, Any] = {
    "guests": {"type": "list", "elements": "str", "required": True, "aliases": ["guest"]},
    "executable": {"type": "path", "default": "hospes"},
    "config": {"type": "path"},
    "state_dir": {"type": "path"},
}

POWER_ARGUMENTS: dict[str, Any] = {
    "accept_unknown": {"type": "list", "elements": "int", "choices": [1, 2, 4], "default": []},
    "graceful": {"type": "bool"},
    "graceful_time": {"type": "str"},
}


class Answer(NamedTuple):
    """What one run of the program came to."""

    status: str
    document: documents.Document


def module_of(**arguments: Any) -> AnsibleModule:
    """A module with the parameters of all and its own. All of them can tell beforehand."""
    return AnsibleModule(argument_spec={**ARGUMENTS, **arguments}, supports_check_mode=True)


def ask(module: AnsibleModule, verb: str, options: Optional[list[str]] = None) -> Answer:
    """Runs a verb on the module's guests. Ends the module where the program prints no document."""
    params = module.params
    command = [module.get_bin_path(params["executable"], required=True), "--json"]
    if params["config"]:
        command += ["--config", params["config"]]
    # What follows `--` is a guest, whatever it begins with.
    command += [verb, *(options or []), "--", *params["guests"]]
    environment = {"NO_COLOR": "1"}
    if params["state_dir"]:
        environment["HOSPES_STATE"] = params["state_dir"]
    code, printed, said = module.run_command(command, environ_update=environment)
    status = STATUS.get(code, "failed")
    if not printed.strip():
        # What a wrong option is answered with goes on with how to get help.
        reason = said.strip().split("\n\n")[0]
        reason = reason or f"hospes {verb} ended with {code} and said nothing: hospes runs list --open"
        # Killed in the middle, it may have asked the guest.
        changed = code not in STATUS and verb not in READS and not module.check_mode
        module.fail_json(msg=reason, status=status, changed=changed)
    try:
        return Answer(status, documents.parse(printed, verb))
    except documents.DocumentError as error:
        module.fail_json(msg=str(error), status=status)
        raise


def operate(module: AnsibleModule, verb: str, options: Optional[list[str]] = None) -> None:
    """Runs a verb that changes guests; in check mode its dry run. Ends the module."""
    dry = ["--check"] if module.check_mode else []
    answer = ask(module, verb, dry + (options or []))
    finish(module, verb, answer, changed=documents.changed(verb, answer.document))


def finish(module: AnsibleModule, verb: str, answer: Answer, changed: bool, **more: Any) -> None:
    """Ends the module: refused, not ready and failed are failures, with the reasons in `msg`."""
    troubles = documents.troubles(verb, answer.document)
    result = {"changed": changed, "status": answer.status, "document": answer.document, **more}
    facts = documents.facts(verb, answer.document)
    if facts:
        result["ansible_facts"] = facts
    # A check that finds something, and a dry run that would change something, end with an exit code too.
    if not troubles and answer.status != "ok" and verb != "check" and not answer.document.get("dry_run"):
        troubles = [f"hospes {verb} ended as {answer.status} and told no reason"]
    if troubles:
        module.fail_json(msg="; ".join(troubles), **result)
    result["status"] = "ok"
    module.exit_json(**result)


def power_options(params: dict[str, Any]) -> list[str]:
    """The options of `restart` and `shutdown`."""
    options = []
    if params["accept_unknown"]:
        options.append("--accept-unknown=" + ",".join(map(str, params["accept_unknown"])))
    if params["graceful"] is False:
        options.append("--no-graceful")
    elif params["graceful_time"]:
        options.append(f"--graceful={params['graceful_time']}")
    elif params["graceful"]:
        options.append("--graceful")
    return options
