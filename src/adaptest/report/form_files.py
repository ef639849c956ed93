"""Assembled forms as files: the items, the record, and the information of each form."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from adaptest.constraints.assembly import information_at
from adaptest.files import readable_json, write_text
from adaptest.models.base import Floats
from adaptest.pool import Pool
from adaptest.report.figures import INK, PALE, SECOND, figure

STYLES = ("-", "--", ":", "-.")


def write_forms(folder: Path, record: dict[str, object], rows: list[dict[str, object]], picture: str) -> None:
    """Write forms.csv, forms.json and information.svg."""
    write_text(folder / "forms.csv", _table(rows))
    write_text(folder / "forms.json", readable_json(record))
    write_text(folder / "information.svg", picture)


def write_panel(
    folder: Path,
    panel: list[dict[str, list[str]]],
    record: dict[str, object],
    rows: list[dict[str, object]],
    picture: str,
) -> None:
    """Write panel.yaml, which an exam file takes as it is, modules.csv, panel.json and information.svg."""
    lines = ["panel:"]
    for stage in panel:
        for k, (module, items) in enumerate(stage.items()):
            lines.append(f"{'- ' if k == 0 else '  '}{json.dumps(module)}: {json.dumps(items)}")
    write_text(folder / "panel.yaml", "\n".join(lines) + "\n")
    write_text(folder / "modules.csv", _table(rows))
    write_text(folder / "panel.json", readable_json(record))
    write_text(folder / "information.svg", picture)


def _table(rows: list[dict[str, object]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def information_of_forms(
    pool: Pool, forms: list[tuple[str, ...]], at: Floats, theta: Floats, target: Floats | None
) -> str:
    """Return the information of forms over theta, and the target where they follow one.

    Parameters
    ----------
    at : (Q,) logits of the curves
    theta, target : (T,) where information counted, and what was aimed at
    """
    named = [(f"form {k}", items) for k, items in enumerate(forms, start=1)]
    return _picture(pool, named, at, theta, target)


def information_of_modules(pool: Pool, modules: list[tuple[str, tuple[str, ...]]], at: Floats) -> str:
    """Return the information of modules, each with its name, over theta (Q,)."""
    return _picture(pool, modules, at, at, None)


def _picture(
    pool: Pool, parts: list[tuple[str, tuple[str, ...]]], at: Floats, theta: Floats, target: Floats | None
) -> str:
    with figure() as (_, axes, text):
        for k, (name, items) in enumerate(parts):
            colour = (INK, SECOND)[k % 2]
            axes.plot(
                at,
                information_at(pool, items, at),
                color=colour,
                linestyle=STYLES[(k // 2) % len(STYLES)],
                label=name,
            )
        if target is not None:
            axes.plot(theta, target, "o", color=INK, markerfacecolor=PALE, label="target")
        axes.set(xlabel="theta (logits)", ylabel="information", ylim=(0, None))
        axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    return text[0]
