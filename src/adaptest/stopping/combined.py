"""Rules that must hold together, or of which one is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Bools
from adaptest.stopping.base import Standing, StoppingRule

TOGETHER = "several_rules"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Stop once every one of the rules says so."""

    reason: ClassVar[str] = TOGETHER
    rules: tuple[StoppingRule, ...]

    def __post_init__(self) -> None:
        _require_rules("all", self.rules)

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        return np.asarray(np.logical_and.reduce([rule.fires(standing) for rule in self.rules]))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Stop once one of the rules says so: for a place within `all`, since a list alone says the same."""

    reason: ClassVar[str] = TOGETHER
    rules: tuple[StoppingRule, ...]

    def __post_init__(self) -> None:
        _require_rules("any", self.rules)

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        return np.asarray(np.logical_or.reduce([rule.fires(standing) for rule in self.rules]))


def every_rule(rules: tuple[StoppingRule, ...]) -> tuple[StoppingRule, ...]:
    """Return rules with those that they combine in place of the combinations."""
    found: list[StoppingRule] = []
    for rule in rules:
        found += every_rule(rule.rules) if isinstance(rule, AllOf | AnyOf) else (rule,)
    return tuple(found)


def _require_rules(name: str, rules: tuple[StoppingRule, ...]) -> None:
    """Raise unless there is a rule."""
    if not rules:
        raise OptionError(f"stopping rule {name}: must list at least one rule; got none")
