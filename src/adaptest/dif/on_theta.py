"""Methods that match persons by estimated theta: CATSIB, and logistic regression on the WLE."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import erfc

from adaptest.dif.compared import group_pair
from adaptest.dif.effect_size import SIBTEST, size_classes
from adaptest.dif.logistic import EFFECT as R2_CHANGE
from adaptest.dif.logistic import Kind, compared_fits, three_fits
from adaptest.dif.result import DifResult, Volume, concluded, raw_of
from adaptest.models.base import Bools, Floats
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.scoring import score
from adaptest.scoring.leave_one_out import wle_without_each
from adaptest.scoring.matched import Matched, matched

BETA = "beta"
MOST_BINS = 80  # Nandakumar & Roussos (2004): begin with as many bins ...
FEWEST = 3  # ... of which each must hold this many persons of each group ...
MOST_LOST = 0.075  # ... and take fewer until no larger share of either group is lost
FEWEST_BINS = 5


@dataclass(frozen=True, slots=True, eq=False)
class OnTheta:
    """Two groups' answers, each person with a theta.

    Attributes
    ----------
    data : items and answers of both groups
    groups : reference and focal
    focal : (N,)
    theta, sem : (N,) logits; nan where there is none
    """

    data: Matched
    groups: tuple[str, str]
    focal: Bools
    theta: Floats
    sem: Floats

    @classmethod
    def of(
        cls,
        responses: Responses,
        items: ItemParameters,
        reference: str | None,
        focal: str | None,
        theta: Floats | None,
        sem: Floats | None,
    ) -> OnTheta:
        """Return both groups with the thetas given, (N,) of all persons, or the WLE on all items."""
        pair = group_pair(responses, reference, focal)
        if theta is None or sem is None:
            people = score(items, responses, "wle")
            good = people.converged
            theta, sem = np.where(good, people.theta, np.nan), np.where(good, people.sem, np.nan)
        index = [responses.groups.index(name) for name in pair]
        some = np.flatnonzero(np.isin(responses.group, index) & np.isfinite(theta) & np.isfinite(sem))
        data = matched(items, responses.take_persons(some))
        return cls(data, pair, data.responses.group == index[1], theta[some], sem[some])

    def sizes(self) -> tuple[Floats, Floats]:
        """Return (J,) reference and focal persons, by weight, with each item."""
        weight = self.data.weight[self.data.person]
        focal = self.focal[self.data.person]
        return self.data.item_sums(weight * ~focal), self.data.item_sums(weight * focal)


def catsib(
    responses: Responses,
    items: ItemParameters,
    *,
    reference: str | None = None,
    focal: str | None = None,
    matching: Sequence[str] | None = None,
    studied: Sequence[str] | None = None,
    volume: Volume = Volume(),  # noqa: B008 (frozen)
    progress: Callable[[int, int], None] | None = None,
) -> DifResult:
    r"""Return CATSIB's beta of each item: SIBTEST on regression-corrected theta, for adaptive sittings.

    .. math:: \theta^*_g = \bar\theta_g + r_g (\hat\theta - \bar\theta_g), \quad
        r_g = 1 - \overline{sem^2_g} / Var_g(\hat\theta)

    over bins of equal width in which both groups have three persons or more, as many bins as lose no more
    than 7.5 % of either group with the item; beta is the focal-weighted mean difference, reference less
    focal, as a share of the highest score. The statistic is (beta / error) squared. Theta is the WLE on the
    matching items without the studied one: EAP from one prior for all would hide impact, and an item in its
    own criterion looks like DIF after the correction.

    Parameters
    ----------
    matching : ids of the items that theta rests on, such as the operational ones; all by default
    studied : ids to test; all by default
    volume : persons with the item needed for a verdict; with fewer nothing is computed
    progress : is told how many items are done, of how many

    The correction supposes one reliability for a whole group, which adaptive sittings nearly have; where
    theta is measured unequally well, as on a fixed form, some impact stays: see the table that
    `calibration/studies/dif_rates.py` makes.

    References
    ----------
    Nandakumar & Roussos (2004), Journal of Educational and Behavioral Statistics 29(2), 177-199; Li, Gierl,
    Lai & Roussos, A modified CATSIB procedure for detecting differential item function on computer-based
    tests (one reliability for all is the weakness they mend).
    """
    nothing = np.zeros(len(responses))
    on = OnTheta.of(responses, items, reference, focal, nothing, nothing)
    criterion = set(on.data.items.ids if matching is None else matching)
    rows = np.array([k for k, item in enumerate(on.data.items.ids) if item in criterion], dtype=np.intp)
    count = len(on.data.items)
    columns = raw_of(count)
    p = np.full(count, np.nan)
    wanted = np.array([studied is None or item in studied for item in on.data.items.ids], dtype=np.bool_)
    reason = ["" if yes else "not studied" for yes in wanted]
    tested = wanted & volume.met(*on.sizes())
    theta, sem = wle_without_each(on.data, rows, tested)
    for j, cells in on.data.by_item():
        if not tested[j]:
            continue
        if progress is not None:
            progress(j, count)
        found = _beta(on, j, cells, theta[cells], sem[cells])
        if isinstance(found, str):
            reason[j] = found
            continue
        beta, se = found
        columns.effect[j], columns.effect_se[j] = beta, se
        columns.statistic[j], columns.df[j] = (beta / se) ** 2, 1.0
        p[j] = float(erfc(abs(beta / se) / np.sqrt(2)))
    raw = columns.raw(p=p, classes=size_classes(columns.effect, p, SIBTEST), reason=tuple(reason))
    return concluded(
        "catsib", raw, items=on.data.items.ids, groups=on.groups, sizes=on.sizes(), effect_name=BETA,
        volume=volume, anchors=np.ones(count, dtype=np.bool_),
    )  # fmt: skip


def _beta(on: OnTheta, j: int, cells: slice, theta: Floats, sem: Floats) -> tuple[float, float] | str:
    """Return beta and its error, or why there is none, from the theta and sem of each of the item's cells."""
    known = np.isfinite(theta)
    theta, sem = theta[known], sem[known]
    persons, scores = on.data.person[cells][known], on.data.score[cells][known]
    focal, weight = on.focal[persons], on.data.weight[persons]
    y = scores / (on.data.items.categories[j] - 1)
    match = np.empty(len(persons))
    for own in (~focal, focal):
        if own.sum() < FEWEST * FEWEST_BINS:
            return "too few persons of a group have the item"
        w = weight[own] / weight[own].sum()
        mean = float(w @ theta[own])
        variance = float(w @ (theta[own] - mean) ** 2)
        reliability = 1 - float(w @ sem[own] ** 2) / variance if variance > 0 else 0.0
        if reliability <= 0:
            return "theta has no positive reliability in a group"
        match[own] = mean + reliability * (theta[own] - mean)
    low = max(match[focal].min(), match[~focal].min())
    high = min(match[focal].max(), match[~focal].max())
    if not high > low:
        return "the groups' thetas do not overlap"
    for bins in range(MOST_BINS, FEWEST_BINS - 1, -1):
        place = np.floor((match - low) / (high - low) * bins).astype(np.intp)
        place[match == high] = bins - 1
        inside = (place >= 0) & (place < bins)
        persons_in = [np.bincount(place[inside & own], minlength=bins) for own in (~focal, focal)]
        usable = (persons_in[0] >= FEWEST) & (persons_in[1] >= FEWEST)
        kept = inside & usable[np.where(inside, place, 0)]
        lost = max(1 - weight[kept & own].sum() / weight[own].sum() for own in (~focal, focal))
        if lost <= MOST_LOST:
            break
    else:
        if not usable.any():
            return "no part of the theta scale has enough persons of both groups"
    return _difference(y[kept], place[kept], focal[kept], weight[kept], bins)


