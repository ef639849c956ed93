"""Links that make the curves of common items meet: Haebara's and Stocking and Lord's criteria."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from adaptest.linking.derivatives import parameter_slopes
from adaptest.linking.sensitivity import Sensitivity
from adaptest.models.base import Floats, Rows
from adaptest.numerics.quadrature import Grid
from adaptest.parameters import ItemParameters

STEPS = 200
TOLERANCE = 1e-10  # of A and B
DAMPING = 1e-4, 1e-12, 1e12  # at the start, at least, at most
STARTS = ((1.0, 0.0), (0.7, 0.0), (1.4, 0.0), (1.0, 1.0), (1.0, -1.0))  # beside the moments' own
SEARCHED = 2  # the best of them; the others lie in the same basins

# what of (Q, J, K) category probabilities, or their slopes, has to meet: (Q, F) features
Pool = Callable[[Floats], Floats]


def by_category(values: Floats) -> Floats:
    """Return (Q, J K): each category of each item for itself (Haebara)."""
    return values.reshape(len(values), -1)


def summed(values: Floats) -> Floats:
    """Return (Q, 1): the expected summed score (Stocking and Lord)."""
    return np.asarray((values * np.arange(values.shape[-1])).sum(axis=(1, 2)))[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class Minimum:
    """The constants at which a criterion is smallest.

    Attributes
    ----------
    value : the criterion there
    converged, reason : whether the search ended where the slope is 0
    hessian : (2, 2) second derivatives in A and B; (1, 1) in B alone where A is 1
    """

    A: float
    B: float
    value: float
    converged: bool
    reason: str
    hessian: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Half:
    """One direction: the curves of `fixed` at nodes, those of `moved` where the link puts the nodes.

    Forwards, TO is fixed at theta and FROM moves to (theta - B) / A; backwards, FROM is fixed at its own
    theta and TO moves to A theta + B.
    """

    fixed: ItemParameters
    moved: ItemParameters
    grid: Grid
    forwards: bool

    def place(self, a: float, b: float) -> tuple[Floats, Floats, Floats]:
        """Return where the moved curves are read (Q,), with its first (2, Q) and second (2, 2, Q) slopes."""
        theta = self.grid.theta
        second = np.zeros((2, 2, len(theta)))
        if not self.forwards:
            return a * theta + b, np.stack([theta, np.ones_like(theta)]), second
        at = (theta - b) / a
        second[0, 0], second[0, 1], second[1, 0] = 2 * at / a**2, 1 / a**2, 1 / a**2
        return at, np.stack([-at / a, np.full_like(at, -1 / a)]), second


@dataclass(frozen=True, slots=True, eq=False)
class Criterion:
    r"""Weighted squared distance between curves, summed over the directions.

    .. math:: F(A, B) = \sum_q w_q \sum_m \{f_m^{TO}(\theta_q) - f_m^{FROM}((\theta_q - B)/A)\}^2 + \ldots

    Every family's curve on the new scale is its old one at (theta - B) / A, so that no family needs a
    formula of its own. Haebara's features f are the categories of each item, Stocking and Lord's the test
    characteristic curve.

    References
    ----------
    Haebara (1980), Japanese Psychological Research 22(3), 144-149; Stocking & Lord (1983), Applied
    Psychological Measurement 7(2), 201-210; Kim & Lee (2006), Journal of Educational Measurement 43(1),
    53-76 (mixed formats).
    """

    pool: Pool
    halves: tuple[Half, ...]
    targets: tuple[Floats, ...]
    shift_only: bool

    @classmethod
    def of(cls, pool: Pool, halves: tuple[Half, ...], *, shift_only: bool) -> Criterion:
        """Return the criterion over these directions, what does not move worked out once."""
        targets = tuple(pool(half.fixed.probability(half.grid.theta)) for half in halves)
        return cls(pool, halves, targets, shift_only)

    def value(self, a: float, b: float) -> float:
        """Return the criterion alone."""
        total = 0.0
        for half, target in zip(self.halves, self.targets, strict=True):
            r = target - self.pool(half.moved.probability(half.place(a, b)[0]))
            total += float((np.exp(half.grid.log_weight)[:, None] * r * r).sum())
        return total

    def at(self, a: float, b: float) -> tuple[float, Floats, Floats, Floats]:
        """Return the criterion, its gradient (2,), Hessian (2, 2) and the Hessian without curvature."""
        value, gradient, hessian, normal = 0.0, np.zeros(2), np.zeros((2, 2)), np.zeros((2, 2))
        for half, target in zip(self.halves, self.targets, strict=True):
            w = np.exp(half.grid.log_weight)
            at, first, second = half.place(a, b)
            f, slope, curvature = self._curves(half.moved, at)
            r = target - f
            wr = w[:, None] * r
            value += float((wr * r).sum())
            by_slope, by_curvature = (wr * slope).sum(axis=1), (wr * curvature).sum(axis=1)
            squared = w * (slope * slope).sum(axis=1)
            gradient -= 2 * (first * by_slope).sum(axis=1)
            crossed = first[:, None] * first[None]
            normal += 2 * (crossed * squared).sum(axis=-1)
            hessian -= 2 * (crossed * by_curvature + second * by_slope).sum(axis=-1)
        return value, gradient, hessian + normal, normal

    def _curves(self, items: ItemParameters, at: Floats) -> tuple[Floats, Floats, Floats]:
        p, s = items.probability(at), items.log_slope(at)
        return self.pool(p), self.pool(p * s), self.pool(p * (s * s + items.log_curvature(at)))

    def minimum(self, starts: Sequence[tuple[float, float]]) -> Minimum:
        """Return the smallest of the minima downhill of the best starts."""
        where = [(1.0 if self.shift_only else a, b) for a, b in starts]
        values = [self.value(a, b) for a, b in where]
        order = np.argsort(values, kind="stable")[:SEARCHED]
        found = [self._search(*where[k]) for k in order]
        return min(found, key=lambda one: one.value)

    def _search(self, a: float, b: float) -> Minimum:
        """Return the minimum downhill of a start: Levenberg-Marquardt in ln A and B, then Newton."""
        free = slice(1, 2) if self.shift_only else slice(0, 2)
        damping, least, most = DAMPING
        value, gradient, hessian, normal = self.at(a, b)
        converged, reason = False, f"still moving after {STEPS} steps"
        for _ in range(STEPS):
            chain = np.array([a, 1.0])
            g, n = (gradient * chain)[free], (normal * np.outer(chain, chain))[free, free]
            full = (hessian * np.outer(chain, chain))[free, free]
            if not self.shift_only:
                full[0, 0] += gradient[0] * a
            curved = np.linalg.eigvalsh(full)[0] > 0
            base = full if curved and damping <= DAMPING[0] else n
            scale = np.maximum(np.diag(n), np.finfo(float).tiny)
            step = np.zeros(2)
            step[free] = np.linalg.lstsq(base + damping * np.diag(scale), -g, rcond=None)[0]
            step = np.clip(step, -1, 1)
            tried = a * float(np.exp(step[0])), b + float(step[1])
            new = self.at(*tried)
            if new[0] <= value + 1e-15 * (1 + value):
                a, b = tried
                value, gradient, hessian, normal = new
                damping = max(damping / 10, least)
                if np.abs(step).max() < TOLERANCE:
                    converged, reason = True, "the last step was below the tolerance"
                    break
            else:
                damping *= 10
                if damping > most:
                    converged = bool(np.abs(step).max() < np.sqrt(TOLERANCE))
                    reason = "no step makes the criterion smaller"
                    break
        if not np.linalg.eigvalsh(hessian[free, free])[0] > 0:
            converged, reason = False, "the curves do not decide about A and B: the criterion is flat"
        return Minimum(a, b, value, converged, reason, hessian[free, free])

    def sensitivity(self, found: Minimum) -> tuple[Sensitivity, Sensitivity]:
        r"""Return how A and B move with each parameter of FROM and of TO.

        .. math:: \partial (A, B) / \partial\psi = -H^{-1}\, \partial g / \partial\psi

        References
        ----------
        Ogasawara (2001), Applied Psychological Measurement 25(1), 53-67 (asymptotic standard errors of
        response-curve linking).
        """
        from_, to = Sensitivity(), Sensitivity()
        for half, target in zip(self.halves, self.targets, strict=True):
            w = np.exp(half.grid.log_weight)[:, None]
            at, first, _ = half.place(found.A, found.B)
            f, slope, _ = self._curves(half.moved, at)
            r = target - f
            r_x = -slope * first[:, :, None]
            fixed, moved = (to, from_) if half.forwards else (from_, to)
            weigh = _Weigher(self.pool, half.fixed.categories)
            for part in parameter_slopes(half.fixed, half.grid.theta):
                change = 2 * weigh(part.rows, w * r_x, part.value)
                fixed.add(half.fixed, part, change)
            for part in parameter_slopes(half.moved, at):
                change = -2 * weigh(part.rows, w * r_x, part.value)
                change -= 2 * weigh(part.rows, w * r * first[:, :, None], part.rate)
                moved.add(half.moved, part, change)
        return tuple(one.solved(found.hessian) for one in (from_, to))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, eq=False)
class _Weigher:
    """Sums over nodes and features of a weight times the change of one item's features."""

    pool: Pool
    categories: Rows

    def __call__(self, rows: Rows, weight: Floats, change: Floats) -> Floats:
        """Return (2, M) from weights (2, Q, F) and changes of category probabilities (Q, M, K)."""
        if self.pool is summed:
            return np.asarray(np.einsum("xq,qmk,k->xm", weight[..., 0], change, np.arange(change.shape[-1])))
        wide = weight.reshape(*weight.shape[:2], len(self.categories), -1)[:, :, rows]
        return np.asarray(np.einsum("xqmk,qmk->xm", wide, change))
