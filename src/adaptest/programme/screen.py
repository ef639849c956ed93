"""Step 4: classical numbers that a wrong key, or an item that does not work, gives away at once.

A randomly seeded item is looked at by its share correct and its correlation with theta of the operational
items. An adaptively given item's share correct reflects whom it was given to: it is compared with what the
model expects of those persons. For both, the options are compared: a distractor that goes with theta more
than the key does says that the key may be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptest.models.base import Bools, Floats, Rows
from adaptest.parameters import ItemParameters
from adaptest.programme.collect import Collection
from adaptest.programme.policy import Screen
from adaptest.programme.task import BankItem
from adaptest.scoring import score

Options = tuple[tuple[str, float, float], ...]  # letter, share, correlation; the key first

NOBODY = -1  # an item without responses
MARGIN_SD = 2.0  # standard errors of 0 that a distractor's correlation must be above the key's by


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """J items' classical numbers.

    Attributes
    ----------
    seeded : (J,) whether it was shown at random places to random persons
    n : (J,) responses looked at
    p, expected : (J,) share correct, and what the model expects of these persons (nan where it has none)
    r : (J,) correlation of the item's score with theta
    options : per item (letter, share, correlation with theta), the key's first
    flags : per item words: p_low, p_high, r_low, distractor, p_unexpected
    theta : (S,) of the operational items, WLE; nan where there is none
    """

    items: tuple[str, ...]
    seeded: Bools
    n: Rows
    p: Floats
    expected: Floats
    r: Floats
    options: tuple[Options, ...]
    flags: tuple[tuple[str, ...], ...]
    theta: Floats


def theta_of(collection: Collection, operational: ItemParameters, keep: Bools) -> Floats:
    """Return (S,) each sitting's Warm estimate from the kept responses; nan without one."""
    theta = np.full(len(collection.log.sittings), np.nan)
    people = collection.responses(operational.ids, keep)
    place = {sitting: k for k, sitting in enumerate(collection.log.sittings)}
    if len(people):
        found = score(operational, people, "wle")
        known = np.isfinite(found.theta)
        rows = np.array([place[one] for one in people.persons], dtype=np.intp)
        theta[rows] = np.where(known, found.theta, np.nan)
    return theta


