"""Checks what an environment asks for, with one table of what is refused, why, and what would allow it.

The policy restricts what the author of a pull request can do. The schema of the CustomResourceDefinition already
refuses most of the same things, but the installed schema may be outdated, and it does not know the controller's
options. Pure, so that it also works offline.
"""

from .options import PolicyOptions
from .pins import Pin
from .rules import RULES, Rule, explained, violations

__all__ = ["RULES", "Pin", "PolicyOptions", "Rule", "explained", "violations"]