def _difference(
    y: Floats, place: Floats, focal: Bools, weight: Floats, bins: int
) -> tuple[float, float] | str:
    size, mean, spread = (np.zeros((2, bins)) for _ in range(3))
    for g in (0, 1):
        own = focal == bool(g)
        at = place[own].astype(np.intp)
        size[g] = np.bincount(at, weights=weight[own], minlength=bins)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean[g] = np.bincount(at, weights=weight[own] * y[own], minlength=bins) / size[g]
            square = np.bincount(at, weights=weight[own] * y[own] ** 2, minlength=bins) / size[g]
            spread[g] = (square - mean[g] ** 2) * size[g] / np.maximum(size[g] - 1, 1e-300)
    both = (size > 0).all(axis=0)
    share = np.where(both, size[1], 0.0)
    share = share[both] / share.sum()
    beta = float((share * (mean[0] - mean[1])[both]).sum())
    variance = float((share**2 * (spread / np.where(size > 0, size, 1.0)).sum(axis=0)[both]).sum())
    return (beta, float(np.sqrt(variance))) if variance > 0 else "the item does not vary within the bins"


def logistic_on_theta(
    responses: Responses,
    items: ItemParameters,
    kind: Kind = "both",
    *,
    reference: str | None = None,
    focal: str | None = None,
    theta: Floats | None = None,
    sem: Floats | None = None,
    volume: Volume = Volume(),  # noqa: B008 (frozen)
) -> DifResult:
    """Return the test of `adaptest.dif.logistic`, matched on theta (WLE) instead of a summed score.

    WLE is not shrunken towards a common mean; its error still lets impact through, the less the longer the
    sittings: second to the multi-group tests.

    Parameters
    ----------
    theta, sem : (N,) logits, of operational items where pretest items are studied; None scores WLE on all

    References
    ----------
    Swaminathan & Rogers (1990), Journal of Educational Measurement 27(4), 361-370.
    """
    on = OnTheta.of(responses, items, reference, focal, theta, sem)
    fits, sizes = [], on.sizes()
    for j, cells in on.data.by_item():
        persons = on.data.person[cells]
        k = np.arange(on.data.items.categories[j])
        counts = (on.data.score[cells][:, None] == k) * on.data.weight[persons][:, None]
        fits.append(
            three_fits(on.theta[persons], on.focal[persons].astype(np.float64), counts)
            if len(persons)
            else None
        )
    raw = compared_fits(fits, kind, sizes[0] + sizes[1])
    return concluded(
        f"logistic_on_theta_{kind}", raw, items=on.data.items.ids, groups=on.groups, sizes=sizes,
        effect_name=R2_CHANGE, volume=volume, anchors=np.ones(len(fits), dtype=np.bool_),
    )  # fmt: skip
