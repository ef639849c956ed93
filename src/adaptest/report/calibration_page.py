"""The calibration report: one self-contained page, flags first, readable on paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adaptest import __version__
from adaptest.calibration.result import FLAGS, CalibrationResult
from adaptest.models.base import Floats, Rows
from adaptest.numerics.quadrature import NormalPrior
from adaptest.parameters.columns import columns_of
from adaptest.report import figures
from adaptest.report.environment import template
from adaptest.report.item_curves import observed, panels
from adaptest.responses import Responses
from adaptest.scoring import score

PERSONS = 20_000  # at most, evenly spread over the file, behind the curves and the map
PANELS = 300  # at most; flagged items first
NODES = 121
SPAN_SD = 4.0
WITHOUT_GROUPS = 0.0, 4.0  # mean and variance to draw with where no latent distribution was estimated

MEANING = {
    **FLAGS,
    "anchored": "held at its bank value",
    "at_prior": "the posterior is the prior: the responses said nothing about it",
    "at_bound": "on the edge of the parameter space: not a maximum inside it",
    "extreme": "every response in one category: the maximum is at infinity, no values",
    "no_responses": "nobody was presented it: no values",
    "inestimable": "no finite estimate: no values",
    "held": "fewer responses than the gate asks for: no values",
    "grid_sensitive": "the log-likelihood moves by more than .01 on a finer and wider grid",
    "disconnected": "parts of the design share neither persons nor items: their scales are not comparable"
    " beyond the assumption that their persons are alike",
    "quick_look": "abilities were taken as known; slopes are biased towards 0, and no error can be believed",
    "weak_links": "parts of the design hang together by few persons or items",
}


def page(result: CalibrationResult, record: Mapping[str, Any]) -> str:
    """Return the page's HTML.

    Parameters
    ----------
    record : run.json's content, of the same result
    """
    people = _sample(result.data).lowered(result.lowest_score)
    theta = _theta(result, people)
    low, high = _span(result)
    rows = _rows(result)
    order = sorted(range(len(rows)), key=lambda j: not rows[j]["doubts"])[:PANELS]
    with_parameters = [j for j in order if result.item_ids[j] in result.items.row]
    finite = np.isfinite(theta)
    curves: dict[str, str] = {}
    if with_parameters and finite.any():
        ids = [result.item_ids[j] for j in with_parameters]
        items = result.items.take(np.array([result.items.row[item] for item in ids], dtype=np.intp))
        place = {item: k for k, item in enumerate(people.items)}
        answered = people.take_items(np.array([place[item] for item in ids], dtype=np.intp))
        highest: Rows = items.categories - 1
        points = observed(answered.take_persons(np.flatnonzero(finite)), theta[finite], highest)
        curves = dict(zip(ids, panels(items, points, low, high), strict=True))
    return template("calibration.html").render(
        version=__version__,
        result=result,
        record=record,
        doubts=_doubts(result),
        rows=rows,
        curves=curves,
        columns=[name for name, column in _values(result).items() if _says(name, column)],
        meaning=MEANING,
        n_sample=int(finite.sum()),
        figure_information=_information(result, low, high),
        figure_map=_map(result, theta[finite], people.weight[finite]),
        figure_convergence=_convergence(result),
    )


def _sample(responses: Responses) -> Responses:
    """Return the resolved responses of at most PERSONS persons, evenly spread."""
    n = len(responses)
    rows = (
        np.unique(np.linspace(0, n - 1, min(n, PERSONS)).round().astype(np.intp))
        if n
        else np.zeros(0, np.intp)
    )
    return responses.take_persons(rows).resolved()


def _theta(result: CalibrationResult, people: Responses) -> Floats:
    """Return each person's EAP under the own group's distribution; nan without responses."""
    theta = np.full(len(people), np.nan)
    place = {item: k for k, item in enumerate(people.items)}
    known = np.array([place[item] for item in result.items.ids if item in place], dtype=np.intp)
    moments = {group.name: (group.mean, group.variance) for group in result.groups}
    for k, name in enumerate(people.groups):
        rows = np.flatnonzero(people.group == k)
        if rows.size and known.size:
            mean, variance = moments.get(name, WITHOUT_GROUPS)
            part = people.take_persons(rows).take_items(known)
            theta[rows] = score(result.items, part, "eap", prior=NormalPrior(mean, variance**0.5)).theta
    return theta


def _span(result: CalibrationResult) -> tuple[float, float]:
    moments = [(g.mean, g.variance) for g in result.groups] or [WITHOUT_GROUPS]
    ends = [(mean - SPAN_SD * variance**0.5, mean + SPAN_SD * variance**0.5) for mean, variance in moments]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _doubts(result: CalibrationResult) -> list[tuple[str, str]]:
    """Return what is doubtful about the whole fit: a word and a sentence each."""
    doubts = []
    if not result.converged:
        doubts.append(("not converged", result.reason))
    if result.information_positive_definite is False:
        doubts.append(
            (
                "no standard errors",
                "the information matrix is not positive definite: the data do not fix all parameters",
            )
        )
    return doubts + [(flag.replace("_", " "), MEANING.get(flag, "")) for flag in result.flags_of_fit]


def _values(result: CalibrationResult) -> dict[str, Floats]:
    """Return each column of parameters, (J,) by the input's items; nan where an item has none."""
    place = [result.items.row.get(item, -1) for item in result.item_ids]
    columns = columns_of(result.items)
    return _spread(
        {name: np.concatenate([c, np.full((1, *c.shape[1:]), np.nan)])[place] for name, c in columns.items()}
    )


