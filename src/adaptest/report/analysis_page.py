"""The analysis report: one self-contained page, what needs a person first, readable on paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adaptest import __version__
from adaptest.dif.result import INSUFFICIENT, OK
from adaptest.models.base import Floats
from adaptest.report import figures
from adaptest.report.analysis import MEANING, PRIMARY, Analysis
from adaptest.report.analysis_files import item_rows, model_record
from adaptest.report.environment import template
from adaptest.report.item_curves import observed, panels

PANELS = 200  # at most; flagged items first
SHOWN = 40  # pairs of items, and of persons
SPAN_SD = 4.0
ON_PAGE = ("mantel_haenszel", "logistic_both", "standardisation", "sibtest", "likelihood_ratio", "wald")
ON_PAGE_ADAPTIVE = ("likelihood_ratio", "wald", "catsib", "logistic_on_theta_both")
STATUS_COLUMNS = (
    ("n", 0), ("p", 3), ("expected_p", 3), ("item_rest", 3), ("theta_correlation", 3), ("biserial", 3),
    ("infit", 2), ("outfit", 2), ("s_x2", 1), ("s_x2_df", 0), ("s_x2_p", 3), ("pv_q1_p", 3), ("rmsd", 3),
)  # fmt: skip


def page(found: Analysis, title: str) -> str:
    """Return the page's HTML.

    Parameters
    ----------
    title : what was analysed: a file's name
    """
    record = model_record(found)
    rows = item_rows(found)
    columns = [(name, digits) for name, digits in STATUS_COLUMNS if any(_there(row[name]) for row in rows)]
    table = [
        {
            "item": row["item_id"],
            "flags": row["flags"].split(),
            "cells": [_number(row[name], digits) for name, digits in columns],
        }
        for row in rows
    ]
    return template("analysis.html").render(
        version=__version__,
        title=title,
        r=record,
        found=found,
        meaning=MEANING,
        primary=PRIMARY,
        columns=[name for name, _ in columns],
        table=table,
        flagged=[table[j] for j in found.flagged_items],
        dif=_dif(found),
        dif_said={item: found.dif_flags(item) for item in found.data.items.ids},
        refused=_refused(found),
        pairs=_pairs(found),
        options=_options(found),
        similar=_similar(found),
        curves=_curves(found),
        figure_sem=_sem(found),
        misfits=_misfits(found),
        number=_number,
        p_value=_p,
    )


def _there(value: Any) -> bool:
    return value is not None and bool(np.isfinite(value))


def _number(value: Any, digits: int = 3) -> str:
    return f"{value:.{digits}f}" if _there(value) else ""


def _dif(found: Analysis) -> list[dict[str, Any]]:
    """Return for each comparison its methods, and a row an item with each method's verdict."""
    tables = []
    for focal in dict.fromkeys(one.focal for one in found.dif):
        methods = [one for one in found.dif if one.focal == focal]
        valid = [one for one in methods if set(one.outcome) != {"refused"}]
        wanted = ON_PAGE if found.core.is_fixed else ON_PAGE_ADAPTIVE
        shown = [one for one in valid if one.method in wanted]
        rows = []
        for j, item in enumerate(found.data.items.ids):
            cells = [
                {
                    "text": _verdict(one.p[j], one.classes[j]),
                    "doubt": bool(one.flagged[j]),
                    "title": one.reason[j],
                }
                for one in shown
            ]
            effect = next((one.effect[j] for one in shown if one.method == "mantel_haenszel"), np.nan)
            score = next((one.effect[j] for one in shown if one.method == "likelihood_ratio"), np.nan)
            if not any(one.outcome[j] == OK for one in shown):
                continue
            rows.append(
                {"item": item, "cells": cells, "delta": _number(effect, 2), "score": _number(score, 3)}
            )
        first = methods[0]
        short = {
            item: why
            for one in shown
            for item, word, why in zip(one.items, one.outcome, one.reason, strict=True)
            if word == INSUFFICIENT
        }
        tables.append(
            {
                "reference": first.reference,
                "focal": focal,
                "methods": [one.method.replace("_", " ") for one in shown],
                "refused": [
                    (one.method.replace("_", " "), one.reason[0]) for one in methods if one not in valid
                ],
                "rows": rows,
                "items": len(found.data.items),
                "short": len(short),
                "deltas": any(row["delta"] for row in rows),
                "why": next(iter(short.values()), ""),
                "example": next(iter(short), ""),
            }
        )
    return tables


