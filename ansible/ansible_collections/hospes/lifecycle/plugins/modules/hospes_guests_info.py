#!/usr/bin/python
"""The module hospes_guests_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hospes_guests_info
short_description: List guests and whether they run
description:
  - Lists the guests that the program knows, by what their hypervisors say. It never changes anything.
extends_documentation_fragment: hospes.lifecycle.program
author: The hospes developers (@hospes)
options:
  guests:
    description: Which guests, as in C(hospes). All by default.
    required: false
    default: [all]
seealso:
  - module: hospes.lifecycle.hospes_check
"""

EXAMPLES = r"""
- name: List the guests
  hospes.lifecycle.hospes_guests_info:
  delegate_to: localhost
  run_once: true
  register: known

- name: Name those that are stopped
  ansible.builtin.debug:
    msg: "{{ known.guests | selectattr('state', 'eq', 'stopped') | map(attribute='guest') }}"
"""

RETURN = r"""
guests:
  description: The guests.
  returned: success
  type: list
  elements: dict
  contains:
    guest:
      description: Its name.
      type: str
      sample: web1
    state:
      description: The hypervisor's word, or V(unknown).
      type: str
      sample: running
    node:
      description: Where it is.
      type: str
      sample: pve1
    address:
      description: Where SSH is looked for.
      type: str
      sample: 192.0.2.10:22
    tags:
      description: Its tags.
      type: list
      elements: str
      sample: [web]
    evidence:
      description: What the hypervisor said, or why it could not be asked.
      type: str
      sample: QMP query-status says running
    owed_by:
      description: An unfinished run that owes it a start.
      type: str
      sample: r12
status:
  description: >-
    How the program ended: V(ok), V(failed), V(usage) (command line or configuration), V(refused)
    (nothing was touched), V(not-ready).
  returned: always
  type: str
  sample: ok
document:
  description: The whole document that C(hospes guests --json) printed.
  returned: when the program printed one
  type: dict
  sample: {schema: hospes.guests/1, guests: []}
"""

from ansible_collections.hospes.lifecycle.plugins.module_utils import hospes


def main() -> None:
    """Lists."""
    module = hospes.module_of(guests={**hospes.ARGUMENTS["guests"], "required": False, "default": ["all"]})
    answer = hospes.ask(module, "guests")
    hospes.finish(module, "guests", answer, changed=False, guests=answer.document["guests"])


if __name__ == "__main__":
    main()
