#!/usr/bin/python
"""The module hospes_restart."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hospes_restart
short_description: Restart guests from outside, with a permit and a proof
description:
  - Checks the six conditions, asks the guest's agent for a shutdown, powers the guest on.
  - Proves the new boot by what the guest answers through SSH.
  - Refused where a condition does not hold. The guest is not touched then, and nothing is ever forced.
  - Several guests are taken one after the other. The first that does not succeed ends it.
extends_documentation_fragment: hospes.lifecycle.program
author: The hospes developers (@hospes)
options:
  accept_unknown:
    description:
      - Conditions that are accepted as unknown for this call, of 1, 2 and 4. It is recorded.
      - A condition that failed is never accepted, nor are 3, 5 and 6.
    type: list
    elements: int
    choices: [1, 2, 4]
    default: []
  graceful:
    description:
      - Whether the stop is announced to the guest first, so that its own graceful scripts run.
      - Without it the configuration decides for each guest.
    type: bool
  graceful_time:
    description:
      - How long the scripts have, such as V(10m). Implies O(graceful=true).
      - Without it as configured, else ten minutes.
    type: str
seealso:
  - module: hospes.lifecycle.hospes_check
  - module: hospes.lifecycle.hospes_reboot
  - module: hospes.lifecycle.hospes_shutdown
"""

EXAMPLES = r"""
- name: Restart the guest, its own scripts first
  hospes.lifecycle.hospes_restart:
    guest: "{{ inventory_hostname }}"
    graceful_time: 10m
  delegate_to: localhost

- name: Show that it really booted
  ansible.builtin.debug:
    msg: "boot {{ hospes_proof.old }} is now {{ hospes_proof.new }}"
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
  description: The whole document that C(hospes restart --json) printed.
  returned: when the program printed one
  type: dict
  sample: {schema: hospes.restart/1, guests: []}
ansible_facts:
  description: Facts about the guest, where exactly one is meant.
  returned: success
  type: dict
  contains:
    hospes_boot_id:
      description: The new boot.
      returned: where a new boot was proved
      type: str
      sample: 6ecd8c99-4036-403d-bf84-cf8400f67836
    hospes_proof:
      description: The proof of the new boot. Times in seconds.
      returned: where a new boot was proved
      type: dict
      sample:
        old: 1b4e28ba-2fa1-4d2b-883f-0016d3cca427
        new: 6ecd8c99-4036-403d-bf84-cf8400f67836
        uptime: 21.4
        took: 48.9
"""

from ansible_collections.hospes.lifecycle.plugins.module_utils import hospes


def main() -> None:
    """Restarts, or in check mode says whether it would."""
    module = hospes.module_of(**hospes.POWER_ARGUMENTS)
    hospes.operate(module, "restart", hospes.power_options(module.params))


if __name__ == "__main__":
    main()
