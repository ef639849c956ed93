"""A live posterior: each response updates it, and theta and sem follow."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import unwrap
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.quadrature import NormalPrior, Prior
from adaptest.parameters import ItemParameters
from adaptest.scoring.eap import LIGHT, TINY, Nodes, Yard, eap_rows, fine_rule, moments_of_sums
from adaptest.scoring.estimate import Estimates, Outcome
from adaptest.scoring.likelihood import Integers, steepness

BLOCK = 512  # sittings whose posteriors are made and summed up at once: few calls, and what caches hold
OUTCOMES = np.array([Outcome.NO_RESPONSES, Outcome.OK], dtype=np.int8)  # without and with a response
FLOOR = 1e-290  # of a mass: above what a product by a probability makes slow or loses
SMALL = 2.0**-200  # where a row's largest mass is below this
SCALE = 2.0**200  # it is multiplied by this
SCALINGS = 3
BELOW = exp(-LIGHT)
SAFE = 1e-9  # relative: more than the rounding of a sum of masses
einsum = unwrap(np.einsum)  # itself, without numpy's look whether arrays are of another library
HALVINGS = 3  # at most, of the first spacing; 1 for all but very steep items: 161 nodes


def live_nodes(steepest: float, prior: Prior) -> Nodes:
    """Return the nodes of live posteriors: as fine as the steepest item needs, within bounds.

    Parameters
    ----------
    steepest : the steepest slope of any item, per logit; see `steepness`
    """
    return Nodes.over(*prior.span, fine_rule(prior, steepest, HALVINGS), prior)


@dataclass(frozen=True, slots=True, eq=False)
class LivePosterior:
    """The posteriors of N sittings on one fine grid, updated response by response.

    A sitting's numbers are the same bits alone and among N, and after a resume: every sum is over one row,
    and responses are multiplied in the order given. Where the grid is too coarse for a sitting, or its
    posterior reaches beyond the ends, the estimate is made anew by `eap_rows`.

    What is carried, (N, Q + 2), are masses, not their logarithms, for an exponential costs more than all the
    rest of a step; then a bound that none of them is below, and how often a row was scaled up by 2^200 so
    that none is lost. A mass is never held below `FLOOR`, so a node that was once there counts for more than
    it should. It was e^-667 then, and only sinks; while a row was scaled at most `SCALINGS` times its largest
    is above e^-555, so the node does not matter. A sitting that was scaled more often is estimated anew.

    Most responses change no mass near `FLOOR` and need no scaling, and two numbers tell: the bound, and the
    sum of the masses, which is at most `weight` times the largest.

    Attributes
    ----------
    items, prior : what the posterior is of
    theta : (Q,) logits, the nodes
    nodes : the rule and the prior's weights at them
    table : (J, K, 1, Q + 2) probability of each score at each node, the least of them, and 1: what is carried
        is multiplied by whole rows, for that is twice as quick as by parts of them; the nodes in this order:
    order : (Q,) the nodes of the coarser rule first, where it weighs all of them alike; else ascending
    basis : (6, Q) the rule's, in that order
    halves : how many come first, and their weight in the coarser rule; 0 where they are not apart
    bases : (2, 3, halves) the rule's first three of `basis`, of those that come first and of the others; the
        others are one fewer, and a 0 stands for the bound, which is carried after them
    weight : more than what any sum of masses can be, where none is above 1
    ends : the columns of the lowest and the highest node
    yard : what one sitting's moments are held against
    steepness : (1,) the steepest slope of any item, per logit

    Examples
    --------
    >>> from adaptest.models import LogisticItems
    >>> items = ItemParameters.of(LogisticItems(("i1", "i2"), [1.0, 1.2], [0.0, 0.5], [0, 0], [1, 1]))
    >>> live = LivePosterior.of(items)
    >>> carried = live.start(1)
    >>> carried = live.update(carried, np.array([1]), np.array([1]))
    >>> theta, sem, exact = live.moments(carried)
    >>> theta.round(3), exact
    (array([0.577]), array([ True]))
    """

    items: ItemParameters
    prior: Prior
    nodes: Nodes
    table: NDArray[np.float64]
    order: Rows
    basis: Floats
    halves: tuple[int, float]
    bases: Floats
    weight: float
    ends: list[int]
    yard: Yard
    steepness: NDArray[np.float64]

    @classmethod
    def of(cls, items: ItemParameters, prior: Prior = NormalPrior()) -> LivePosterior:  # noqa: B008 (frozen)
        """Return the posteriors of sittings on these items; J x K x (Q + 2) doubles are held."""
        steepest = float(steepness(items).max(initial=0.0))
        nodes = live_nodes(steepest, prior)
        coarse = nodes.rule.basis[3]
        inside = coarse != 0
        alike = len(np.unique(coarse[inside])) == 1 and 2 * int(inside.sum()) == len(coarse) + 1
        order = np.argsort(~inside, kind="stable") if alike else np.arange(len(coarse))
        halves = (int(inside.sum()), float(coarse[order[0]])) if alike else (0, 0.0)
        log_probability = items.log_probability(nodes.theta[order]).transpose(1, 2, 0)
        table = np.ones((*log_probability.shape[:2], 1, len(order) + 2))
        np.exp(log_probability, out=table[..., 0, :-2])
        np.minimum.reduce(table[..., :-2], axis=-1, out=table[..., -2])
        table.flags.writeable = False
        basis = np.ascontiguousarray(nodes.rule.basis[:, order])
        first, last = halves[0], len(order) - 1
        bases = np.zeros((2, 3, first))
        bases[0] = basis[:3, :first]
        bases[1, :, : first - 1] = basis[:3, first:] if first else 0.0
        return cls(
            items,
            prior,
            nodes,
            table,
            order,
            basis,
            halves,
            bases,
            float(np.abs(basis[0]).sum()) * (1 + SAFE),
            [0, first - 1 if first and last % 2 == 0 else last],
            Yard.of(nodes, steepest),
            np.array([steepest]),
        )

    @property
    def theta(self) -> Floats:
        """(Q,) the nodes, logits."""
        return self.nodes.theta

    def start(self, n: int) -> Floats:
        """Return (N, Q + 2) what is carried before any response: the prior."""
        log_weight = self.nodes.log_weight[self.order]
        prior = np.maximum(np.exp(log_weight - log_weight.max()), FLOOR)
        return np.tile(np.append(prior, [prior.min(), 0.0]), (n, 1))

    def update(self, carried: Floats, rows: Integers, scores: Integers) -> Floats:
        """Return what is carried after one more response each, to item `rows` (N,) scored `scores` (N,)."""
        if len(rows) == 1:
            after = self._multiply_one(carried, rows[0], scores[0])
            self._scale(after, np.zeros(1))
            return after
        after = np.empty_like(carried)
        room = self._room(carried)
        for start in range(0, len(carried), BLOCK):
            some = slice(start, start + BLOCK)
            self._multiply(carried[some], rows[some], scores[some], after[some], room)
            self._scale(after[some], np.zeros(len(carried[some])))
        return after

    def step(
        self, carried: Floats, rows: Integers, scores: Integers, *, reuse: bool = False
    ) -> tuple[Floats, tuple[Floats, Floats, Bools]]:
        """Return what `update` and then `moments` return, each sitting's masses read once.

        Parameters
        ----------
        reuse : whether what is carried may be written over: nobody needs the sittings before
        """
        if len(rows) == 1:
            after, mean, sd, fine = self.step_of_one(carried, rows.item(), scores.item())
            return after, (np.array([mean]), np.array([sd]), np.array([fine]))
        after = carried if reuse else np.empty_like(carried)
        room, sums = self._room(carried), np.empty((len(carried), 6))
        for start in range(0, len(carried), BLOCK):
            some = slice(start, start + BLOCK)
            self._multiply(carried[some], rows[some], scores[some], after[some], room)
            self._sum(after[some], sums[some])
        self._coarsely(sums)
        if (scaled := self._scale(after, sums[:, 0])).size:
            sums[scaled] = self._sums(after[scaled])
        return after, self._found(after, sums)

    @staticmethod
    def _room(carried: Floats) -> Floats:
        """Return room for a block's probabilities."""
        return np.empty((min(BLOCK, len(carried)), carried.shape[1]))

    def _multiply(
        self, carried: Floats, rows: Integers, scores: Integers, after: Floats, room: Floats
    ) -> None:
        """Put into `after` a block's masses after a response more, none below `FLOOR`."""
        n, width, categories = len(carried), carried.shape[1], self.table.shape[1]
        probability = self.table.reshape(-1, width).take(
            rows * categories + scores, axis=0, out=room[:n], mode="clip"
        )
        np.multiply(carried, probability, out=after)
        if after[:, -2].min() < FLOOR:
            self._raise(after, np.flatnonzero(after[:, -2] < FLOOR))

    def _multiply_one(self, carried: Floats, row: int | np.intp, score: int | np.intp) -> Floats:
        """Return what `_multiply` makes of one sitting, with fewer calls."""
        after: Floats = carried * self.table[row, score]
        if after.item(-2) < FLOOR:
            self._raise(after, np.zeros(1, dtype=np.intp))
        return after

    def _scale(self, after: Floats, total: Floats) -> Rows:
        """Scale up the rows whose largest mass is too small, and return them.

        Parameters
        ----------
        total : (N,) the masses' sums by the rule; 0 where nobody knows
        """
        if total.min(initial=np.inf) >= self.weight * SMALL:
            return np.zeros(0, dtype=np.intp)
        faint: Rows = np.flatnonzero(total < self.weight * SMALL)
        faint = faint[np.maximum.reduce(after[faint, :-2], axis=1) < SMALL]
        if faint.size:
            self._raise(after, faint)
        return faint

    @staticmethod
    def _raise(after: Floats, which: Rows) -> None:
        """Raise the masses of rows `which` that are below `FLOOR` to it, then rows whose largest is small."""
        some = after[which]
        mass = some[:, :-2]
        np.maximum(mass, FLOOR, out=mass)
        largest = np.maximum.reduce(mass, axis=1)
        while (small := largest < SMALL).any():
            mass[small] *= SCALE
            largest[small] *= SCALE
            some[small, -1] += 1
        some[:, -2] = np.minimum.reduce(mass, axis=1)
        after[which] = some

    def step_of_one(self, carried: Floats, row: int, score: int) -> tuple[Floats, float, float, bool]:
        """Return what `step` returns for one sitting, as plain numbers, bit for bit, with fewer calls."""
        after = self._multiply_one(carried, row, score)
        total, mean, sd, exact = self._moments_of_one(after)
        if total < self.weight * SMALL and self._scale(after, np.array([total])).size:
            _, mean, sd, exact = self._moments_of_one(after)
        return after, mean, sd, exact

    def after(self, rows: Integers, scores: Integers) -> Floats:
        """Return what is carried after all responses (N, n), in order, -1 none: as `update` gives."""
        carried = self.start(len(rows))
        for row, score in zip(rows.T, scores.T, strict=True):
            given = score >= 0
            carried[given] = self.update(carried[given], row[given], score[given])
        return carried

    def moments(self, carried: Floats) -> tuple[Floats, Floats, Bools]:
        """Return (N,) posterior means, posterior standard deviations, and whether they are converged."""
        if len(carried) <= BLOCK:
            return self._moments(carried)
        starts = range(0, len(carried), BLOCK)
        parts = [self._moments(carried[start : start + BLOCK]) for start in starts]
        theta, sem, exact = (np.concatenate(column) for column in zip(*parts, strict=True))
        return theta, sem, exact

    def _moments(self, carried: Floats) -> tuple[Floats, Floats, Bools]:
        if len(carried) == 1:
            _, mean, sd, fine = self._moments_of_one(carried)
            return np.array([mean]), np.array([sd]), np.array([fine])
        return self._found(carried, self._sums(carried))

    def _found(self, carried: Floats, sums: Floats) -> tuple[Floats, Floats, Bools]:
        """Return moments of what is carried, whose sums (N, 6) are known."""
        theta, sem, exact = moments_of_sums(
            sums, self._light(carried, sums[:, :1]), self.nodes, self.steepness
        )
        exact &= carried[:, -1] <= SCALINGS
        return theta, sem, exact

    def _light(self, carried: Floats, total: Floats) -> Bools:
        """Return (N, 2) whether each end holds no mass that matters, or is where the prior ends.

        The largest mass is looked for only where the sums by the rule, `total` (N, 1), do not settle it.
        """
        ends, closed = carried[:, self.ends], self.nodes.closed
        light: Bools = (ends < BELOW / self.weight * total) | closed
        if not light.all():
            rest = np.flatnonzero(~light.all(axis=1))
            largest = np.maximum.reduce(carried[rest, :-2], axis=1, keepdims=True)
            light[rest] = (ends[rest] < BELOW * largest) | closed
        return light

    def _moments_of_one(self, carried: Floats) -> tuple[float, float, float, bool]:
        """Return the sum of one sitting's masses by the rule, and its moments, bit for bit, with fewer calls.

        The operations are those of `_coarsely`, `moments_of_sums` and `_light`, in their order.
        """
        low, width, agreement, spacing, (low_closed, high_closed), fine = self.yard
        first, weight = self.halves
        if first:
            halves = carried[0, :-1].reshape(2, first)
            (a, b, c), (x, y, z) = einsum("hq,hkq->hk", halves, self.bases).tolist()
            whole, line, square = a + x, b + y, c + z
            coarse_whole, coarse_line, coarse_square = weight * a, weight * b, weight * c
        else:
            whole, line, square, coarse_whole, coarse_line, coarse_square = self._sums(carried)[0].tolist()
        total, coarse_total = whole, coarse_whole
        if total < TINY or coarse_total < TINY:
            total, coarse_total = max(total, TINY), max(coarse_total, TINY)
        mean, coarse_mean = line / total, coarse_line / coarse_total
        variance = square / total - mean * mean
        coarse_variance = coarse_square / coarse_total - coarse_mean * coarse_mean
        sd = sqrt(variance) if variance > 0 else 0.0
        coarse_sd = sqrt(coarse_variance) if coarse_variance > 0 else 0.0
        exact = (
            -agreement <= (mean - coarse_mean) * width <= agreement
            and -agreement <= (sd - coarse_sd) * width <= agreement
            and sd >= spacing
            and fine
            and carried.item(-1) <= SCALINGS
        )
        if exact and not (low_closed and high_closed):
            (lowest, highest), heavy = self.ends, BELOW / self.weight * whole
            at_low, at_high = carried.item(lowest), carried.item(highest)
            if not ((low_closed or at_low < heavy) and (high_closed or at_high < heavy)):
                heavy = BELOW * float(carried[0, :-2].max())
                exact = (low_closed or at_low < heavy) and (high_closed or at_high < heavy)
        return whole, low + width * (mean + 0.5), sd * width, exact

    def _sums(self, carried: Floats) -> Floats:
        """Return (N, 6) sums of masses with the rule's basis; not by BLAS, so each row's bits are its own."""
        sums = np.empty((len(carried), 6))
        self._sum(carried, sums)
        self._coarsely(sums)
        return sums

    def _sum(self, carried: Floats, sums: Floats) -> None:
        """Put a block's sums into `sums`; where halves are apart, over the others and over the first."""
        first = self.halves[0]
        if not first:
            np.einsum("nq,kq->nk", carried[:, :-2], self.basis, out=sums)
            return
        near, far = self.bases
        np.einsum("nq,kq->nk", carried[:, :first], near, out=sums[:, 3:])
        np.einsum("nq,kq->nk", carried[:, first:-1], far, out=sums[:, :3])  # as many terms as for one sitting

    def _coarsely(self, sums: Floats) -> None:
        """Make sums over halves that are apart those of the rule and of the coarser rule."""
        first, weight = self.halves
        if first:
            for k in range(3):  # a column is quicker than three numbers of each row
                sums[:, k] += sums[:, k + 3]
                sums[:, k + 3] *= weight

    def mass(self, carried: Floats) -> Floats:
        """Return (N, Q) posterior masses at the nodes, each row summing to 1."""
        mass = np.empty((len(carried), len(self.order)))
        mass[:, self.order] = carried[:, :-2]
        mass /= np.add.reduce(mass, axis=1, keepdims=True)
        return mass

    def log_posterior(self, carried: Floats) -> Floats:
        """Return (N, Q) log-posteriors at the nodes, up to a constant of each sitting."""
        log = np.empty((len(carried), len(self.order)))
        log[:, self.order] = np.log(carried[:, :-2])
        return log

    def estimates(self, carried: Floats, rows: Integers, scores: Integers) -> Estimates:
        """Return the converged EAP: from the grid where it is fine enough, else from the responses.

        Parameters
        ----------
        rows, scores : (N, n) all responses so far, -1 where there is none; read only for refinement
        """
        return self._estimates(self.moments(carried), rows, scores)

    def stepped(
        self, carried: Floats, rows: Integers, scores: Integers, *, reuse: bool = False
    ) -> tuple[Floats, Estimates]:
        """Return what is carried after the last of the responses (N, n), and the estimates then.

        Parameters
        ----------
        carried : after all but the last of them
        reuse : as `step` takes it
        """
        after, found = self.step(carried, rows[:, -1], scores[:, -1], reuse=reuse)
        return after, self._estimates(found, rows, scores)

    def _estimates(self, found: tuple[Floats, Floats, Bools], rows: Integers, scores: Integers) -> Estimates:
        """Return the moments as estimates, made anew where they are not converged."""
        theta, sem, exact = found
        if scores.min(initial=0) < 0:
            n_items: NDArray[np.intp] = np.add.reduce(scores >= 0, axis=1, dtype=np.intp)
        else:  # the same, without a look at each
            n_items = np.full(len(scores), scores.shape[1], dtype=np.intp)
        outcome = OUTCOMES[np.minimum(n_items, 1)]
        if not exact.all():
            rest = np.flatnonzero(~exact)
            anew = eap_rows(self.items, rows[rest], scores[rest], self.prior)
            theta[rest], sem[rest], outcome[rest] = anew.theta, anew.sem, anew.outcome
        return Estimates(theta, sem, outcome, "posterior_sd", "eap", n_items)
