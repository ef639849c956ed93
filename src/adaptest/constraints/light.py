"""Light content methods: they weigh the criterion anew instead of assembling tests, and promise less.

WeightedDeviations : the item after which the rules are expected to be missed least
MaximumPriority : the criterion times how much of each rule's quota is left
LargestGap : the area farthest below its share comes first

Hard bounds on numbers of items are looked ahead by counting, as without them, and other hard rules by
assembling (`assured`). What these methods aim at are the soft rows of the table as well; which of them a
sitting can no longer meet is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from adaptest.constraints.blueprint import ORDERED, Blueprint
from adaptest.constraints.content import Answer, Asked, Report
from adaptest.constraints.ladder import Ladder
from adaptest.constraints.matrix import Writer
from adaptest.constraints.reach import Reach
from adaptest.constraints.rows import Table
from adaptest.errors import ExamError, OptionError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.pool import Pool

DECIMALS = 9  # as criteria have


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What a sitting's items are to add up to in the end.

    Attributes
    ----------
    names : (R,) rules
    amount : (R, J) what each item adds to each
    lower, upper : (R,) bounds; -inf or inf where there is none
    weight : (R,)
    """

    names: tuple[str, ...]
    amount: Floats
    lower: Floats
    upper: Floats
    weight: Floats

    def missed(self, have: Floats, available: Bools, places: int) -> tuple[tuple[str, float], ...]:
        """Return (rule, by how much) for what can no longer be met, whatever the other places hold.

        Parameters
        ----------
        have : (R,) what the items given add up to
        available : (J,) items that may still be given
        places : items still to come
        """
        left = np.sort(self.amount[:, available], axis=1)[:, ::-1][:, :places]
        most = have + np.maximum(left, 0.0).sum(axis=1)
        below, above = self.lower - most, have - self.upper
        missed = np.maximum(np.maximum(below, above), 0.0)
        return tuple((self.names[k], round(float(missed[k]), DECIMALS)) for k in np.flatnonzero(missed > 0))


@dataclass(frozen=True, eq=False)
class Light:
    """A method that turns criteria into what is compared; hard bounds are kept by counting.

    Attributes
    ----------
    weigh : (targets, have (R,), value (J,), what may come next (J,), what later places are like (J,),
        items given) -> (J,) what is compared
    length : scored items that the targets are of: the maximum
    """

    name: str
    pool: Pool
    ladder: Ladder
    targets: Targets
    length: int
    weigh: Callable[[Targets, Floats, Floats, Bools, Bools, int], Floats]
    stops: None = None

    def may(self, asked: Asked) -> Bools:
        """Return (N, J) items that could come next as far as order goes: the first in order.

        Counting knows no order. At one length it need not: what it lets come later, it lets come now, for
        the rules are about which items an exam holds. So where the first in order of what it allows comes
        next, nothing it allows from then on comes before that.
        """
        may = self.ladder.may(asked.available, asked.rows)
        if self.ladder.order[0] is None:
            return may
        return np.array([self.ladder.first(one) for one in may]).reshape(may.shape)

    def __call__(self, asked: Asked, tests: Bools | None = None) -> Answer:  # noqa: ARG002 (one signature)
        """Return what may come next; see Content."""
        allowed, may = self.may(asked), asked.available
        if self.ladder.order[0] is not None:
            may = self.ladder.may(may if asked.left is None else asked.left, asked.rows)
        return self.weighed(asked, allowed, may, allowed)

    def weighed(self, asked: Asked, allowed: Bools, left: Bools, later: Bools) -> Answer:
        """Return what may come next, weighed.

        Parameters
        ----------
        allowed, left : (N, J) items that may come next, and that may still be given at all
        later : (N, J) items that places after the next are expected to be like
        """
        value = asked.values(allowed)
        weighed, reports = np.full(value.shape, -np.inf), []
        for n in range(len(asked)):
            have = self.targets.amount[:, asked.rows[n]].sum(axis=1)
            own = allowed[n]
            if own.any():
                again = self.weigh(self.targets, have, value[n], own, later[n], asked.length)
                weighed[n] = np.where(own, np.round(again, DECIMALS), -np.inf)
            missed = self.targets.missed(have, left[n], self.length - asked.length)
            reports.append(Report(self.name, "weighed", missed=missed))
        return Answer(allowed, weighed, None, tuple(reports))

    def holds(self, asked: Asked) -> Bools:
        """Return (N,) true: hard bounds are looked after by counting."""
        return np.ones(len(asked), dtype=np.bool_)

    @property
    def priorities(self) -> dict[str, int]:
        """Rules that may give way: none beside the blueprint's."""
        return {}

    def without(self, names: tuple[str, ...], blueprint: Blueprint, reach: Reach | None) -> Light:
        """Return the method without some rules; see Content."""
        before = self.ladder
        return replace(
            self, ladder=Ladder(self.pool, before.table.without(names), blueprint, before.stops, reach)
        )

    def can_run(self, available: Bools) -> bool:  # noqa: ARG002 (one signature)
        """Return true: hard bounds are looked after by counting."""
        return True

    def why_not(self, asked: Asked, items: Bools) -> dict[str, int]:  # noqa: ARG002 (one signature)
        """Return that others come before the items in order."""
        return {ORDERED: int(np.count_nonzero(items))}

    def begun(self, rows: Rows) -> str:  # noqa: ARG002 (one signature)
        """Return nothing: no item of a set is given."""
        return ""

    def disagreement(self, asked: Asked, report: Report) -> str:
        """Return how a logged report differs from what is found again."""
        again = self(asked).reports[0]
        return "" if again == report else f"the log misses {report.missed}; found again: {again.missed}"


