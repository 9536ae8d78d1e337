#!/usr/bin/python
"""The module hospes_ready."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hospes_ready
short_description: Say whether guests are usable
description:
  - A guest is ready when SSH answers and a command runs in it. Neither its agent nor an open port counts.
  - A guest that is not ready is a failure.
extends_documentation_fragment: hospes.lifecycle.program
author: The hospes developers (@hospes)
options:
  wait:
    description: Wait for it, up to this long, such as V(90s) or V(5m). Without it one look is taken.
    type: str
seealso:
  - module: hospes.lifecycle.hospes_check
"""

EXAMPLES = r"""
- name: Wait until the guest is usable
  hospes.lifecycle.hospes_ready:
    guest: "{{ inventory_hostname }}"
    wait: 5m
  delegate_to: localhost
"""

RETURN = r"""
status:
  description: >-
    How the program ended: V(ok), V(failed), V(usage) (command line or configuration), V(refused)
    (nothing was touched), V(not-ready).
  returned: always
  type: str
  sample: ok
document:
  description: The whole document that C(hospes ready --json) printed.
  returned: when the program printed one
  type: dict
  sample: {schema: hospes.ready/1, guests: []}
ansible_facts:
  description: Facts about the guest, where exactly one is meant.
  returned: success
  type: dict
  contains:
    hospes_boot_id:
      description: The boot that answered.
      returned: success
      type: str
      sample: 6ecd8c99-4036-403d-bf84-cf8400f67836
"""

from ansible_collections.hospes.lifecycle.plugins.module_utils import hospes


def main() -> None:
    """Asks, and tells."""
    module = hospes.module_of(wait={"type": "str"})
    wait = module.params["wait"]
    answer = hospes.ask(module, "ready", [f"--wait={wait}"] if wait else [])
    hospes.finish(module, "ready", answer, changed=False)


if __name__ == "__main__":
    main()