def _says(name: str, column: Floats) -> bool:
    """Return whether a column is worth its width: some item has a value, other than an asymptote's 0 or 1."""
    trivial = {"guessing": 0.0, "upper_asymptote": 1.0}.get(name)
    return bool((np.isfinite(column) & (column != trivial)).any())


def _spread(columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return (J, m) columns as m of them: step_1, step_2, ..."""
    single: dict[str, Floats] = {}
    for name, column in columns.items():
        if column.ndim == 1:
            single[name] = column
        else:
            single |= {f"{name}_{k}": column[:, k - 1] for k in range(1, column.shape[1] + 1)}
    return single


def _rows(result: CalibrationResult) -> list[dict[str, Any]]:
    quiet = {"estimated", "anchored"}
    values, se = _values(result), _spread(result.se)
    return [
        {
            "item": item,
            "model": result.models[j],
            "values": {name: _shown(column[j]) for name, column in values.items()},
            "se": {name: _shown(column[j]) for name, column in se.items()},
            "n": f"{result.n[j]:g}",
            "status": result.status[j],
            "flags": list(result.flags[j]),
            "doubts": [*([] if result.status[j] in quiet else [result.status[j]]), *result.flags[j]],
            "prior": result.priors[j],
        }
        for j, item in enumerate(result.item_ids)
    ]


def _shown(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else ""


def _information(result: CalibrationResult, low: float, high: float) -> str:
    moments = [(group.name, group.mean, group.variance**0.5) for group in result.groups]
    return figures.information_and_sem(result.items, np.linspace(low, high, NODES), moments)


def _map(result: CalibrationResult, theta: Floats, weight: Floats) -> str:
    located = [
        values
        for name, values in _values(result).items()
        if name == "difficulty" or name.startswith(("threshold_", "step_"))
    ]
    locations = np.concatenate(located) if located else np.zeros(0)
    return figures.person_item_map(theta, weight, locations[np.isfinite(locations)])


def _convergence(result: CalibrationResult) -> str:
    if not result.history:
        return ""
    last = result.log_posterior
    return figures.convergence(
        [step.iteration for step in result.history],
        [max(last - step.log_posterior, 0.0) for step in result.history],
        [step.largest_change for step in result.history],
    )
