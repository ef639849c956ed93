"""Step 7: fit, local dependence and DIF of what would be released, where they are valid on adaptive data.

Residuals are taken at the Warm estimate of the operational items. Alpha, item-rest correlations, S-X2, M2
and LD-X2 compare summed scores, which adaptive sittings do not have in common: they are refused, and the
reason said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from adaptest.dif import DifResult, Volume, catsib, multigroup
from adaptest.dif.result import OK
from adaptest.errors import AdaptestError
from adaptest.fit import Residuals, item_mean_squares, residuals
from adaptest.fit.local_dependence import q3
from adaptest.models.base import Bools, Floats, Rows
from adaptest.parameters import ItemParameters
from adaptest.programme.collect import Collection
from adaptest.programme.policy import Checks
from adaptest.programme.task import Task
from adaptest.scoring.matched import matched

GROUPS = 10  # of persons by theta, equal in number
REFUSED = (
    "alpha, omega, item-rest correlations, S-X2, M2 and LD-X2 are not computed: adaptive sittings have no"
    " summed score in common"
)
MOST_STUDIED = 30  # items whose DIF is tested by a calibration each: those that CATSIB points at


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """J released items' fit.

    Attributes
    ----------
    items : (J,)
    n, infit, outfit, outfit_z : (J,) at the persons' WLE; nan without responses
    rmsd : (J,) root mean squared difference of observed and expected score over groups of theta, sampling
        error taken out; z : (J,) of its chi-square
    misfit : (J,) by both
    pairs : item, item, Q3, joint responses, of those above the limit, the largest first
    dif : a row a tested item
    refused : what is not computed and why
    """

    items: tuple[str, ...]
    n: Floats
    infit: Floats
    outfit: Floats
    outfit_z: Floats
    rmsd: Floats
    z: Floats
    misfit: Bools
    pairs: tuple[tuple[str, str, float, int], ...]
    dif: tuple[Mapping[str, object], ...]
    refused: tuple[str, ...]

    @property
    def flags(self) -> tuple[str, ...]:
        """What a person should look at, a sentence each."""
        said = [
            f"item {item!r}: the curve is off by {self.rmsd[j]:.2f} (RMSD)"
            for j, item in enumerate(self.items)
            if self.misfit[j]
        ]
        said += [f"items {one!r} and {other!r}: Q3 {value:.2f}" for one, other, value, _ in self.pairs]
        return (*said, *(f"item {row['item']!r}: DIF, {row['detail']}" for row in self.dif if row["flagged"]))


def check(
    task: Task,
    collection: Collection,
    released: ItemParameters,
    keep: Bools,
    theta: Floats,
    tell: Callable[[str], None] | None = None,
) -> Checked:
    """Return the fit of what would be released.

    Parameters
    ----------
    released : the items' values
    keep : (n,) responses that count; of items that moved, those since they did
    theta : (S,) each sitting's WLE on operational items, nan without one
    tell : told of each item whose DIF is looked at
    """
    rules = task.policy.checks
    items = tuple(item for item in collection.log.items if item in released.row)
    people = collection.responses(items, keep)
    place = {sitting: k for k, sitting in enumerate(collection.log.sittings)}
    sittings = np.array([place[one] for one in people.persons], dtype=np.intp)
    own = theta[sittings]
    found = residuals(matched(released, people), own)
    mean = item_mean_squares(found)
    rmsd, z = _curves(found, own)
    refused = [REFUSED]
    dif, why = _dif(task, collection, released, items, tell)
    if why:
        refused.append(why)
    return Checked(
        items, mean.n, mean.infit, mean.outfit, mean.outfit_z, rmsd, z,
        (rmsd >= rules.misfit_rmsd) & (z > rules.misfit_z), _pairs(found, rules), dif, tuple(refused),
    )  # fmt: skip


def _curves(found: Residuals, theta: Floats) -> tuple[Floats, Floats]:
    r"""Return RMSD and the standardised chi-square of mean residuals in groups of theta.

    .. math:: RMSD^2 = \sum_g n_g (\bar r_g^2 - V_g / n_g^2) / \sum_g n_g, \quad
        z = (\sum_g \bar r_g^2 n_g^2 / V_g - G) / \sqrt{2 G}

    V_g is the sum of the scores' variances: the expected square of a mean residual where the model holds.
    """
    known = theta[np.isfinite(theta)]
    edges = np.quantile(known, np.linspace(0, 1, GROUPS + 1)[1:-1]) if known.size else np.zeros(0)
    group = np.searchsorted(edges, np.nan_to_num(theta), side="right")
    data = found.data
    cell = data.item() * GROUPS + group[data.person]
    shape, size = (len(data.items), GROUPS), len(data.items) * GROUPS

    def total(values: Floats) -> Floats:
        summed: Floats = np.bincount(cell, weights=values, minlength=size).astype(np.float64)
        return summed.reshape(shape)

    n, raw, variance = (
        total(found.weight * part) for part in (np.ones(len(cell)), found.raw, found.variance)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        highest = (data.items.categories - 1)[:, None]
        square = np.where(n > 0, (raw**2 - variance) / np.maximum(n, 1), 0.0) / highest**2
        rmsd = np.sqrt(np.maximum(square.sum(axis=1) / n.sum(axis=1), 0.0))
        used = variance > 0
        chi = np.where(used, raw**2 / np.where(used, variance, 1.0), 0.0).sum(axis=1)
        count = used.sum(axis=1)
        return rmsd, np.where(count > 0, (chi - count) / np.sqrt(2 * np.maximum(count, 1)), np.nan)


def _pairs(found: Residuals, rules: Checks) -> tuple[tuple[str, str, float, int], ...]:
    """Return pairs whose residuals go together more than others' do."""
    value, count = q3(found, fewest=rules.pair_minimum)
    first, second = np.triu_indices(len(value), 1)
    own, joint = value[first, second], count[first, second]
    if not np.isfinite(own).any():
        return ()
    over = np.flatnonzero(own > np.nanmean(own) + rules.q3)
    ids = found.data.items.ids
    order: Rows = over[np.argsort(-own[over], kind="stable")]
    return tuple((ids[first[k]], ids[second[k]], float(own[k]), int(joint[k])) for k in order)


