"""What a calibration case prints beside the parameters: scores of patterns, item fit, M2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adaptest import fit as fitting
from adaptest.calibration import CalibrationResult
from adaptest.calibration.population import population
from adaptest.programme.verify.case import Case, Number, number
from adaptest.responses.core import core_of
from adaptest.scoring.estimators import estimator
from adaptest.scoring.matched import matched

METHODS = {"EAP": "eap", "MAP": "map", "ML": "mle", "WLE": "wle"}
CLOSE = 0.005  # logits: the source's parameters stop where its own fit stopped
CLOSE_FIT = 0.02  # of a fit statistic, likewise


def beside(case: Case, fit: CalibrationResult) -> list[Number]:
    """Return scores, item fit and M2, where the case prints them."""
    expected = case.expected
    found = []
    if isinstance(expected.get("scores"), dict):
        found += _scores(expected["scores"], fit)
    rows = expected.get("itemfit")
    if isinstance(rows, list) and rows and "S_X2" in rows[0]:
        found += _item_fit(rows, fit)
    if isinstance(expected.get("M2"), dict):
        data = matched(fit.items, fit.data)
        m2 = fitting.model_fit(data, population(data), core_of(data.responses))
        found.append(number("M2", m2.statistic, expected["M2"]["M2"], CLOSE_FIT))
        found.append(number("M2 df", m2.df, expected["M2"]["df"], 0.0))
    return found


def _scores(printed: Mapping[str, Any], fit: CalibrationResult) -> list[Number]:
    found = []
    for word, method in METHODS.items():
        rows = printed.get(word)
        if rows is None:
            continue
        if isinstance(rows, Mapping):  # columns over all patterns in binary order
            theta, n = rows["theta"], len(fit.items)
            patterns = np.array([[code >> (n - 1 - k) & 1 for k in range(n)] for code in range(2**n)])
        else:
            theta = [row["F1"] for row in rows]
            patterns = np.array([[row[item] for item in fit.item_ids] for row in rows])
        places = np.broadcast_to(np.arange(patterns.shape[1]), patterns.shape)
        ours = estimator(method, fit.items)(places, patterns.astype(np.intp)).theta
        theirs = np.array([np.nan if value is None else value for value in theta])
        found.append(number(f"theta {method}", ours, theirs, CLOSE))
    return found


def _item_fit(rows: Sequence[Mapping[str, Any]], fit: CalibrationResult) -> list[Number]:
    """Return S-X2 of the items whose score groups were not joined, and Zh.

    Programs join groups with few expected answers by rules of their own; J - 3 degrees of freedom say that
    nothing was joined.
    """
    data = matched(fit.items, fit.data)
    people = population(data)
    s = fitting.s_x2(data, people, core_of(data.responses))
    whole = len(rows) - 3
    theirs = [_cell(row, "S_X2") if row.get("df.S_X2", whole) == whole else float("nan") for row in rows]
    found = []
    if np.isfinite(theirs).any():
        found.append(number("S-X2", s.statistic, theirs, CLOSE_FIT))
    if "Zh" in rows[0]:
        zh = fitting.zh(fitting.residuals(data, people.eap))
        found.append(number("Zh", zh, [_cell(row, "Zh") for row in rows], CLOSE_FIT))
    return found


def _cell(row: Mapping[str, Any], name: str) -> float:
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")
