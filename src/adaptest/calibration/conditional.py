"""Conditional maximum likelihood for the Rasch and partial credit models: no latent distribution at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import CalibrationError
from adaptest.models.base import Floats, Rows
from adaptest.responses import Responses

MAXIMUM_STEPS = 100
GRADIENT = 1e-8  # largest gradient per person, where Newton's step is far below every printed digit
HALVINGS = 30


@dataclass(frozen=True, slots=True, eq=False)
class ConditionalFit:
    """What conditional likelihood says of J items.

    Attributes
    ----------
    step : (J, K - 1) step difficulties, logits, mean item location 0; nan beyond an item's own
    covariance : (P, P) of the steps in item-major order, location fixed; None if not positive definite
    log_likelihood : conditional on the sum scores
    history : log-likelihood after each iteration
    """

    step: Floats
    covariance: Floats | None
    log_likelihood: float
    converged: bool
    reason: str
    history: tuple[float, ...]
    gradient: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Persons who were presented the same items: how many had each sum score, and what they scored."""

    items: Rows
    count: Floats  # (S + 1,) weight at each sum score


def conditional(
    responses: Responses, categories: Rows, progress: Callable[[int, float, float], None] | None = None
) -> ConditionalFit:
    r"""Return step difficulties by maximum conditional likelihood.

    .. math:: \log L = \sum_n \Big\{\sum_j \beta_{j x_{nj}} - \log\gamma_{r_n}(\epsilon)\Big\},
       \quad \epsilon_{jk} = e^{\beta_{jk}}, \quad \beta_{jk} = -\sum_{h \le k} \delta_{jh}

    Persons are grouped by the items presented to them; within a group the elementary
    symmetric functions are the score distribution at theta = 0, so that nothing overflows.

    Parameters
    ----------
    responses : resolved (no omitted or not-reached codes); every item with at least one non-extreme answer
    categories : (J,) number of categories of each item
    progress : called with iteration, log-likelihood and largest gradient per person

    Raises
    ------
    CalibrationError, where a sum score's probability underflows.

    References
    ----------
    Andersen (1970), Journal of the Royal Statistical Society B 32(2), 283-301.
    Verhelst, Glas & van der Sluis (1984), Computational Statistics Quarterly 1(3), 245-262.
    """
    item = np.repeat(np.arange(len(categories)), categories - 1)
    category = np.concatenate([np.arange(1, k) for k in categories])
    blocks, observed = _blocks(responses, categories, item, category)
    total = sum(float(block.count.sum()) for block in blocks)
    basis = _free_directions(item, category, categories)
    beta, history, reason = np.zeros(len(item)), [], "the maximum number of iterations was reached"
    value, slope, hessian = _value(blocks, beta, observed, categories, item)
    for iteration in range(MAXIMUM_STEPS):
        gradient = basis.T @ slope
        history.append(value)
        if progress is not None:
            progress(iteration, value, float(np.abs(gradient).max(initial=0)) / total)
        if np.abs(gradient).max(initial=0) <= GRADIENT * total:
            reason = ""
            break
        direction = basis @ np.linalg.lstsq(basis.T @ hessian @ basis, gradient, rcond=None)[0]
        for halving in range(HALVINGS):
            trial = beta + direction * 0.5**halving
            new = _value(blocks, trial, observed, categories, item)
            if new[0] >= value - 1e-12 * abs(value):
                beta, (value, slope, hessian) = trial, new
                break
        else:
            reason = "no step along Newton's direction raises the conditional likelihood"
            break
    information = basis.T @ hessian @ basis
    eigenvalues = np.linalg.eigvalsh(information) if information.size else np.ones(1)
    covariance = None
    if eigenvalues[0] > 1e-10 * max(eigenvalues[-1], 1.0):
        to_step = _beta_to_step(item) @ basis
        covariance = to_step @ np.linalg.inv(information) @ to_step.T
    elif not reason:
        reason = "the conditional information is singular: some items cannot be placed against the others"
    step = np.full((len(categories), int(categories.max()) - 1), np.nan)
    step[item, category - 1] = _beta_to_step(item) @ beta
    gradient_of_items = np.zeros(len(categories))
    np.maximum.at(gradient_of_items, item, np.abs(basis @ (basis.T @ slope)))
    return ConditionalFit(
        step, covariance, value, not reason, reason or "gradient", tuple(history), gradient_of_items
    )


def _blocks(
    responses: Responses, categories: Rows, item: Rows, category: NDArray[np.intp]
) -> tuple[list[_Block], Floats]:
    """Return the groups of equally presented persons, and the (P,) weighted count of each category."""
    cells = responses.dense()
    presented = cells >= 0
    observed = np.array(
        [responses.weight[cells[:, j] == k].sum() for j, k in zip(item, category, strict=True)]
    )
    patterns, where = np.unique(np.packbits(presented, axis=1), axis=0, return_inverse=True)
    sums = np.where(presented, cells, 0).sum(axis=1, dtype=np.intp)
    blocks = []
    for pattern in range(len(patterns)):
        persons = np.flatnonzero(where.ravel() == pattern)
        items = np.flatnonzero(presented[persons[0]])
        most = int((categories[items] - 1).sum())
        count = np.zeros(most + 1)
        np.add.at(count, sums[persons], responses.weight[persons])
        blocks.append(_Block(items, count))
    return blocks, observed


