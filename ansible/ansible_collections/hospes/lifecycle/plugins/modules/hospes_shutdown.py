#!/usr/bin/python
"""The module hospes_shutdown."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hospes_shutdown
short_description: Shut guests down through their agents, with a permit
description:
  - Checks the six conditions and asks the guest's agent for a shutdown. Never by force.
  - Refused where a condition does not hold. The guest is not touched then.
  - A guest that is stopped already is not changed.
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
  - module: hospes.lifecycle.hospes_start
"""

EXAMPLES = r"""
- name: Shut all database guests down
  hospes.lifecycle.hospes_shutdown:
    guests: tag:db
  delegate_to: localhost
  run_once: true
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
  description: The whole document that C(hospes shutdown --json) printed.
  returned: when the program printed one
  type: dict
  sample: {schema: hospes.shutdown/1, guests: []}
"""

from ansible_collections.hospes.lifecycle.plugins.module_utils import hospes


def main() -> None:
    """Shuts down, or in check mode says whether it would."""
    module = hospes.module_of(**hospes.POWER_ARGUMENTS)
    hospes.operate(module, "shutdown", hospes.power_options(module.params))


if __name__ == "__main__":
    main()
