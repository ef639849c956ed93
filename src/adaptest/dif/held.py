"""One item after the other calibrated in two groups, all other items being held at their values.

What the held items say of each person is the same whichever item is studied: it is computed once, at nodes
that do not move, and a calibration has nothing left to go through but that table and the answers to one item.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from adaptest.calibration import ItemSettings, Options, calibrate
from adaptest.calibration.coding import Coded
from adaptest.calibration.defaults import priors_of
from adaptest.calibration.e_step import Expected, workers
from adaptest.calibration.em import Fitted, Problem, fit
from adaptest.calibration.fixed import LOWEST_LOGIT, slope_intercept
from adaptest.calibration.latent import Latent, Moments, latent_for
from adaptest.calibration.options import BOUND
from adaptest.calibration.plan import Plan, plan, tally
from adaptest.calibration.reported import family
from adaptest.calibration.starts import first_values, solve
from adaptest.calibration.state import State
from adaptest.dif.multigroup import CYCLES, TOLERANCE, Split, split_items
from adaptest.errors import AdaptestError, CalibrationError
from adaptest.models.base import Floats, Rows
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.scoring.matched import Matched, matched

SPACING = 0.2  # of the narrower group's SD, as in calibrations
HALVINGS = 4  # of the spacing, until no person's likelihood is narrower than it
MOST = 50_000_000  # persons by nodes: 400 MB
NEAR = 1e-3  # logits: of the groups' moments, to begin with


class Group(NamedTuple):
    """A group's moments."""

    mean: float
    variance: float