def _free_directions(item: Rows, category: NDArray[np.intp], categories: Rows) -> Floats:
    """Return an orthonormal basis (P, P - 1) of the betas whose items' locations have mean 0."""
    top = category == categories[item] - 1  # beta of the top category is minus the sum of the item's steps
    weight = np.where(top, 1.0 / (categories[item] - 1), 0.0)
    full = np.linalg.svd(weight[None, :], full_matrices=True)[2]
    return np.asarray(full[1:].T, dtype=np.float64)


def _beta_to_step(item: Rows) -> Floats:
    """Return the (P, P) matrix that turns betas into steps: minus their differences within an item."""
    size = len(item)
    matrix = -np.eye(size)
    same = np.flatnonzero(item[1:] == item[:-1]) + 1
    matrix[same, same - 1] = 1.0
    return matrix


def _value(
    blocks: list[_Block], beta: Floats, observed: Floats, categories: Rows, item: Rows
) -> tuple[float, Floats, Floats]:
    """Return the conditional log-likelihood, its gradient and minus its second derivative in beta."""
    first = np.concatenate([[0], np.cumsum(categories - 1)])
    value, gradient = float(observed @ beta), observed.copy()
    hessian = np.zeros((len(item), len(item)))
    for block in blocks:
        own = np.concatenate([np.arange(first[j], first[j + 1]) for j in block.items])
        sizes = categories[block.items]
        log_total, expected, joint = _moments(beta[own], sizes, block.count)
        value -= log_total
        gradient[own] -= expected
        hessian[np.ix_(own, own)] += joint
    return value, gradient, hessian


def _moments(beta: Floats, sizes: Rows, count: Floats) -> tuple[float, Floats, Floats]:
    """Return the sum of log gamma, and summed means and covariances of the indicators given r."""
    split = np.split(beta, np.cumsum(sizes - 1)[:-1])
    polynomials, scale = [], 0.0
    for part in split:
        whole = np.concatenate([[0.0], part])
        log_sum = float(np.logaddexp.reduce(whole))
        polynomials.append(np.exp(whole - log_sum))
        scale += log_sum
    gamma, without = _leave_one_out(polynomials)
    used = count > 0
    if (gamma[used] <= 0).any():
        raise CalibrationError(
            f"sum score {int(np.flatnonzero(used & (gamma <= 0))[0])}: its probability must not underflow;"
            f" got 0 over {len(sizes)} items; use marginal maximum likelihood"
        )
    log_total = float((count[used] * (np.log(gamma[used]) + scale)).sum())
    rate = np.divide(count, gamma, out=np.zeros_like(count), where=used)
    expected = np.concatenate([_inner(polynomials[j], without[j], rate) for j in range(len(sizes))])
    by_score = np.concatenate([_at_each_score(polynomials[j], without[j], gamma) for j in range(len(sizes))])
    joint = np.diag(expected) - (by_score * count) @ by_score.T
    start = np.concatenate([[0], np.cumsum(sizes - 1)])
    for j in range(len(sizes)):
        others = [p for k, p in enumerate(polynomials) if k != j]
        _, pairs = _leave_one_out(others)
        for position, m in enumerate(k for k in range(len(sizes)) if k > j):
            pair = pairs[position if m < j else m - 1]
            both = _pair(polynomials[j], polynomials[m], pair, rate)
            joint[start[j] : start[j + 1], start[m] : start[m + 1]] += both
            joint[start[m] : start[m + 1], start[j] : start[j + 1]] += both.T
    return log_total, expected, joint


def _leave_one_out(polynomials: list[Floats]) -> tuple[Floats, list[Floats]]:
    """Return the product of all polynomials, and of all but each: by prefixes and suffixes, no division."""
    prefix, suffix = [np.ones(1)], [np.ones(1)]
    for polynomial in polynomials:
        prefix.append(np.convolve(prefix[-1], polynomial))
    for polynomial in reversed(polynomials):
        suffix.append(np.convolve(suffix[-1], polynomial))
    n = len(polynomials)
    return prefix[-1], [np.convolve(prefix[j], suffix[n - 1 - j]) for j in range(n)]


def _inner(own: Floats, without: Floats, rate: Floats) -> Floats:
    """Return (K - 1,) expected counts of an item's categories over all persons."""
    return np.array([own[k] * (without * rate[k : k + len(without)]).sum() for k in range(1, len(own))])


def _at_each_score(own: Floats, without: Floats, gamma: Floats) -> Floats:
    """Return (K - 1, S + 1) probabilities of an item's categories given each sum score."""
    result = np.zeros((len(own) - 1, len(gamma)))
    for k in range(1, len(own)):
        result[k - 1, k : k + len(without)] = own[k] * without
    return np.divide(result, gamma, out=result, where=gamma > 0)


def _pair(one: Floats, two: Floats, without: Floats, rate: Floats) -> Floats:
    """Return (K1 - 1, K2 - 1) expected counts of both items' categories together."""
    return np.array(
        [
            [
                one[k] * two[m] * (without * rate[k + m : k + m + len(without)]).sum()
                for m in range(1, len(two))
            ]
            for k in range(1, len(one))
        ]
    )
