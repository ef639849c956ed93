"""Likelihood-ratio and Wald tests of each item in a joint calibration of two groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from adaptest.calibration import CalibrationResult
from adaptest.dif.held import Held, HeldFit
from adaptest.dif.multigroup import Split, constant_in_a_group, group_sizes, split_for
from adaptest.dif.purify import purified
from adaptest.dif.result import ALPHA, DifResult, Raw, Volume, chi_square_p, concluded, raw_of
from adaptest.dif.wald import wald_statistic
from adaptest.errors import AdaptestError, OptionError
from adaptest.models.base import Bools, Floats
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses

EFFECT = "expected-score difference, focal less reference, as a share of the highest score"
NODES = 61
SPAN = 6.0


@dataclass(frozen=True, slots=True)
class MultigroupDif:
    """Both tests, from the same calibrations; each method's result is a DifResult."""

    likelihood_ratio: DifResult
    wald: DifResult


def multigroup(
    responses: Responses,
    items: ItemParameters,
    *,
    reference: str | None = None,
    focal: str | None = None,
    studied: Sequence[str] | None = None,
    wald: bool = True,
    held: bool = False,
    purify: bool = False,
    volume: Volume = Volume(),  # noqa: B008 (frozen)
    progress: Callable[[int, int], None] | None = None,
) -> MultigroupDif:
    r"""Return the likelihood-ratio and Wald tests of each item, all others (or the anchors) being equal.

    .. math:: G^2_j = 2 (\ell_{j\,free} - \ell_{equal}), \quad
        W_j = (\hat\xi_{Fj} - \hat\xi_{Rj})' \Sigma_j^{-1} (\hat\xi_{Fj} - \hat\xi_{Rj})

    Each group has its own mean and variance, so that impact is not taken for DIF. The design may be sparse
    or adaptive: the likelihood needs no common form, as long as everything that chose the items is in it.
    The effect is the item's signed difference in expected score over the focal group's distribution (Meade
    2010), as a share of the highest score.

    Parameters
    ----------
    items : models by id (and asymptotes, which are held); slopes and difficulties are estimated anew
    studied : ids to test; all by default, at the price of one calibration each
    wald : without it no standard errors are computed: half the time
    held : hold all items but the studied one at their values in `items`: for adaptive sittings, whose items
        are known from before and cannot all be estimated from a narrow range of persons
    purify : items with p below .05 are set free, and the others tested again, until none changes
    volume : persons with the item needed for a verdict; an item with fewer is not tested, and stays an anchor
    progress : is told how many items are done, of how many that are tested

    Raises
    ------
    OptionError, for unknown items or groups.

    References
    ----------
    Thissen, Steinberg & Wainer (1993), in Holland & Wainer (eds), Differential item functioning, 67-113;
    Cai, Thissen & du Toit (2011), IRTPRO; Langer (2008) and Woods, Cai & Wang (2013), Educational and
    Psychological Measurement 73(3), 532-547 (Wald); Meade (2010), Journal of Applied Psychology 95(4),
    728-743.
    """
    split = split_for(responses, items, reference, focal, held=held)
    ids = split.responses.items
    wanted = ids if studied is None else tuple(studied)
    if unknown := [item for item in wanted if item not in ids]:
        raise OptionError(f"item {unknown[0]!r}: must be among the responses' items to be studied; it is not")
    reasons = constant_in_a_group(split.responses)
    sizes = group_sizes(split.responses)
    enough = volume.met(*sizes)
    raws: dict[str, Raw] = {}

    def test(anchors: Bools) -> Raw:
        both = _tests(split, wanted, enough, anchors, reasons, with_wald=wald, progress=progress)
        raws["likelihood_ratio"], raws["wald"] = both
        return both[0]

    _, anchors, rounds, settled = purified(test, _significant, len(ids), on=purify)
    results = [
        concluded(
            name, raw, items=ids, groups=split.groups, sizes=sizes, effect_name=EFFECT, volume=volume,
            anchors=anchors, rounds=rounds, settled=settled,
        )
        for name, raw in raws.items()
    ]  # fmt: skip
    return MultigroupDif(*results)