@dataclass(frozen=True, slots=True)
class WeightedDeviations:
    """Sum of the rules' weighted expected misses, set off against the criterion.

    After item j, a rule is expected to end at what is given, what j adds, and for every place then left the
    mean of what is available: x + a_j + (n - k - 1) times that mean. What this lacks of the lower bound or
    exceeds the upper one by is weighted and summed; the item with the largest `criterion_weight` times
    criterion less that sum comes next.

    References
    ----------
    Stocking & Swanson (1993), Applied Psychological Measurement 17(3), 277-292.
    """

    criterion_weight: float = 1.0

    name: ClassVar[str] = "weighted_deviations"

    def __post_init__(self) -> None:
        if not (np.isfinite(self.criterion_weight) and self.criterion_weight >= 0):
            raise OptionError(
                f"content {self.name}: criterion_weight must be at least 0; got {self.criterion_weight:g}"
            )

    def over(self, pool: Pool, table: Table, blueprint: Blueprint, ladder: Ladder) -> Light:
        """Return the method over a pool and its rules."""
        length = ladder.stops[-1]

        def weigh(
            targets: Targets, have: Floats, value: Floats, eligible: Bools, later: Bools, given: int
        ) -> Floats:
            ahead = max(length - given - 1, 0)
            mean = targets.amount[:, later].mean(axis=1)
            end = (have + ahead * mean)[:, None] + targets.amount
            below = np.maximum(targets.lower[:, None] - end, 0.0)
            above = np.maximum(end - targets.upper[:, None], 0.0)
            missed = ((below + above) * targets.weight[:, None]).sum(axis=0)
            weighed: Floats = self.criterion_weight * np.where(eligible, value, 0.0) - missed
            return weighed

        return Light(
            self.name, pool, ladder, targets_of(self.name, pool, table, blueprint, length), length, weigh
        )


@dataclass(frozen=True, slots=True)
class MaximumPriority:
    """The criterion times, for each rule an item adds to, how much of the rule's quota is left.

    In two phases: while a rule lacks items of its lower bound, its quota is that bound; when none does, each
    rule's quota is its upper bound. A rule without the bound of the phase does not weigh. Criteria below 0
    are raised together, so that the worst is 0.

    References
    ----------
    Cheng & Chang (2009), British Journal of Mathematical and Statistical Psychology 62(2), 369-383.
    """

    name: ClassVar[str] = "maximum_priority"

    def over(self, pool: Pool, table: Table, blueprint: Blueprint, ladder: Ladder) -> Light:
        """Return the method over a pool and its rules."""
        length = ladder.stops[-1]
        targets = targets_of(self.name, pool, table, blueprint, length)
        return Light(self.name, pool, ladder, targets, length, _priority)


@dataclass(frozen=True, slots=True)
class LargestGap:
    """Only items of the area that is farthest below its share of the items given; unused areas come first.

    An area is a row of the table with bounds in percent; its share is midway between them.

    References
    ----------
    Kingsbury & Zara (1989), Applied Measurement in Education 2(4), 359-375.
    """

    name: ClassVar[str] = "largest_gap"

    def over(self, pool: Pool, table: Table, blueprint: Blueprint, ladder: Ladder) -> Light:  # noqa: ARG002 (one signature)
        """Return the method over a pool and its rules."""
        length = ladder.stops[-1]
        require_light(self.name, table)
        areas = [
            (one, chosen, sum(share for share in (one.lower_share, one.upper_share) if share is not None))
            for one, chosen in zip(table.constraints, table.selected, strict=True)
            if one.lower_share is not None or one.upper_share is not None
        ]
        if not areas:
            raise ExamError(
                f"{self.name} needs the shares of its areas: rows of the constraints with lower_percent and"
                " upper_percent; got none"
            )
        both = np.array(
            [2 if o.lower_share is not None and o.upper_share is not None else 1 for o, _, _ in areas]
        )
        share = np.array([float(total) for _, _, total in areas]) / both * length
        targets = Targets(
            tuple(one.title for one, _, _ in areas),
            np.array([chosen for _, chosen, _ in areas], dtype=np.float64),
            share,
            share,
            np.ones(len(areas)),
        )
        return Light(self.name, pool, ladder, targets, length, gap_first)