def _dif(
    task: Task,
    collection: Collection,
    released: ItemParameters,
    items: tuple[str, ...],
    tell: Callable[[str], None] | None,
) -> tuple[tuple[Mapping[str, object], ...], str]:
    """Return a row for each tested item, or why there is none.

    CATSIB on the WLE looks at every item; those it points at, and new ones, are tested by likelihood ratio
    with each group's own mean and variance, which an adaptive design does not disturb; the other items are
    held at what would be released.
    """
    rules = task.policy.checks
    if rules.group is None:
        return (), "DIF is not computed: the policy names no group"
    log = collection.log
    if (log.group >= 0).sum() == 0:
        return (), f"DIF is not computed: no sitting has a group in column {rules.group!r}"
    known = collection.used & (log.group[log.sitting] >= 0)
    people = collection.responses(items, known, groups=log.groups, group=log.group)
    matching = [item for item in task.calibrated if item in released.row and item in items] or None
    volume = Volume(rules.group_smaller, rules.group_total)

    def told(method: str) -> Callable[[int, int], None]:
        return lambda done, of: tell(f"7-fit: DIF, {method}, item {done + 1} of {of}") if tell else None

    try:
        first = catsib(people, released, matching=matching, volume=volume, progress=told("CATSIB"))
        pointed = [
            item
            for j, item in enumerate(first.items)
            if first.outcome[j] == OK and (first.p[j] < rules.dif_alpha or item in task.new)
        ][:MOST_STUDIED]
        second = (
            multigroup(
                people,
                released,
                studied=pointed,
                wald=False,
                held=True,
                volume=volume,
                progress=told("likelihood ratio"),
            )
            if pointed
            else None
        )
    except AdaptestError as error:
        return (), f"DIF is not computed: {error}"
    return _rows(first, None if second is None else second.likelihood_ratio, rules), ""


def _rows(first: DifResult, second: DifResult | None, rules: Checks) -> tuple[Mapping[str, object], ...]:
    """Return what both methods say of each item."""
    ratio = {} if second is None else {item: j for j, item in enumerate(second.items)}
    rows = []
    for j, item in enumerate(first.items):
        k = ratio.get(item)
        tested = k is not None and second is not None and second.outcome[k] == OK
        p = float(second.p_adjusted[k]) if tested and second is not None and k is not None else float("nan")
        effect = float(second.effect[k]) if tested and second is not None and k is not None else float("nan")
        compared = f"{first.focal} against {first.reference}"
        said = f"expected score differs by {effect:+.3f}" if tested else _untested(first, j, second, k)
        rows.append(
            {
                "item": item,
                "reference": first.reference,
                "focal": first.focal,
                "n_reference": float(first.n_reference[j]),
                "n_focal": float(first.n_focal[j]),
                "outcome": first.outcome[j],
                "catsib": float(first.effect[j]),
                "catsib_p": float(first.p[j]),
                "likelihood_ratio_p": p,
                "effect": effect,
                "flagged": tested and p < rules.dif_alpha and abs(effect) >= rules.dif_effect,
                "detail": f"{compared}: {said}",
            }
        )
    return tuple(rows)


def _untested(first: DifResult, j: int, second: DifResult | None, k: int | None) -> str:
    """Return in words what the first method says of an item, and why the second says nothing."""
    if first.outcome[j] != OK:
        return first.reason[j]
    why = "not studied" if second is None or k is None else second.reason[k]
    return f"CATSIB {first.effect[j]:+.3f}, p {first.p[j]:.3f}; {why}"