@dataclass(frozen=True, slots=True)
class HeldFit:
    """A joint calibration of one item: its columns' parameters, and the groups' moments."""

    log_likelihood: float
    n_parameters: int
    items: ItemParameters
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Two groups' responses to items with known parameters.

    Attributes
    ----------
    split : the responses, reference group first, and the items' values
    data : the same
    nodes : (Q,) logits
    likelihood : (N, Q) of all of a person's answers, over its highest value
    highest : the sum of the logarithms of those values, by weight
    start : the groups' moments with all items held
    """

    split: Split
    data: Matched
    nodes: Floats
    likelihood: Floats
    highest: float
    start: Moments

    @classmethod
    def of(cls, split: Split) -> Held | None:
        """Return the table of what the items say of everybody; None where it cannot be, or is too large."""
        if split.anchors is None:
            return None
        try:
            data = matched(split.anchors, split.responses)
            crowd = calibrate(split.responses, anchors=split.anchors, se="none", tolerance=NEAR)
        except AdaptestError:
            return None
        groups = {group.name: group for group in crowd.groups}
        if not crowd.converged or len(groups) < len(split.groups):
            return None
        mean = np.array([groups[name].mean for name in split.groups])
        sd = np.sqrt([groups[name].variance for name in split.groups])
        low, high = float((mean - BOUND * sd).min()), float((mean + BOUND * sd).max())
        spacing = SPACING * float(sd.min())
        for _ in range(HALVINGS):
            count = int(np.ceil((high - low) / spacing)) + 1
            if count * len(data.responses) > MOST:
                return None
            nodes = np.linspace(low, high, count)
            likelihood, top = _likelihood(data, nodes)
            if _narrowest(likelihood, nodes) >= spacing:
                start = Moments(mean, np.log(sd), np.empty((0, count)))
                return cls(split, data, nodes, likelihood, float(data.weight @ top), start)
            spacing /= 2
        return None

    def fit(self, item: str, *, free: bool) -> HeldFit:
        """Return the joint calibration of one item, its parameters free in the focal group or equal in both.

        Raises
        ------
        CalibrationError, where it did not converge: its log-likelihood tests nothing.
        """
        cells = slice(*self.data.start[self.data.items.row[item] :][:2])
        persons, people = self.data.person[cells], self.data.responses
        answers = Responses.of(
            self.data.score[cells][:, None], (item,), group=people.group[persons], groups=people.groups,
            weight=people.weight[persons],
        )  # fmt: skip
        answers = split_items(answers, [0] if free else [], self.split.focal_name)
        names, counts = answers.items, tally(answers)
        models = [self.split.models[item]] * len(names)
        settings = {name: self.split.settings.get(item, ItemSettings()) for name in names}
        priors = priors_of(names, models, counts.sum(axis=1), Options(prior_discrimination="none"), settings)
        planned = plan(names, counts, models, priors, {})
        nothing = np.empty(0, dtype=np.intp)
        with workers(1) as pool:
            problem = Problem(
                Coded((), nothing, nothing, (), int(planned.sizes.sum()), len(people.groups)),
                planned.blocks, self._latent(), pool, known=self._beside(cells, planned),
            )  # fmt: skip
            begin = self._begin(problem, item, counts)
            found = fit(problem, begin, tolerance=TOLERANCE, max_iterations=CYCLES)
        self._require(problem, found, item)
        shown = [
            (block, psi, [planned.items[row] for row in block.rows])
            for block, psi in zip(problem.blocks, problem.layout.psi(found.state), strict=True)
        ]
        mean, variance = problem.latent.summary(found.state.moments)
        return HeldFit(
            found.log_likelihood + self.highest,
            problem.layout.n_free,
            ItemParameters(names, tuple(family(names, shown))),
            tuple(Group(float(m), float(v)) for m, v in zip(mean, variance, strict=True)),
        )

    def _latent(self) -> Latent:
        grid = (float(self.nodes[0]), float(self.nodes[-1]), len(self.nodes))
        groups = len(self.split.groups)
        return latent_for(groups, grid, moves=False, empirical=False, anchored=True, spread_free=False)

    def _beside(self, cells: slice, planned: Plan) -> _Beside:
        """Return the E-step: what all say on the other items, and the answers to this one.

        Parameters
        ----------
        cells : of the item; planned : of its columns, the focal group's last
        """
        persons, scores = self.data.person[cells], self.data.score[cells]
        people, item = self.data.responses, self.data.items.take(self.data.item()[cells][:1])
        weight = np.where(np.bincount(self.data.person, minlength=len(people)) > 0, people.weight, 0.0)
        weight[persons] = 0.0
        rest = self.likelihood[persons] / item.probability(self.nodes)[:, 0].T[scores]
        first = np.concatenate([[0], planned.sizes.cumsum()[:-1]])
        columns = np.minimum(people.group[persons], len(first) - 1)
        answer = (first[columns] + planned.category[columns, scores]).astype(np.intp)
        ends = np.searchsorted(people.group, np.arange(len(people.groups) + 1))
        own = np.searchsorted(persons, ends)
        return _Beside(
            tuple(
                _Side(self.likelihood[a:b], weight[a:b], rest[c:d], people.weight[persons[c:d]], answer[c:d])
                for (a, b), (c, d) in zip(pairwise(ends), pairwise(own), strict=True)
            )
        )

    def _begin(self, problem: Problem, item: str, counts: Floats) -> State:
        """Return the item's known values, or what its answers suggest where those are not its model's."""
        block = next(block for block in self.data.items.blocks if item in block.ids)
        known = slope_intercept(block, block.ids.index(item))[0]
        own, common = [], []
        for part in problem.blocks:
            if known.shape == part.base.shape[1:] and known.min() > LOWEST_LOGIT:
                mine, shared = solve(part, np.tile(known, (len(part), 1)))
            else:
                slope = np.full(len(part), self.data.items.discrimination[self.data.items.row[item]])
                used = counts[part.rows]
                mine, shared = first_values(part, used[used > 0].reshape(part.codes.shape), slope)
            own.append(mine)
            common.append(shared)
        return State(tuple(own), tuple(common), self.start)

    @staticmethod
    def _require(problem: Problem, found: Fitted, item: str) -> None:
        """Raise unless the iteration came to rest inside the parameter space."""
        reason = found.reason
        edge = any(part.any() for part in problem.at_bound(found.state))
        flat = problem.collapsed(found.state).any()
        if edge:
            reason = f"item {item!r} at a bound: no maximum inside the parameter space; {reason}"
        if flat:
            reason = f"a group at a bound: its variance goes to 0; {reason}"
        if edge or flat or not found.settled:
            raise CalibrationError(f"the joint calibration did not converge: {reason}")


class _Side(NamedTuple):
    """One group: everybody, with no weight where they answered the item; and those n who did.

    Attributes
    ----------
    likelihood, weight : (N, Q), (N,)
    rest, own : (n, Q) likelihood without the item, (n,) weight
    answer : (n,) row of the category among those of the item's columns
    """

    likelihood: Floats
    weight: Floats
    rest: Floats
    own: Floats
    answer: Rows


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is known of both groups beside the answers to one item."""

    sides: tuple[_Side, ...]

    def expected(self, log_p: Floats, log_weight: Floats) -> Expected:
        """Return the E-step: of those without an answer, two products are all."""
        q = log_weight.shape[1]
        counts, mass, value = np.zeros(log_p.shape), np.zeros(log_weight.shape), 0.0
        for g, side in enumerate(self.sides):
            prior, nodes = np.exp(log_weight[g]), slice(g * q, (g + 1) * q)
            total = side.likelihood @ prior
            value += float(side.weight @ np.log(total))
            mass[g] = prior * ((side.weight / total) @ side.likelihood)
            joint = side.rest * (prior * np.exp(log_p[:, nodes]))[side.answer]
            total = joint.sum(axis=1)
            value += float(side.own @ np.log(total))
            joint *= (side.own / total)[:, None]
            mass[g] += joint.sum(axis=0)
            for row in np.unique(side.answer):
                counts[row, nodes] = joint[side.answer == row].sum(axis=0)
        return Expected(value, counts, mass)


def _likelihood(data: Matched, nodes: Floats) -> tuple[Floats, Floats]:
    """Return (N, Q) likelihoods over their highest values, and (N,) the logarithms of those."""
    log = np.zeros((len(data.responses), len(nodes)))
    table = data.items.log_probability(nodes).transpose(1, 2, 0)
    for row, cells in data.by_item():
        log[data.person[cells]] += table[row][data.score[cells]]
    top = log.max(axis=1)
    log -= top[:, None]
    return np.exp(log, out=log), top


def _narrowest(likelihood: Floats, nodes: Floats) -> float:
    """Return the smallest standard deviation of any likelihood over the nodes."""
    total = likelihood.sum(axis=1)
    mean = likelihood @ nodes / total
    return float(np.sqrt(np.maximum(likelihood @ nodes**2 / total - mean**2, 0.0)).min())
