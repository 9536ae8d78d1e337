"""Documentation that the modules of hospes.lifecycle share."""

from __future__ import annotations


class ModuleDocFragment:
    """`hospes.lifecycle.program`: how the program is run."""

    DOCUMENTATION = r"""
options:
  guests:
    description:
      - Which guests, by name, pattern (V(web*)), tag (V(tag:db)), or V(all), as the program takes them.
      - Facts are returned where exactly one guest is meant.
    type: list
    elements: str
    required: true
    aliases: [guest]
  executable:
    description: The program, by its name in E(PATH) or by its path.
    type: path
    default: hospes
  config:
    description:
      - The configuration C(hospes.toml).
      - Without it the program looks where it always does, E(HOSPES_CONFIG) and E(XDG_CONFIG_HOME) first.
    type: path
  state_dir:
    description:
      - Where runs, host keys and locks are kept, unless the configuration says where (C(state-dir)).
      - All who act on the same guests share one.
    type: path
attributes:
  check_mode:
    description: Can run in check mode and tell what would be changed without changing it.
    support: full
  diff_mode:
    description: Shows what is, or would be, changed in diff mode.
    support: none
requirements:
  - The program C(hospes) on the host where the task runs; that is the controller as a rule (C(delegate_to=localhost)).
notes:
  - No secret passes through the modules. Keys and tokens are in the configuration that the program reads.
  - The program keeps its own deadlines; the modules add none.
  - A run that was interrupted is recorded. C(hospes runs list --open) names it.
"""
