#!/usr/bin/python
"""The module hospes_check."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hospes_check
short_description: Read the six conditions that make a guest safe to touch from outside
description:
  - Reads whether the hypervisor may act on a guest and says why not, with evidence. It never changes anything.
  - A guest of which a condition does not hold is no failure of the module; look at RV(healthy).
  - Healthy is not ready. Whether a guest is usable is M(hospes.lifecycle.hospes_ready)'s question.
extends_documentation_fragment: hospes.lifecycle.program
author: The hospes developers (@hospes)
seealso:
  - module: hospes.lifecycle.hospes_fix
  - module: hospes.lifecycle.hospes_ready
"""

EXAMPLES = r"""
- name: Read the six conditions
  hospes.lifecycle.hospes_check:
    guest: "{{ inventory_hostname }}"
  delegate_to: localhost
  register: checked

- name: Stop here unless the hypervisor may act
  ansible.builtin.assert:
    that: checked.healthy
    fail_msg: "{{ checked.unhealthy }}"
"""

RETURN = r"""
healthy:
  description: Whether all six conditions hold on every guest.
  returned: success
  type: bool
  sample: false
unhealthy:
  description: One line for each condition that does not hold or is unknown, with its remedy.
  returned: success
  type: list
  elements: str
  sample:
    - "web1: condition 6 (answers) failed: the agent does not answer -> hospes fix web1"
status:
  description: >-
    How the program ended: V(ok), V(failed), V(usage) (command line or configuration), V(refused)
    (nothing was touched), V(not-ready).
  returned: always
  type: str
  sample: ok
document:
  description: The whole document that C(hospes check --json) printed.
  returned: when the program printed one
  type: dict
  sample: {schema: hospes.check/1, guests: []}
ansible_facts:
  description: Facts about the guest, where exactly one is meant.
  returned: success
  type: dict
  contains:
    hospes_healthy:
      description: Whether all six conditions hold.
      returned: success
      type: bool
      sample: true
    hospes_boot_id:
      description: The boot that runs now; none where nobody could read it.
      returned: success
      type: str
      sample: 6ecd8c99-4036-403d-bf84-cf8400f67836
    hospes_conditions:
      description: The state of each condition, V(healthy), V(failed) or V(unknown).
      returned: success
      type: dict
      sample: {package: healthy, service: healthy, no-hooks: healthy, systemd: healthy, port: healthy, answers: failed}
"""

from ansible_collections.hospes.lifecycle.plugins.module_utils import document as documents
from ansible_collections.hospes.lifecycle.plugins.module_utils import hospes


def main() -> None:
    """Reads, and tells."""
    module = hospes.module_of()
    answer = hospes.ask(module, "check")
    lines = [f"{guest['guest']}: {line}" for guest in answer.document["guests"] for line in documents.unhealthy(guest)]
    healthy = bool(answer.document.get("healthy"))
    hospes.finish(module, "check", answer, changed=False, healthy=healthy, unhealthy=lines)


if __name__ == "__main__":
    main()