def _significant(raw: Raw) -> Bools:
    return np.asarray(np.nan_to_num(raw.p, nan=1.0) < ALPHA)


def _tests(
    split: Split,
    wanted: Sequence[str],
    enough: Bools,
    anchors: Bools,
    constant: Sequence[str],
    *,
    with_wald: bool,
    progress: Callable[[int, int], None] | None,
) -> tuple[Raw, Raw]:
    """Return both tests of the wanted items, given the anchors; what is no anchor stays free throughout.

    Of items without volume nothing is computed: each would cost a calibration, and come to no verdict.
    """
    ids = split.responses.items
    count = len(ids)
    ratio, squares = raw_of(count), raw_of(count)
    unsigned, difficulty = np.full(count, np.nan), np.full(count, np.nan)
    reason = [constant[row] or ("" if item in wanted else "not studied") for row, item in enumerate(ids)]
    wald_reason = [why or ("" if with_wald else "not asked for") for why in reason]
    always = [item for row, item in enumerate(ids) if not anchors[row] and not constant[row]]
    rows = [row for row in map(ids.index, wanted) if enough[row] and not reason[row]]
    base = split.fit(always) if split.anchors is None and rows else None
    held = Held.of(split) if rows and not always and not with_wald else None
    for done, row in enumerate(rows):
        item = ids[row]
        if progress is not None:
            progress(done, len(rows))
        low: CalibrationResult | HeldFit
        high: CalibrationResult | HeldFit
        try:
            if held is not None:
                low, high = held.fit(item, free=False), held.fit(item, free=True)
            elif anchors[row]:
                low = split.fit(always, studied=item) if base is None else base
                high = split.fit([*always, item], se=with_wald)
            else:
                low = split.fit([other for other in always if other != item], studied=item)
                high = split.fit(always, se=with_wald) if with_wald or base is None else base
        except AdaptestError as problem:
            reason[row] = wald_reason[row] = str(problem)
            continue
        ratio.statistic[row] = max(2 * (high.log_likelihood - low.log_likelihood), 0.0)
        pair = (item, split.focal_name(item))
        effect, whole, gap = _effect(high, pair)
        ratio.df[row] = float(high.n_parameters - low.n_parameters - split.held(item))
        ratio.effect[row] = squares.effect[row] = effect
        unsigned[row], difficulty[row] = whole, gap
        if with_wald and isinstance(high, CalibrationResult):
            statistic, df, why = wald_statistic(high, pair)
            squares.statistic[row], squares.df[row], wald_reason[row] = statistic, df, why
    extra = {"unsigned_difference": unsigned, "difficulty_difference": difficulty}
    return tuple(  # type: ignore[return-value]
        columns.raw(p=chi_square_p(columns.statistic, columns.df), classes=("",) * count,
            reason=tuple(why), extra=extra,
        )
        for columns, why in ((ratio, reason), (squares, wald_reason))
    )  # fmt: skip


def _effect(fit: CalibrationResult | HeldFit, pair: tuple[str, str]) -> tuple[float, float, float]:
    """Return the signed and unsigned mean difference of expected scores in the focal group, and of b."""
    items = fit.items.take(np.array([fit.items.row[name] for name in pair], dtype=np.intp))
    focal = fit.groups[1]
    z = np.linspace(-SPAN, SPAN, NODES)
    mass = np.exp(-(z**2) / 2)
    score = items.expected_score(focal.mean + z * focal.variance**0.5)
    change = (score[:, 1] - score[:, 0]) / (items.categories[0] - 1)
    share: Floats = mass / mass.sum()
    gap = float("nan")
    if len(items.blocks) == 1 and hasattr(items.blocks[0], "b"):
        b = items.blocks[0].b.reshape(2, -1)
        gap = float(np.nanmean(np.where(np.isfinite(b[1] - b[0]), b[1] - b[0], np.nan)))
    return float((share * change).sum()), float((share * np.abs(change)).sum()), gap