def screen(
    collection: Collection,
    items: Mapping[str, BankItem],
    operational: ItemParameters,
    wanted: Sequence[str],
    keep: Bools,
    rules: Screen,
    *,
    expected: bool,
) -> Screened:
    """Return the classical numbers of some items.

    Parameters
    ----------
    operational : items with parameters, whose theta is the criterion
    wanted : the items to look at
    keep : (n,) the responses that count
    expected : whether the model's expectation of operational items means anything (not where it is judged)
    """
    log = collection.log
    theta = theta_of(collection, operational, keep & ~log.pretest)
    place = {item: k for k, item in enumerate(log.items)}
    rows = np.flatnonzero(keep & np.isfinite(theta[log.sitting]) & (log.score >= 0))
    size, item = len(log.items), log.item[rows].astype(np.intp)
    x, t = log.score[rows].astype(np.float64), theta[log.sitting[rows]]

    def total(values: Floats) -> Floats:
        summed: Floats = np.bincount(item, weights=values, minlength=size).astype(np.float64)
        return summed

    n = np.bincount(item, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_t = total(x) / n, total(t) / n
        var_x, var_t = total(x * x) / n - mean_x**2, total(t * t) / n - mean_t**2
        r = (total(x * t) / n - mean_x * mean_t) / np.sqrt(var_x * var_t)
    model = _expected(operational, log.items, item, t) if expected else np.full(len(rows), np.nan)
    share, spread = total(model) / np.maximum(n, 1), total(model * (1 - model))
    seeded = np.bincount(item, weights=log.pretest[rows], minlength=size) > n / 2
    choices = _choices(collection, rows, t, n, mean_t, var_t)
    found = [NOBODY if (k := place.get(name)) is None or n[k] == 0 else k for name in wanted]
    options = tuple(
        () if k == NOBODY else _ordered(choices.get(k, {}), items[name].key if name in items else "")
        for name, k in zip(wanted, found, strict=True)
    )

    def column(values: NDArray[Any], missing: float) -> Floats:
        return np.array([missing if k == NOBODY else values[k] for k in found], dtype=np.float64)

    shown = column(seeded, 0) > 0
    count, p, wanted_p, goes = column(n, 0), column(mean_x, np.nan), column(share, np.nan), column(r, np.nan)
    if not expected:
        wanted_p = np.full(len(found), np.nan)
    noise = np.sqrt(column(spread, 0))
    flags = tuple(
        _flags(
            rules,
            float(count[j]),
            float(p[j]),
            float(np.nan if shown[j] else wanted_p[j]),
            float(goes[j]),
            float(noise[j]),
            options[j],
        )
        for j in range(len(found))
    )
    return Screened(tuple(wanted), shown, count.astype(np.intp), p, wanted_p, goes, options, flags, theta)


def _flags(
    rules: Screen, n: float, p: float, expected: float, r: float, noise: float, options: Options
) -> tuple[str, ...]:
    """Return what is odd about one item; `expected` is nan where its share correct speaks for itself."""
    if n < rules.minimum:
        return ()
    flags = []
    if np.isnan(expected):
        flags += ["p_low"] if p < rules.p_low else []
        flags += ["p_high"] if p > rules.p_high else []
        flags += ["r_low"] if not r >= rules.correlation else []
    elif abs(p - expected) > rules.expected_p and abs(p - expected) * n > rules.expected_z * noise:
        flags.append("p_unexpected")
    if options and any(own > options[0][2] + MARGIN_SD / np.sqrt(n) for _, _, own in options[1:]):
        flags.append("distractor")
    return tuple(flags)


def _expected(operational: ItemParameters, names: Sequence[str], item: Rows, theta: Floats) -> Floats:
    """Return (n,) the expected score of each response; nan where its item has no parameters."""
    result = np.full(len(item), np.nan)
    if not len(item):
        return result
    order = np.argsort(item, kind="stable")
    codes, first = np.unique(item[order], return_index=True)
    for code, mine in zip(codes, np.split(order, first[1:]), strict=True):
        row = operational.row.get(names[code])
        if row is not None:
            result[mine] = operational.take(np.array([row])).expected_score(theta[mine])[:, 0]
    return result


def _choices(
    collection: Collection, rows: Rows, theta: Floats, n: Rows, mean: Floats, variance: Floats
) -> dict[int, dict[str, tuple[float, float]]]:
    """Return item code -> letter -> (share that chose it, correlation of choosing it with theta)."""
    log = collection.log
    known = np.flatnonzero(log.option[rows] >= 0)
    if not known.size:
        return {}
    pair = log.item[rows[known]].astype(np.int64) * len(log.options) + log.option[rows[known]]
    cells, place, count = np.unique(pair, return_inverse=True, return_counts=True)
    chosen = np.bincount(place, weights=theta[known])
    result: dict[int, dict[str, tuple[float, float]]] = {}
    for cell, times, summed in zip(cells.tolist(), count.tolist(), chosen.tolist(), strict=True):
        k, letter = divmod(cell, len(log.options))
        share = times / n[k]
        spread = np.sqrt(share * (1 - share) * variance[k])
        r = (summed / n[k] - share * mean[k]) / spread if spread > 0 else float("nan")
        if letter_name := log.options[letter]:
            result.setdefault(k, {})[letter_name] = share, float(r)
    return result


def _ordered(choices: Mapping[str, tuple[float, float]], key: str) -> Options:
    """Return the options with the key first; nothing where nobody chose the key, or no letters are known."""
    if key not in choices:
        return ()
    others = sorted(letter for letter in choices if letter != key)
    return tuple((letter, *choices[letter]) for letter in (key, *others))
