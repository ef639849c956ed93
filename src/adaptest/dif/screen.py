"""The course of every sum-score method: common form, volume, purification, result."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from adaptest.dif.compared import SCORES, Compared, compared, group_pair
from adaptest.dif.purify import purified
from adaptest.dif.result import ALPHA, DifResult, Raw, Volume, concluded, refusal
from adaptest.models.base import Bools, Floats
from adaptest.responses import Responses

Test = Callable[[Compared, Bools], Raw]
Flags = Callable[[Raw], Bools]


def significant(raw: Raw) -> Bools:
    """Return (J,) whether p is below .05."""
    return np.asarray(np.nan_to_num(raw.p, nan=1.0) < ALPHA)


def screened(
    method: str,
    responses: Responses,
    test: Test,
    *,
    effect_name: str,
    reference: str | None,
    focal: str | None,
    purify: bool,
    volume: Volume,
    adaptive: bool | None,
    flags: Flags = significant,
) -> DifResult:
    """Return what a test of the items of a common form says, purified where asked for.

    Parameters
    ----------
    test : of all J items of the form, given which of them are anchors
    flags : which items leave the anchors in the next round of purification
    """
    groups = group_pair(responses, reference, focal)
    data = compared(responses, groups, adaptive=adaptive)
    if not data.core.is_fixed:
        reason = f"{SCORES}: {data.core.reason}"
        return refusal(method, data.items, groups, reason, effect_name)
    if min(data.sizes) == 0:
        return refusal(
            method, data.items, groups, "one of the groups has nobody with the whole form", effect_name
        )
    raw, anchors, rounds, settled = purified(
        lambda keep: test(data, keep), flags, len(data.highest), on=purify
    )
    return concluded(
        method,
        _spread(raw, data),
        items=data.items,
        groups=groups,
        sizes=_sizes(data),
        effect_name=effect_name,
        volume=volume,
        anchors=_rows(anchors, data, fill=False),
        rounds=rounds,
        settled=settled,
    )


def _rows(values: Bools, data: Compared, *, fill: bool) -> Bools:
    whole = np.full(len(data.items), fill, dtype=np.bool_)
    whole[data.core.items] = values
    return whole


def _sizes(data: Compared) -> tuple[Floats, Floats]:
    within = np.isin(np.arange(len(data.items)), data.core.items)
    return np.where(within, data.sizes[0], 0.0), np.where(within, data.sizes[1], 0.0)


def _spread(raw: Raw, data: Compared) -> Raw:
    """Return the form's numbers in the rows of all items."""
    count, rows = len(data.items), data.core.items

    def column(values: Floats) -> Floats:
        whole = np.full((count, *values.shape[1:]), np.nan)
        whole[rows] = values
        return whole

    classes, reason = [""] * count, ["not in the common form"] * count
    for k, row in enumerate(rows.tolist()):
        classes[row], reason[row] = raw.classes[k], raw.reason[k]
    return Raw(
        column(raw.statistic),
        column(raw.df),
        column(raw.p),
        column(raw.effect),
        column(raw.effect_se),
        tuple(classes),
        tuple(reason),
        {name: column(values) for name, values in raw.extra.items()},
    )
