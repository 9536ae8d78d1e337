#!/usr/bin/python
"""The module hospes_fix."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hospes_fix
short_description: Mend what fails of the six conditions
description:
  - Applies remedies in the one safe order, so that no shutdown hook fires while the agent is mended.
  - Nothing is changed where there is nothing to mend.
  - It never powers a guest off. What only a person can do is named, and a failure as long as a condition does not hold.
extends_documentation_fragment: hospes.lifecycle.program
author: The hospes developers (@hospes)
attributes:
  diff_mode:
    support: full
seealso:
  - module: hospes.lifecycle.hospes_check
"""

EXAMPLES = r"""
- name: Show what would be mended (ansible-playbook --check --diff)
  hospes.lifecycle.hospes_fix:
    guest: "{{ inventory_hostname }}"
  delegate_to: localhost
"""

RETURN = r"""
manual:
  description: What is left to a person.
  returned: in check mode
  type: list
  elements: str
  sample:
    - "web1: the running machine has no port: configure the channel, power the guest off through SSH, hospes start"
status:
  description: >-
    How the program ended: V(ok), V(failed), V(usage) (command line or configuration), V(refused)
    (nothing was touched), V(not-ready).
  returned: always
  type: str
  sample: ok
document:
  description: The whole document that C(hospes fix --json) printed.
  returned: when the program printed one
  type: dict
  sample: {schema: hospes.fix/1, guests: []}
"""

from ansible_collections.hospes.lifecycle.plugins.module_utils import document as documents
from ansible_collections.hospes.lifecycle.plugins.module_utils import hospes

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Mends, or in check mode shows the plan."""
    module = hospes.module_of()
    more = {}
    # The plan is what diff mode shows, also of a repair that follows.
    if module.check_mode or module._diff:  # pylint: disable=protected-access
        plan = hospes.ask(module, "fix", ["--check"])
        more["diff"] = documents.plans(plan.document)
        if module.check_mode:
            tell(module, plan, more)
    answer = hospes.ask(module, "fix")
    hospes.finish(module, "fix", answer, changed=documents.changed("fix", answer.document), **more)


def tell(module: AnsibleModule, plan: hospes.Answer, more: dict) -> None:
    """Ends the module with a plan."""
    manual = documents.manual(plan.document)
    for line in manual:
        module.warn(f"left to a person: {line}")
    hospes.finish(module, "fix", plan, changed=documents.changed("fix", plan.document), manual=manual, **more)


if __name__ == "__main__":
    main()