def gap_first(
    targets: Targets,
    have: Floats,
    value: Floats,
    eligible: Bools,
    later: Bools,  # noqa: ARG001 (one signature)
    given: int,
) -> Floats:
    """Return criteria, -inf for items outside the area that is farthest below its share."""
    share = targets.lower / targets.lower.sum()
    gap = share - have / max(given, 1)
    able = (targets.amount[:, eligible] > 0).any(axis=1) & (share > 0)
    if not able.any():
        return value
    unused = able & (have == 0)
    first = unused if unused.any() else able
    best = int(np.flatnonzero(first)[np.argmax(np.round(gap[first], DECIMALS))])
    return np.where(targets.amount[best] > 0, value, -np.inf)


def targets_of(name: str, pool: Pool, table: Table, blueprint: Blueprint, length: int) -> Targets:
    """Return the rules a light method aims at: soft rows of the table and the blueprint's bounds.

    Raises
    ------
    ExamError, where a soft target is about item sets.
    """
    require_light(name, table)
    writer = Writer(len(pool))
    table.without(tuple(one.title for one in table.constraints if not one.soft)).write(writer, length=length)
    rows = writer.matrix()
    names, amount, lower, upper, weight = [], [], [], [], []
    for row in np.flatnonzero(rows.weight > 0):
        part = slice(rows.start[row], rows.start[row + 1])
        own = np.zeros(len(pool))
        own[rows.index[part]] = rows.value[part]
        names.append(rows.names[row])
        amount.append(own)
        lower.append(float(rows.lower[row]))
        upper.append(float(rows.upper[row]))
        weight.append(float(rows.weight[row]))
    for rule in blueprint.rules:
        if rule.of is None:
            names.append(rule.name)
            amount.append(rule.what.astype(np.float64))
            lower.append(float(rule.least(length)))
            upper.append(float(rule.most(length)))
            weight.append(1.0)
    return Targets(
        tuple(names),
        np.array(amount).reshape(len(names), len(pool)),
        np.array(lower),
        np.array(upper),
        np.array(weight),
    )


def require_light(name: str, table: Table) -> None:
    """Raise where a soft target is about item sets: methods weigh items."""
    for one in table.uncounted:
        if one.soft and (one.what == "set" or one.per_set):
            raise ExamError(
                f"{one.title}: is a soft target about item sets, and {name} weighs items; make it a bound, or"
                " use content shadow_test"
            )


def _priority(
    targets: Targets,
    have: Floats,
    value: Floats,
    eligible: Bools,
    later: Bools,  # noqa: ARG001 (one signature)
    given: int,  # noqa: ARG001
) -> Floats:
    """Return criteria times what is left of each rule's quota."""
    lacking = (targets.lower > 0) & (have < targets.lower)
    quota = np.where(lacking, targets.lower, 0.0) if lacking.any() else np.maximum(targets.upper, 0.0)
    counts = np.isfinite(quota) & (quota > 0)
    if lacking.any():
        full = np.isfinite(targets.upper) & (have >= targets.upper)
        # a rule that has its lower bound waits, one at its upper bound is closed
        factor = np.where(lacking, (quota - have) / np.where(quota > 0, quota, 1.0), np.where(full, 0.0, 1.0))
        counts = lacking | full
    else:
        factor = np.where(counts, np.maximum(quota - have, 0.0) / np.where(counts, quota, 1.0), 1.0)
    lowest = float(value[eligible].min())
    positive = np.where(eligible, value - min(lowest, 0.0), 0.0)
    adds = (targets.amount > 0) & counts[:, None]
    product = np.where(adds, (targets.weight * factor)[:, None], 1.0).prod(axis=0)
    if lacking.any():
        helps = ((targets.amount > 0) & lacking[:, None]).any(axis=0)
        if (helps & eligible).any():
            product = np.where(helps, product, 0.0)
    weighed: Floats = positive * product
    return weighed
