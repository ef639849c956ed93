"""Drift without a new calibration: posterior counts at the nodes against the bank's curves."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from adaptest.errors import ResponseError
from adaptest.models.base import Floats
from adaptest.numerics.quadrature import NormalPrior
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses

PERSONS = 4_096  # at once


def pseudo_count_d2(
    items: ItemParameters,
    responses: Responses,
    population: NormalPrior = NormalPrior(),  # noqa: B008 (frozen)
) -> Floats:
    r"""Return (J,) each item's weighted squared distance between what people earned and the bank's curve.

    .. math:: D_j^2 = \sum_q \frac{n_{jq}}{n_j} \Bigl(\frac{r_{jq}}{n_{jq}} - E_j(\theta_q)\Bigr)^2,
              \quad n_{jq} = \sum_i w_i\, p(\theta_q \mid x_i)

    Counts are shared out over the nodes by each person's posterior under the bank's parameters; expected
    scores run from 0 to 1. An item nobody answered has nan.

    Parameters
    ----------
    items : the bank's, on the base scale; responses to others are refused
    responses : policies for omitted ones resolved
    population : of the people who answered, on the base scale

    Raises
    ------
    ResponseError, where an item of the responses has no parameters.

    References
    ----------
    Stone (2000), Journal of Educational Measurement 37(1), 58-75 (pseudo-counts); Cappaert, Wen & Chang
    (2018), Measurement: Interdisciplinary Research and Perspectives 16(4), 226-238.
    """
    if unknown := [item for item in responses.items if item not in items.row]:
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise ResponseError(f"item {unknown[0]!r}{more} must have parameters; leave it out of the responses")
    own = items.take(np.array([items.row[item] for item in responses.items], dtype=np.intp))
    grid = population.grid()
    log_p = own.log_probability(grid.theta)
    count, earned = (np.zeros((len(own), len(grid.theta))) for _ in range(2))
    highest = own.categories - 1
    for start in range(0, len(responses), PERSONS):
        part = responses.take_persons(np.arange(start, min(start + PERSONS, len(responses))))
        scores = part.dense()
        with threadpool_limits(limits=1):
            log_posterior = np.tile(grid.log_weight, (len(part), 1))
            for k in range(int(own.categories.max(initial=0))):
                log_posterior += (scores == k).astype(np.float64) @ np.where(
                    np.isfinite(log_p[:, :, k]), log_p[:, :, k], 0
                ).T
            mass = np.exp(log_posterior - log_posterior.max(axis=1, keepdims=True))
            mass *= (part.weight / mass.sum(axis=1))[:, None]
            given = scores >= 0
            count += given.astype(np.float64).T @ mass
            earned += np.where(given, scores / highest, 0.0).T @ mass
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(count > 0, earned / count, 0) - own.expected_score(grid.theta).T / highest[:, None]
        inside: Floats = (count * apart**2).sum(axis=1) / count.sum(axis=1)
    result = np.full(len(items), np.nan)
    result[[items.row[item] for item in own.ids]] = inside
    return result
