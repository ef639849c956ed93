"""What is fixed before the first item, and the choices that follow from it, for N sittings at once."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from adaptest.constraints.blueprint import Blueprint
from adaptest.constraints.content import Content
from adaptest.constraints.reach import Reach
from adaptest.engine.batch import Seeds, Sittings
from adaptest.engine.choice import Choice
from adaptest.engine.estimation import Estimator, deciding, stepped
from adaptest.engine.exposing import settled
from adaptest.engine.narrowing import asked, narrowed
from adaptest.engine.opening import Opening
from adaptest.engine.policy import Policy
from adaptest.engine.pretest import Seeding
from adaptest.engine.proposing import propose
from adaptest.engine.standing import standing_of
from adaptest.exposure import Controls
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.quadrature import NormalPrior
from adaptest.pool import Pool
from adaptest.scoring.estimate import Estimates
from adaptest.selection import Bounds, Criterion, Picker, Setting, Situation, Strata
from adaptest.stopping import StoppingRule

MAXIMUM_LENGTH, POOL_EXHAUSTED, TIME_LIMIT = "maximum_length", "pool_exhausted", "time_limit"
KEPT_OWN = 64  # designs for persons with priors of their own

Personal = Callable[[NormalPrior], tuple[Setting, Estimator, Estimator]]


@dataclass(frozen=True, eq=False)
class Design:
    """Everything fixed before the first item; made by `adaptest.engine.spec`.

    Attributes
    ----------
    artifact : the exam definition as canonical JSON, from which `from_artifact` makes the same design
    pool : the items this exam may use
    minimum, maximum : scored items; a maximum of None goes on until no item is left
    blueprint : the content rules
    reach : the look ahead; None where there is no maximum
    strata : which items are for which length; None where all are for any
    setting : what the criterion and the picker know before the first item
    interim, final : estimators while the sitting runs, and at its end
    stopping : asked in this order
    shuffle : whether options are shown in an order drawn for the sitting
    policy : how a sitting is run: time, review, breaks, attempts
    personal : makes setting and estimators for a prior other than the exam's
    opening : how the first items are chosen; None where they are chosen like the others
    seeding : how pretest items are dealt; None where there are none
    content : what narrows or weighs choices by content, beside the look ahead; None where nothing does
    controls : the exposure rules; None where there are none
    looser : the design without rules that gave way, made once; see `engine.relaxing`
    """

    artifact: str
    pool: Pool
    minimum: int
    maximum: int | None
    blueprint: Blueprint
    reach: Reach | None
    setting: Setting
    criterion: Criterion
    strata: Strata | None
    picker: Picker
    interim: Estimator
    final: Estimator
    stopping: tuple[StoppingRule, ...]
    shuffle: bool
    policy: Policy
    personal: Personal
    opening: Opening | None = None
    seeding: Seeding | None = None
    controls: Controls | None = None
    content: Content | None = None
    _tables: dict[tuple[float, ...], Floats] = field(default_factory=dict, repr=False)
    _own: dict[tuple[float, float], Design] = field(default_factory=dict, repr=False)
    looser: dict[tuple[str, ...], Design] = field(default_factory=dict, repr=False)

    @classmethod
    def from_artifact(cls, design_json: str, pool_json: str) -> Design:
        """Return the design whose artifacts these are: the same decisions, years later.

        Raises
        ------
        ExamError or PoolError, where they are not what was stored.
        """
        from adaptest.engine.spec import design_from_artifact

        return design_from_artifact(design_json, pool_json)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the artifact."""
        return hashlib.sha256(self.artifact.encode()).hexdigest()

    @cached_property
    def bounds(self) -> Bounds | None:
        """The criterion's table for exact short lists."""
        return self.criterion.bounds(self.setting)

    @cached_property
    def short_at(self) -> dict[int, tuple[Bounds | None, int | None]]:
        """What `short` returned for the lengths it was asked for."""
        return {}

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """The words that `ending` counts through."""
        told = (MAXIMUM_LENGTH, POOL_EXHAUSTED, *(rule.reason for rule in self.stopping))
        return told if self.policy.time.limit_s is None else (*told, TIME_LIMIT)

    def own(self, prior: tuple[float, float] | None) -> Design:
        """Return the design for a person whose prior is (mean, sd); the same design for None."""
        if prior is None:
            return self
        if prior not in self._own:
            if len(self._own) >= KEPT_OWN:
                self._own.clear()
            setting, interim, final = self.personal(NormalPrior(*prior))
            self._own[prior] = replace(
                self, setting=setting, interim=interim, final=final, _own={}, looser={}
            )
        return self._own[prior]

    def begin(self, seed: Seeds, barred: Bools, in_band: Bools | None = None) -> Sittings:
        """Return N sittings before their first item.

        Parameters
        ----------
        barred : (N, J) items that a sitting may not see at all
        in_band : (N, B, J) items it may not see while theta is in a band
        """
        n = len(seed)
        nothing = np.zeros((n, 0), dtype=np.intp)
        carried = self.interim.start(n)
        estimates = self.interim.estimates(carried, nothing, nothing)
        counts = np.zeros((n, self.blueprint.n_cells), dtype=np.int64)
        theta, sem, outcome = deciding(estimates)
        path, time_s = theta[:, None], np.zeros(n)
        return Sittings(
            seed, ~barred, counts, nothing, nothing, carried, theta, sem, outcome, path, time_s, in_band
        )

    def record(self, sittings: Sittings, rows: Rows, scores: Rows, *, reuse: bool = False) -> Sittings:
        """Return the sittings after an item more, `rows` and `scores` (N,); `reuse`: written over the old."""
        available, counts = sittings.available if reuse else sittings.available.copy(), sittings.counts.copy()
        if len(rows) == 1:  # the same with fewer calls
            row = rows.item()
            rivals = self.pool.rivals
            available[0, rivals[row] if rivals.shape[1] > 1 else row] = False
            counts[0, self.blueprint.cell.item(row)] += 1
        else:
            everyone = np.arange(len(rows))
            available[everyone[:, None], self.pool.rivals[rows]] = False
            counts[everyone, self.blueprint.cell[rows]] += 1
        all_rows = np.concatenate([sittings.rows, rows[:, None]], axis=1)
        all_scores = np.concatenate([sittings.scores, scores[:, None]], axis=1)
        carried, theta, sem, outcome = stepped(
            self.interim, sittings.carried, all_rows, all_scores, reuse=reuse
        )
        return Sittings(
            sittings.seed,
            available,
            counts,
            all_rows,
            all_scores,
            carried,
            theta,
            sem,
            outcome,
            np.concatenate([sittings.path, theta[:, None]], axis=1),
            sittings.time_s,
            sittings.in_band,
            sittings.plan,
        )

    def rescored(self, sittings: Sittings, scores: Rows) -> Sittings:
        """Return the sittings as if their items had been scored `scores` (N, n); choices so far stay."""
        n, nothing = len(sittings), np.zeros((len(sittings), 0), dtype=np.intp)
        carried = self.interim.start(n)
        theta, sem, outcome = deciding(self.interim.estimates(carried, nothing, nothing))
        path = [theta]
        for k, (row, score) in enumerate(zip(sittings.rows.T, scores.T, strict=True), start=1):
            carried = self.interim.update(carried, row, score)
            found = self.interim.estimates(carried, sittings.rows[:, :k], scores[:, :k])
            theta, sem, outcome = deciding(found)
            path.append(theta)
        return replace(
            sittings,
            scores=scores,
            carried=carried,
            theta=theta,
            sem=sem,
            outcome=outcome,
            path=np.stack(path, axis=1),
        )

    def may_stop(self, sittings: Sittings) -> Bools:
        """Return (N,) whether the length is enough and every content rule holds."""
        if sittings.length < self.minimum:
            return np.zeros(len(sittings), dtype=np.bool_)
        holds = self.blueprint.holds(sittings.counts, sittings.length)
        if self.content is not None and holds.any():
            holds &= self.content.holds(asked(self, sittings, sittings.available))
        return holds

    def may_end(self, length: int) -> bool:
        """Return whether a sitting of this length can end at all: `ending` gives no reason otherwise."""
        return length >= self.minimum or length == self.maximum

    def ending(self, sittings: Sittings) -> Rows:
        """Return (N,) the first of `reasons` for which a sitting is to end, or -1."""
        first = np.full(len(sittings), -1, dtype=np.intp)
        if sittings.length == self.maximum:
            first[:] = 0
            return first
        may = self.may_stop(sittings)
        if not may.any():
            return first
        if self.maximum is None:
            first[may & ~sittings.available.any(axis=1)] = 1
        standing = standing_of(self, sittings)
        for k, rule in enumerate(self.stopping, start=2):
            first[may & (first < 0) & rule.fires(standing)] = k
        return first

    def allowed(self, sittings: Sittings) -> Bools:
        """Return (N, J) the items that may come next: available, every later stop reachable, in the band.

        A content method is given those of any band: the band is of the next item, not of what is planned.
        """
        allowed = sittings.available
        if self.reach is not None and (self.content is None or self.content.stops is None):
            allowed = self.reach.allowed(sittings.counts, allowed, sittings.length)
        if self.content is not None:
            return self.content.may(asked(self, sittings, allowed))
        return allowed if self.opening is None else self.opening.within(allowed, sittings.length)

    def criterion_at(self, length: int) -> tuple[Criterion, Bounds | None]:
        """Return the criterion of the next choice, with its table for exact short lists."""
        opening = self.opening
        if opening is None or opening.criterion is None or length >= opening.items:
            return self.criterion, self.bounds
        early, setting = opening.criterion, self.setting
        return early, setting.kept("bounds at the start", lambda: early.bounds(setting))

    def short(self, length: int) -> tuple[Bounds | None, int | None]:
        """Return the table for the next choice's short list, and how many of the best it is to hold."""
        self.short_at[length] = self.criterion_at(length)[1], self.picker.reach(length)
        return self.short_at[length]

    def choose(self, sittings: Sittings, tests: Bools | None = None) -> Choice:
        """Return what each sitting presents next.

        Draws depend only on the seed and the number of scored items, so choosing twice, among other
        sittings, or with pretest items between, gives one answer.

        Parameters
        ----------
        tests : (N, J) what a log says was planned, to go by instead of planning; no item where nothing was

        Raises
        ------
        PoolExhaustedError, where a sitting has no item that may come next.
        """
        return settled(
            self.controls, sittings, lambda some, attempt: propose(self, some, attempt, tests), self.goes_on
        )

    @property
    def stops(self) -> tuple[int, ...] | None:
        """Lengths at which a sitting may stop, where there is a maximum."""
        if self.content is not None and self.content.stops is not None:
            return self.content.stops
        return None if self.reach is None else self.reach.stops

    def next_stop(self, length: int) -> int:
        """Return the first length at which a sitting that is `length` long may stop after one more item."""
        stops = self.stops
        if stops is None:
            return max(self.minimum, length + 1)
        return stops[min(bisect_right(stops, length), len(stops) - 1)]

    def situation(self, sittings: Sittings, eligible: Bools) -> Situation:
        """Return what criterion and picker may look at.

        Parameters
        ----------
        eligible : (N, J) what may come next by the rules; strata leave their part of it
        """
        if self.strata is not None:
            eligible = self.strata.narrow(eligible, sittings.length)
        return self.situation_of(sittings, eligible)

    def situation_of(self, sittings: Sittings, eligible: Bools) -> Situation:
        """Return the situation with exactly these items eligible."""
        return Situation(
            self.setting,
            sittings.seed,
            sittings.theta,
            sittings.sem,
            sittings.rows,
            sittings.scores,
            eligible,
            lambda: self._log_posterior(sittings),
        )

    def values(self, sittings: Sittings, tests: Bools | None = None) -> Floats:
        """Return (N, J) the criterion of every item as the next choice sees it, -inf where not eligible.

        Parameters
        ----------
        tests : as `choose` takes them
        """
        found = narrowed(self, sittings, tests)
        if found.answer is not None and found.answer.value is not None:
            return np.where(self.situation(sittings, found.open).eligible, found.answer.value, -np.inf)
        criterion, _ = self.criterion_at(sittings.length)
        return criterion(self.situation(sittings, found.open))

    def open_to(self, sittings: Sittings, tests: Bools | None = None) -> Bools:
        """Return (N, J) what rules, exposure control and content method let come next; see `choose`."""
        return narrowed(self, sittings, tests).open

    def final_estimates(self, sittings: Sittings) -> Estimates:
        """Return the estimates that are reported, not rounded."""
        if self.final is self.interim:
            return self.interim.report(sittings.carried, sittings.rows, sittings.scores)
        carried = self.final.start(len(sittings))
        for rows, scores in zip(sittings.rows.T, sittings.scores.T, strict=True):
            carried = self.final.update(carried, rows, scores)
        return self.final.report(carried, sittings.rows, sittings.scores)

    def can_run(self, excluded: tuple[str, ...]) -> bool:
        """Return whether a sitting that may not see these items can still keep every rule to its end."""
        barred = np.zeros(len(self.pool), dtype=np.bool_)
        barred[[self.pool.row[item] for item in excluded if item in self.pool.row]] = True
        return self.runs_without(barred)

    def runs_without(self, barred: Bools) -> bool:
        """Return what `can_run` says, of items (J,)."""
        available = ~barred[None]
        if self.content is not None and not self.content.can_run(available[0]):
            return False
        if self.reach is None:
            return self.content is not None or int(available.sum()) >= self.minimum
        counts = np.zeros((1, self.blueprint.n_cells), dtype=np.int64)
        return bool(self.reach.open(counts, available, 0)[0])

    def _log_posterior(self, sittings: Sittings) -> Floats:
        """Return (N, Q) log-posteriors at the setting's nodes: those carried, else from all responses."""
        if self.interim.carries:
            return self.interim.log_posterior(sittings.carried)
        theta, items = self.setting.theta, self.pool.parameters
        table = self.setting.kept(
            "log_probability", lambda: np.ascontiguousarray(items.log_probability(theta).transpose(1, 2, 0))
        )
        total = np.tile(self.setting.log_weight, (len(sittings), 1))
        for row, score in zip(sittings.rows.T, sittings.scores.T, strict=True):
            total += table[row, score]
        return total

    def goes_on(self, sittings: Sittings) -> Bools:
        """Return (N,) whether any item can come next."""
        allowed = self.allowed(sittings)
        if self.content is not None and allowed.any():
            allowed = self.content(asked(self, sittings, allowed)).allowed
        some: Bools = np.asarray(allowed.any(axis=1), dtype=np.bool_)
        return some

    def log_probability(self, points: tuple[float, ...]) -> Floats:
        """Return (P, J, K) log-probabilities at points of theta, computed once."""
        if points not in self._tables:
            self._tables[points] = self.pool.parameters.log_probability(np.array(points))
        return self._tables[points]
