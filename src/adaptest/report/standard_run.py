"""A panel's standard as files: standard.json, cut.yaml, judges, items, rounds, impact, a page."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from adaptest import __version__
from adaptest.files import readable_json, write_text
from adaptest.models.base import Floats
from adaptest.report.environment import template
from adaptest.report.figures import ABOVE, HEIGHT, INK, PALE, SECOND, figure
from adaptest.standards.cut import CutRecord
from adaptest.standards.impact import Impact
from adaptest.standards.standard import Standard

FORMAT = "adaptest-standard/1"
WORDS = {  # what each number of the panel's agreement is
    "sd_of_judges": "standard deviation of the judges' own cuts",
    "interquartile_range": "middle half of the judges' own cuts, logits",
    "variance_judges": "variance of ratings between judges",
    "variance_items": "variance of ratings between items",
    "variance_residual": "variance of ratings that neither explains",
    "dependability": "share of the items' differences that is not the judges' error",
    "mean_correlation_with_others": "mean correlation of a judge with the mean of the others",
    "mean_correlation_with_model": "mean correlation of a judge with the model at the own cut",
    "correlation_of_panel_with_model": "correlation of the panel's means with the model at the cut",
    "cut_uncorrected": "cut where P itself is the response probability, logits",
    "cut_guessing_corrected": "cut where (P - c) / (1 - c) is, logits",
}


def write_standard(
    folder: Path, found: Standard, cut: CutRecord, impact: Sequence[Impact], people: str
) -> None:
    """Write a standard into an existing empty folder; equal input gives equal bytes.

    Parameters
    ----------
    people : whose theta the impact counts, in words
    """
    write_text(folder / "standard.json", readable_json(_record(found, cut, people)))
    write_text(folder / "cut.yaml", cut.text())
    judges: dict[str, Any] = {
        "judge": found.judges,
        "raw": found.judge_raw,
        "theta": found.judge_theta,
        **found.judge_columns,
    }
    write_text(folder / "judges.csv", _csv(judges))
    items: dict[str, Any] = {"item_id": found.items, **found.item_columns}
    write_text(folder / "items.csv", _csv(items))
    write_text(folder / "rounds.csv", _csv(_columns([asdict(one) for one in found.rounds])))
    write_text(folder / "impact.csv", _csv(_columns([asdict(one) for one in impact])))
    page = template("standard.html").render(
        version=__version__,
        found=found,
        cut=cut,
        impact=impact,
        people=people,
        words=WORDS,
        figure_judges=_judges(found),
        figure_items=_items(found),
        judge_rows=_columns_to_rows(judges),
        known=lambda value: isinstance(value, float | int) and math.isfinite(value),
    )
    write_text(folder / "report.html", page)


def _record(found: Standard, cut: CutRecord, people: str) -> dict[str, Any]:
    record: dict[str, Any] = _plain(
        {
            "format": FORMAT,
            "version": __version__,
            "method": found.method,
            "theta": found.theta,
            "se": found.se,
            "se_by": dict(found.se_by),
            "raw": found.raw,
            "scale_id": cut.scale_id,
            "judges": len(found.judges),
            "items": len(set(found.items)),
            "rounds": [asdict(one) for one in found.rounds],
            "agreement": dict(found.agreement),
            "settings": dict(found.settings),
            "impact_on": people,
            "notes": list(found.notes),
        }
    )
    return record


def _judges(found: Standard) -> str:
    """Return the judges' own cuts, with the panel's and its 95 % interval."""
    order = np.argsort(found.judge_theta, kind="stable")
    y = np.arange(len(order))
    with figure(height=max(HEIGHT * 0.6, 0.25 * len(order) + 0.9)) as (_, axes, text):
        if np.isfinite(found.se):
            low, high = found.theta - 1.96 * found.se, found.theta + 1.96 * found.se
            axes.axvspan(low, high, color=PALE, alpha=0.5, lw=0, label="95 % interval")
        axes.axvline(found.theta, color=SECOND, ls="--", label="the panel's cut")
        axes.plot(found.judge_theta[order], y, "o", color=INK, ms=5, label="a judge's own")
        axes.set_yticks(y, [found.judges[k] for k in order])
        axes.set(xlabel="theta (logits)", ylim=(-0.7, len(order) - 0.3))
        axes.legend(**ABOVE | {"ncols": 3})
    return text[0]


def _items(found: Standard) -> str:
    """Return ratings against the model at the cut, or the booklet's locations with the bookmarks."""
    columns = found.item_columns
    with figure() as (_, axes, text):
        if found.method == "angoff":
            top = max(1.0, float(np.max(columns["expected_at_cut"])), float(np.max(columns["mean"])))
            axes.plot([0, top], [0, top], color=PALE, lw=1)
            axes.plot(columns["expected_at_cut"], columns["mean"], "o", mfc="none", mec=INK, ms=5)
            axes.set(xlabel="expected score at the cut, by the model", ylabel="mean rating of the panel")
            axes.set(xlim=(0, top), ylim=(0, top))
        else:
            page: Floats = columns["page"]
            axes.plot(page, columns["location"], color=INK, lw=1.5, label="location")
            other = "uncorrected" if found.settings["guessing_corrected"] else "guessing_corrected"
            if not np.array_equal(columns[other], columns["location"]):
                axes.plot(page, columns[other], color=INK, lw=0.8, ls=":", label=other.replace("_", " "))
            for bookmark in found.judge_raw:
                axes.axvline(bookmark, color=SECOND, lw=0.7, alpha=0.6)
            axes.axhline(found.theta, color=SECOND, ls="--", label="the panel's cut")
            axes.set(xlabel="page (thin lines: bookmarks)", ylabel="theta at the response probability")
            axes.legend(**ABOVE | {"ncols": 3})
    return text[0]


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _columns_to_rows(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    n = len(next(iter(columns.values())))
    return [
        {
            name: values[k] if isinstance(values[k], str) else float(values[k])
            for name, values in columns.items()
        }
        for k in range(n)
    ]


def _csv(columns: Mapping[str, Sequence[Any] | Floats]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows([_cell(value) for value in row] for row in zip(*columns.values(), strict=True))
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str | int):
        return value
    number = float(value)
    if not math.isfinite(number):
        return ""
    return int(number) if number.is_integer() else repr(number)


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case list():
            return [_plain(part) for part in value]
        case float() if not math.isfinite(value):
            return None
    return value
