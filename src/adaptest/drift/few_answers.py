"""Drift of items that too few answered to be estimated anew: a score test of their location."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from adaptest.drift.comparison import features
from adaptest.linking import Form
from adaptest.models.base import Floats, Rows
from adaptest.numerics.quadrature import NormalPrior
from adaptest.responses import Responses

PERSONS = 4_096  # at once


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """J items' one-step estimate of how far their location moved.

    Attributes
    ----------
    n : (J,) answers
    x_b : (J,) logits, positive where the item became harder; nan where nothing can be said
    se_b : (J,) its standard error: of the answers, of the base values, of the groups' means
    """

    ids: tuple[str, ...]
    n: Rows
    x_b: Floats
    se_b: Floats

    @property
    def z_b(self) -> Floats:
        """(J,) standard normal where an item did not move."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.x_b / self.se_b


def score_shift(
    base: Form,
    responses: Responses,
    ids: Sequence[str],
    population: Mapping[str, tuple[NormalPrior, float]],
    *,
    moved: Sequence[str] = (),
) -> Shift:
    r"""Return how far some items' locations moved, from the score of the marginal likelihood at the base.

    .. math:: x = S / I, \quad S = \sum_i E_i[s_{ij}(\theta)], \quad
        I = \sum_i \{E_i[I_j(\theta)] - Var_i[s_{ij}(\theta)]\},
        \quad s = -\partial \ln P_{ij} / \partial\theta

    Expectations are over a person's posterior under the base's values. The variance of x is 1 / I, and that
    of the base's own error, b's and ln a's about the theta m at which the item was asked:
    :math:`Var(b - (m - b) \ln a)`, and of the groups' means. No estimate of the item is needed, so the test
    holds at volumes at which an estimate does not.

    Parameters
    ----------
    base : values and their covariance
    responses : of all items that carry theta, policies for omitted ones resolved
    ids : the items to test
    population : by group, of the persons on the base's scale, with its mean's standard error; persons of
        other groups are left out
    moved : items that say nothing of theta since they moved

    References
    ----------
    Rao (1948), Proceedings of the Cambridge Philosophical Society 44(1), 50-57 (score test); Louis (1982),
    Journal of the Royal Statistical Society B 44(2), 226-233 (information); Glas (1998), Statistica Sinica
    8(3), 647-667 (for IRT items).
    """
    own = base.items.take(np.array([base.items.row[item] for item in responses.items], dtype=np.intp))
    place = {item: k for k, item in enumerate(own.ids)}
    wanted = [place[item] for item in ids]
    gone = np.isin(own.ids, list(moved))
    n = np.zeros(len(ids), dtype=np.intp)
    score, information, asked, weight, mean_error = (np.zeros(len(ids)) for _ in range(5))
    for code, name in enumerate(responses.groups):
        if name not in population:
            continue
        prior, error = population[name]
        grid = prior.grid()
        log_p, slope, fisher = (f(grid.theta) for f in (own.log_probability, own.log_slope, own.information))
        mine = np.flatnonzero(responses.group == code)
        for start in range(0, len(mine), PERSONS):
            cells = responses.take_persons(mine[start : start + PERSONS]).dense()
            posterior = np.tile(grid.log_weight, (len(cells), 1))
            with threadpool_limits(limits=1):
                for k in range(int(own.categories.max(initial=0))):
                    given = (cells == k) & ~gone
                    posterior += given.astype(np.float64) @ np.nan_to_num(log_p[:, :, k], neginf=-700.0).T
                posterior = np.exp(posterior - posterior.max(axis=1, keepdims=True))
                posterior /= posterior.sum(axis=1, keepdims=True)
                for j, row in enumerate(wanted):
                    for k in range(int(own.categories[row])):
                        mass = posterior[cells[:, row] == k]
                        if not len(mass):
                            continue
                        s = -slope[:, row, k]
                        first, about = mass @ s, mass @ fisher[:, row]
                        n[j] += len(mass)
                        score[j] += first.sum()
                        information[j] += (about - mass @ (s * s) + first**2).sum()
                        asked[j] += (mass @ (fisher[:, row] * grid.theta)).sum()
                        weight[j] += about.sum()
                        mean_error[j] += about.sum() * error
    with np.errstate(divide="ignore", invalid="ignore"):
        known = (information > 0) & (weight > 0)
        x = np.where(known, score / information, np.nan)
        variance = 1 / information + _of_base(base, ids, asked / weight) + (mean_error / weight) ** 2
        return Shift(tuple(ids), n, x, np.where(known, np.sqrt(variance), np.nan))


def _of_base(base: Form, ids: Sequence[str], m: Floats) -> Floats:
    """Return (J,) the variance of the base's own error at the theta m; nan where it is not known."""
    items = base.items.take(np.array([base.items.row[item] for item in ids], dtype=np.intp))
    location, _, by_location, by_log_a = features(items)
    row = {item: j for j, item in enumerate(ids)}
    variance = np.full(len(ids), np.nan)
    for block in base.covariance:
        cells: dict[int, list[int]] = {}
        for k, (item, _) in enumerate(block.parameters):
            if item in row:
                cells.setdefault(row[item], []).append(k)
        for j, places in cells.items():
            names = [block.parameters[k][1] for k in places]
            away = m[j] - location[j]
            g = np.array(
                [by_location[j].get(name, 0.0) - away * by_log_a[j].get(name, 0.0) for name in names]
            )
            variance[j] = g @ np.asarray(block.matrix)[np.ix_(places, places)] @ g
    return variance
