#!/usr/bin/python
"""The module hospes_reboot."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hospes_reboot
short_description: Let guests reboot themselves, proved by a new boot
description:
  - The guest is asked through SSH and reboots itself; neither the hypervisor nor the agent takes part.
  - The reboot is proved by a new boot id. An answer alone is no proof.
extends_documentation_fragment: hospes.lifecycle.program
author: The hospes developers (@hospes)
seealso:
  - module: hospes.lifecycle.hospes_ready
  - module: hospes.lifecycle.hospes_restart
"""

EXAMPLES = r"""
- name: Reboot after an upgrade of the kernel
  hospes.lifecycle.hospes_reboot:
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
  description: The whole document that C(hospes reboot --json) printed.
  returned: when the program printed one
  type: dict
  sample: {schema: hospes.reboot/1, guests: []}
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
    """Reboots, or in check mode says whether it would."""
    hospes.operate(hospes.module_of(), "reboot")


if __name__ == "__main__":
    main()
