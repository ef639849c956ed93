"""A content method narrows what may come next, or weighs it anew, between the criterion and the picker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from adaptest.constraints.blueprint import Blueprint
from adaptest.constraints.reach import Reach
from adaptest.models.base import Bools, Floats, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What was planned for N sittings, kept until it is made anew.

    Attributes
    ----------
    test : (N, J) the items planned, those given among them
    theta : (N,) where it was planned, logits; nan where nothing is planned
    """

    test: Bools
    theta: Floats

    @classmethod
    def none(cls, n: int, n_items: int) -> Plan:
        """Return that nothing is planned."""
        return cls(np.zeros((n, n_items), dtype=np.bool_), np.full(n, np.nan))

    def take(self, which: Rows | Bools) -> Plan:
        """Return the plans of some of the sittings."""
        return Plan(self.test[which], self.theta[which])


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """N sittings of one length, as far as content depends on them.

    Attributes
    ----------
    seed : (N,) 64 bits
    available : (N, J) items that may come next, as far as other rules go
    rows : (N, n) items given, in order
    theta : (N,) logits
    plan : what was planned before; None where nothing was
    values : gives (N, J) criteria for eligible items (N, J), -inf elsewhere
    left : (N, J) items that no exclusion, presentation or enemy bars; None where these are `available`
    """

    seed: NDArray[np.uint64]
    available: Bools
    rows: Rows
    theta: Floats
    plan: Plan | None
    values: Callable[[Bools], Floats]
    left: Bools | None = None

    def __len__(self) -> int:
        return len(self.theta)

    @property
    def length(self) -> int:
        """Items given."""
        return int(self.rows.shape[1])


@dataclass(frozen=True, slots=True)
class Report:
    """What a content method did for one sitting.

    Attributes
    ----------
    method : its name
    status : "optimal", "budget", "kept" where an earlier plan goes on, or the method's own word
    test : rows of what was planned anew, ascending; () where nothing was
    objective : of what is still to come of it, as the criterion has it
    bound : what no plan exceeds
    missed : (rule, by how much) for soft targets that the plan misses, or that can no longer be met
    """

    method: str
    status: str
    test: tuple[int, ...] = ()
    objective: float = 0.0
    bound: float = 0.0
    missed: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What may come next in N sittings.

    Attributes
    ----------
    allowed : (N, J) items that may come next; none where the rules cannot be kept
    value : (N, J) criteria as they are to be compared, -inf where not allowed; None: the criterion's own
    plan : to be carried along; None where the method plans nothing
    reports : of each sitting
    """

    allowed: Bools
    value: Floats | None
    plan: Plan | None
    reports: tuple[Report, ...]

    def take(self, which: Rows | Bools) -> Answer:
        """Return the answers of some of the sittings."""
        rows = np.arange(len(self.reports))[which]
        return Answer(
            self.allowed[which],
            None if self.value is None else self.value[which],
            None if self.plan is None else self.plan.take(which),
            tuple(self.reports[row] for row in rows),
        )

    @classmethod
    def together(cls, order: Rows, parts: Sequence[Answer]) -> Answer:
        """Return answers of groups of sittings, stacked and put in this order."""
        value = [part.value for part in parts if part.value is not None]
        plan = [part.plan for part in parts if part.plan is not None]
        reports = [report for part in parts for report in part.reports]
        return cls(
            np.concatenate([part.allowed for part in parts])[order],
            np.concatenate(value)[order] if value else None,
            Plan(*(np.concatenate([getattr(p, f) for p in plan])[order] for f in ("test", "theta")))
            if plan
            else None,
            tuple(reports[row] for row in order),
        )


class Content(Protocol):
    """How content rules act on a choice, beside those that are looked ahead by counting."""

    @property
    def stops(self) -> tuple[int, ...] | None:
        """Lengths at which a sitting may stop; None where that is not for the method to say."""
        ...

    def may(self, asked: Asked) -> Bools:
        """Return (N, J) items that could come next as far as order and sets go, whatever is planned."""
        ...

    def why_not(self, asked: Asked, items: Bools) -> dict[str, int]:
        """Return how many of the items (J,) that `may` leaves out of one sitting's next choice, by reason."""
        ...

    def begun(self, rows: Rows) -> str:
        """Return in words how far the item set of the last of these items (n,) is given; empty for none."""
        ...

    def __call__(self, asked: Asked, tests: Bools | None = None) -> Answer:
        """Return what may come next.

        Parameters
        ----------
        tests : (N, J) plans to go by instead of making them: those of a log
        """
        ...

    def holds(self, asked: Asked) -> Bools:
        """Return (N,) whether every hard rule holds for the items given."""
        ...

    @property
    def priorities(self) -> dict[str, int]:
        """Rules that may give way, beside those of the blueprint, with their priorities."""
        ...

    def without(self, names: tuple[str, ...], blueprint: Blueprint, reach: Reach | None) -> Content:
        """Return the method without some rules, over what the blueprint and the look ahead are then."""
        ...

    def can_run(self, available: Bools) -> bool:
        """Return whether a sitting that may see these items (J,) can keep every hard rule to its end."""
        ...

    def disagreement(self, asked: Asked, report: Report) -> str:
        """Return why the report of one sitting's log is not proven; empty where it is."""
        ...


def answered(
    content: Content, ask: Callable[[Bools], Asked], able: Bools, allowed: Bools, tests: Bools | None = None
) -> tuple[Answer, Bools]:
    """Return what may come next, and (N,) whether eligibility was set aside for it.

    It is set aside where the content rules cannot be kept with it, and can without: content goes before
    exposure.

    Parameters
    ----------
    able : (N, J) the items allowed that are eligible
    tests : (N, J) plans of a log, to go by instead of making them
    """
    answer = content(ask(able), tests)
    stuck: Bools = np.logical_and(~answer.allowed.any(axis=1), (allowed & ~able).any(axis=1))
    if not stuck.any():
        return answer, stuck
    again = content(ask(np.where(stuck[:, None], allowed, able)), tests)
    return again, np.logical_and(stuck, again.allowed.any(axis=1))
