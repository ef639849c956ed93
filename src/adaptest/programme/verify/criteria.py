"""Selection criteria as catR weighs them: on its nodes, its sums not divided by those of the weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adaptest.engine.spec import CRITERIA
from adaptest.models.base import Floats
from adaptest.numerics.quadrature import Grid, NormalPrior, fixed_grid
from adaptest.parameters import ItemParameters
from adaptest.programme.verify.banks import items_of
from adaptest.programme.verify.case import Case, Context, NotComputedError, Number, number
from adaptest.selection import Setting, Situation

# catR sums GDI over equal weights and not by the trapezoid rule: pieces of full width at both ends
RECTANGLES: dict[str, Any] = {"low": -4.125, "high": 4.125}
LIKELIHOOD, POSTERIOR, AVERAGE = "likelihood", "posterior", "average"
# catR weighs each score by its probability at the estimate; our default by its probability over the posterior
AT_ESTIMATE: dict[str, Any] = {"weight": "estimate", "update": "map"}
OURS: dict[str, tuple[str, dict[str, Any], str]] = {  # first word of the case's -> ours, options, scale
    "|b-theta|": ("closest_difficulty", {}, AVERAGE),
    "|theta_max-theta|": ("theta_optimal", {}, AVERAGE),
    "MLWI": ("likelihood_weighted_information", {}, LIKELIHOOD),
    "MPWI": ("posterior_weighted_information", {}, POSTERIOR),
    "GDI": ("discrimination_index", RECTANGLES, AVERAGE),
    "GDIP": ("posterior_discrimination_index", {}, AVERAGE),
    "MEI observed-information": ("expected_information", {"information": "observed"} | AT_ESTIMATE, AVERAGE),
    "MEI Fisher-information": ("expected_information", {"information": "fisher"} | AT_ESTIMATE, AVERAGE),
    "MEPV": ("expected_posterior_variance", {"weight": "estimate"}, AVERAGE),
    "KL": ("likelihood_weighted_kullback_leibler", {}, LIKELIHOOD),
    "KLP": ("posterior_weighted_kullback_leibler", {}, POSTERIOR),
}
COLUMNS = {"MEI_obs": "MEI observed-information", "MEI_F": "MEI Fisher-information", "EPV": "MEPV"}
MODES = 5e-4  # catR's root finder stops at 1e-4: its modes, and what follows from them, are that exact


def of_criterion(case: Case, context: Context) -> list[Number]:
    """Return the best item and its value."""
    word = case.inputs["criterion"].partition(" (")[0]
    value = _values(case, context, word)
    best = int(np.argmax(value))
    close = MODES if word.startswith("MEI") else case.close("criterion_value")
    return [
        number("item", best, case.expected["item_0based"], 0.0),
        number(f"value of {word}", abs(value[best]), case.expected["criterion_value"], close),
    ]


def criterion_values(case: Case, context: Context) -> list[Number]:
    """Return the values of some candidates by several criteria."""
    found = []
    for column, theirs in case.expected.items():
        value = _values(case, context, COLUMNS.get(column, column))
        ours = np.abs(value[case.inputs["candidates_0based"]])
        found.append(number(column, ours, theirs, case.close(column)))
    return found


def _values(case: Case, context: Context, word: str) -> Floats:
    if word not in OURS:
        raise NotComputedError(f"criterion {word!r} is none of ours alone")
    name, options, scale = OURS[word]
    bank = items_of(context, {"bank": case.inputs["bank"]})
    now = _situation(bank, case.inputs, _nodes(name))
    value: Floats = CRITERIA[name](**options)(now)[0]
    if scale == AVERAGE:
        return value
    theta = now.setting.theta
    weight = np.full(len(theta), theta[1] - theta[0])
    weight[[0, -1]] /= 2
    density = np.exp(NormalPrior().log_density(theta)) if scale == POSTERIOR else np.ones(len(theta))
    log_p = bank.log_probability(theta)
    for row, score in zip(now.rows[0], now.scores[0], strict=True):
        density = density * np.exp(log_p[:, row, score])
    return value * float((weight * density).sum())


def _nodes(name: str) -> Grid:
    """Return catR's nodes: 33 on [-4, 4], by the trapezoid rule or, for GDI, all alike."""
    if name == "expected_information":  # its estimates are modes: nodes fine enough for them
        return NormalPrior().grid(spacing=0.1)
    return fixed_grid(-4, 4, 33, NormalPrior(), trapezoid="discrimination_index" not in name)


def _situation(bank: ItemParameters, inputs: Mapping[str, Any], nodes: Grid) -> Situation:
    given = inputs.get("administered_0based", [])
    scores = np.array([inputs.get("responses", [])], dtype=np.intp).reshape(1, -1)
    rows = np.array([given], dtype=np.intp)[:, : scores.shape[1]]
    log_p = bank.log_probability(nodes.theta)
    carried = nodes.log_weight + sum(log_p[:, r, s] for r, s in zip(rows[0], scores[0], strict=True))
    eligible = np.ones((1, len(bank)), dtype=bool)
    eligible[0, given] = False
    setting = Setting(bank, nodes.theta, nodes.log_weight, 1, None)
    theta = np.array([float(inputs.get("theta", 0.0))])
    seed = np.zeros(1, dtype=np.uint64)
    return Situation(setting, seed, theta, np.ones(1), rows, scores, eligible, lambda: carried[None])
