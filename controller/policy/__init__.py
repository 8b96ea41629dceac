"""What an environment may ask for: one table of what is refused, why, and what would allow it.

It is the fence around a pull request's author. The schema of the CustomResourceDefinition refuses most of it first;
a schema may be older than we are, and knows nothing of an operator's options. Pure, so that it works offline too.
"""

from .options import PolicyOptions
from .pins import Pin
from .rules import RULES, Rule, Violation, violations

__all__ = ["RULES", "Pin", "PolicyOptions", "Rule", "Violation", "violations"]
