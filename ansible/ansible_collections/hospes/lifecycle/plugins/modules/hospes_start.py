#!/usr/bin/python
"""The module hospes_start."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hospes_start
short_description: Power on stopped guests
description:
  - Powers a guest on that was seen stopped, and waits until it is ready.
  - A guest that runs already is not changed.
extends_documentation_fragment: hospes.lifecycle.program
author: The hospes developers (@hospes)
seealso:
  - module: hospes.lifecycle.hospes_shutdown
  - module: hospes.lifecycle.hospes_ready
"""

EXAMPLES = r"""
- name: Power the guest on
  hospes.lifecycle.hospes_start:
    guest: "{{ inventory_hostname }}"
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
  description: The whole document that C(hospes start --json) printed.
  returned: when the program printed one
  type: dict
  sample: {schema: hospes.start/1, guests: []}
ansible_facts:
  description: Facts about the guest, where exactly one is meant.
  returned: success
  type: dict
  contains:
    hospes_boot_id:
      description: The boot that began.
      returned: where the guest was started
      type: str
      sample: 6ecd8c99-4036-403d-bf84-cf8400f67836
"""

from ansible_collections.hospes.lifecycle.plugins.module_utils import document as documents
from ansible_collections.hospes.lifecycle.plugins.module_utils import hospes


def main() -> None:
    """Powers on, or in check mode says whether it would."""
    module = hospes.module_of()
    if not module.check_mode:
        hospes.operate(module, "start")
    answer = hospes.ask(module, "start", ["--check"])
    # Its dry run admits a guest that runs, too.
    seen = hospes.ask(module, "guests").document
    changed = documents.changed("start", answer.document) and documents.any_stopped(seen)
    hospes.finish(module, "start", answer, changed=changed)


if __name__ == "__main__":
    main()