def _verdict(p: float, word: str) -> str:
    return f"{_p(p)} {word}".strip() if np.isfinite(p) else word


def _p(p: float) -> str:
    return "<.001" if p < 0.001 else f"{p:.3f}"  # noqa: PLR2004 (three digits are shown)


def _refused(found: Analysis) -> list[tuple[str, str]]:
    """Return what was refused, and why, each sentence once."""
    refused = [
        ("classical correlations, alpha and omega", "" if found.core.is_fixed else found.classical.reason[0])
    ]
    refused.append(("S-X2", found.s_x2.reason[0] if not found.core.is_fixed and found.s_x2.reason else ""))
    refused.append((found.model_fit.name, found.model_fit.reason))
    refused.append(("LD-X2", found.pairs.reason))
    refused.append(("marginal reliability", found.reliability.marginal_reason))
    refused.append(("omega", found.classical.omega_reason if found.core.is_fixed else ""))
    refused.append(("answer similarity", found.similarity.reason if found.similarity else ""))
    refused += [(f"decisions at {one.cut:g} by {one.method}", one.reason) for one in found.decisions]
    return [(what, why) for what, why in refused if why]


def _pairs(found: Analysis) -> list[dict[str, Any]]:
    pairs, ids = found.pairs, found.data.items.ids
    bad = np.flatnonzero(pairs.flagged)
    order = bad[np.argsort(-np.nan_to_num(pairs.q3[bad]), kind="stable")]
    return [
        {
            "first": ids[pairs.first[k]],
            "second": ids[pairs.second[k]],
            "q3": _number(pairs.q3[k], 2),
            "x2": _number(pairs.ld_standardised[k], 1),
            "v": _number(pairs.cramer_v[k], 2),
        }
        for k in order[:SHOWN]
    ]


def _options(found: Analysis) -> dict[str, list[dict[str, Any]]]:
    """Return the options of items with a distractor that accuses the key."""
    if found.distractors is None:
        return {}
    bad = {
        item for item, words in found.distractors.flags.items() if {"key_check", "unchosen_key"} & {*words}
    }
    tables: dict[str, list[dict[str, Any]]] = {}
    for row in found.distractors.rows:
        if row.item in bad:
            tables.setdefault(row.item, []).append(
                {
                    "option": row.option,
                    "key": row.is_key,
                    "n": f"{row.n:g}",
                    "share": _number(row.share, 3),
                    "correlation": _number(row.correlation, 3),
                    "mean": _number(row.mean, 2),
                    "doubt": row.flagged,
                }
            )
    return tables


def _similar(found: Analysis) -> list[dict[str, Any]]:
    alike, persons = found.similarity, found.data.responses.persons
    if alike is None:
        return []
    return [
        {
            "first": persons[alike.first[k]],
            "second": persons[alike.second[k]],
            "matches": f"{alike.matches[k]} of {alike.n[k]}",
            "expected": _number(alike.expected[k], 1),
            "p": f"{alike.p_adjusted[k]:.1e}",
        }
        for k in np.flatnonzero(alike.flagged)[:SHOWN]
    ]


def _curves(found: Analysis) -> dict[str, str]:
    theta = found.people.theta
    finite = np.flatnonzero(np.isfinite(theta))
    if not finite.size:
        return {}
    order = sorted(range(len(found.flags)), key=lambda j: not found.flags[j])[:PANELS]
    rows = np.array(order, dtype=np.intp)
    items = found.data.items.take(rows)
    low, high = _span(found)
    answered = found.data.responses.take_items(rows).take_persons(finite)
    points = observed(answered, theta[finite], items.categories - 1)
    return dict(zip(items.ids, panels(items, points, low, high), strict=True))


def _span(found: Analysis) -> tuple[float, float]:
    mean, sd = found.population.pooled
    return mean - SPAN_SD * sd, mean + SPAN_SD * sd


def _sem(found: Analysis) -> str:
    if not found.core.is_fixed:
        return ""
    low, high = _span(found)
    crowd = found.population
    moments = [
        (name, float(mean), float(sd))
        for name, mean, sd in zip(crowd.groups, crowd.mean, crowd.sd, strict=True)
    ]
    theta: Floats = np.linspace(low, high, 121)
    return figures.information_and_sem(found.data.items.take(found.core.items), theta, moments)


def _misfits(found: Analysis) -> Mapping[str, Any]:
    fit = found.person_fit
    judged = int(np.isfinite(fit.lz_star).sum())
    return {"judged": judged, "flagged": int(fit.flagged.sum()), "method": fit.method}
