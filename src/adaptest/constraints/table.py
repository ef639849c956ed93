"""The constraint table: one language for fixed forms, linear-on-the-fly, multistage and adaptive exams.

number       how many items, or item sets, a condition holds for
sum          the sum of an attribute over them
order        items, or sets, are given by rising attribute
enemy        at most one of them
include      all of them
exclude      none of them
all_or_none  all of them or none

The idea of such a table, one row a rule, is TestDesign's (Choi, Lim & van der Linden 2022, Behaviormetrika
49, 191-229).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite

from adaptest.errors import ExamError

TYPES = ("number", "sum", "order", "enemy", "include", "exclude", "all_or_none")
WHATS = ("item", "set")
PER_SET = "per set"  # the condition of a rule about the items of each set that is used
BOUNDED = ("number", "sum")
VALUED = ("sum", "order")


@dataclass(frozen=True, slots=True)
class Constraint:
    """One row of the table.

    Attributes
    ----------
    type : one of TYPES
    what : "item" or "set"
    condition : which items or sets; empty for all. "per set" bounds the items of every set that is used
    attribute : what a sum adds up and an order follows
    lower, upper : bounds of a number or sum; None where there is none
    lower_share, upper_share : of the scored items, 0 to 1; of a number of items
    on : whether the row counts
    weight : what each unit beyond a bound costs in objective, where the rule is a soft target; None: it must
        hold
    priority : its place, from 1, among the rules that give way where a live sitting cannot keep them all, the
        largest first; None: it never does
    name : as it is told to people

    Raises
    ------
    ExamError, where the row contradicts itself.
    """

    type: str
    what: str = "item"
    condition: str = ""
    attribute: str = ""
    lower: float | None = None
    upper: float | None = None
    lower_share: Fraction | None = None
    upper_share: Fraction | None = None
    on: bool = True
    weight: float | None = None
    priority: int | None = None
    name: str = ""

    def __post_init__(self) -> None:
        for key, table in (("type", TYPES), ("what", WHATS)):
            if getattr(self, key) not in table:
                got = getattr(self, key)
                raise ExamError(f"{self.title}: {key} must be one of {', '.join(table)}; got {got!r}")
        self._require(
            self.type not in VALUED or bool(self.attribute),
            f"a {self.type} must name its attribute; got none",
        )
        self._require(
            self.type in VALUED or not self.attribute,
            f"only a sum or an order has an attribute; got {self.attribute!r}",
        )
        bounds = (self.lower, self.upper, self.lower_share, self.upper_share)
        given = any(bound is not None for bound in bounds)
        if self.type in BOUNDED:
            self._require(given, f"a {self.type} must have a lower or an upper bound; got neither")
        else:
            self._require(not given, f"only a number or a sum has bounds; got them for {self.type}")
            self._require(
                self.weight is None, f"only a number or a sum can be soft; got a weight for {self.type}"
            )
        of_items = self.type == "number" and self.what == "item"
        shares = self.lower_share is not None or self.upper_share is not None
        self._require(
            (of_items and not self.per_set) or not shares, "only a number of items can be bounded in percent"
        )
        self._require(
            of_items or not self.per_set,
            f"'{PER_SET}' bounds a number of items; got {self.type} {self.what}",
        )
        self._check_bounds()
        if self.weight is not None:
            self._require(
                isfinite(self.weight) and self.weight > 0,
                f"weight must be greater than 0; got {self.weight:g}",
            )
            self._require(
                self.priority is None, "a soft target gives way by its weight; leave its priority out"
            )
        if self.priority is not None:
            self._require(self.priority >= 1, f"priority must be at least 1; got {self.priority}")
            self._require(
                self.type not in ("enemy", "exclude"), f"{self.type} never gives way; leave its priority out"
            )

    @property
    def title(self) -> str:
        """The name, or what says which rule it is."""
        words = (self.type, self.what, self.attribute, self.condition)
        return self.name or "constraint " + " ".join(word for word in words if word)

    @property
    def per_set(self) -> bool:
        """Whether it bounds the items of each set that is used."""
        return self.condition.strip().lower() == PER_SET

    @property
    def soft(self) -> bool:
        """Whether it is a target, not a bound."""
        return self.weight is not None

    def _check_bounds(self) -> None:
        """Raise unless the bounds are numbers that some test can keep."""
        for key in ("lower", "upper"):
            bound = getattr(self, key)
            if bound is None:
                continue
            self._require(isfinite(bound), f"{key} must be a finite number; got {bound:g}")
            if self.type == "number":
                self._require(
                    bound >= 0 and bound == int(bound),
                    f"{key} of a number must be a whole number from 0; got {bound:g}",
                )
        if self.lower is not None and self.upper is not None:
            self._require(
                self.lower <= self.upper,
                f"lower must not exceed upper; got {self.lower:g} and {self.upper:g}",
            )
        for share in (self.lower_share, self.upper_share):
            if share is not None:
                self._require(
                    0 <= share <= 1, f"a share must be in 0..100 percent; got {float(share) * 100:g}"
                )
        if self.lower_share is not None and self.upper_share is not None:
            self._require(
                self.lower_share <= self.upper_share,
                "lower_percent must not exceed upper_percent; got"
                f" {float(self.lower_share) * 100:g} and {float(self.upper_share) * 100:g}",
            )

    def _require(self, holds: bool, rule: str) -> None:  # noqa: FBT001 (read as: require that it holds)
        """Raise the rule unless it holds."""
        if not holds:
            raise ExamError(f"{self.title}: {rule}")
