"""What a bank holds, counted: for `bank show`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from adaptest.bank.contents import Bank
from adaptest.bank.lifecycle import STATUSES
from adaptest.bank.provisional import LEVELS as JUDGED_B
from adaptest.bank.releases import FILE, utc
from adaptest.bank.schema import JUDGED, LEVELS, Item
from adaptest.bank.snapshot import Snapshot, current_snapshot
from adaptest.parameters.columns import columns_of

STEPS = np.array(sorted(JUDGED_B.values()))
EDGES = (STEPS[1:] + STEPS[:-1]) / 2  # between the five judged levels
LISTED = ("model", "discrimination", "difficulty", "guessing", "se_difficulty", "n", "basis")


def published(bank: Bank, calibration: Path, at: datetime) -> Snapshot | None:
    """Return what is in effect; None where nothing was ever published.

    Raises
    ------
    BankFileError, where what was published is damaged.
    """
    if not (calibration / bank.name / FILE).exists():
        return None
    return current_snapshot(bank, calibration, at)


def parameters(snapshot: Snapshot | None) -> dict[str, dict[str, Any]]:
    """Return each item's published parameters by their names in files, with basis, n and status."""
    if snapshot is None:
        return {}
    table = snapshot.table
    columns = {**columns_of(table.items), **{f"se_{name}": table.se_of_items(name) for name in table.se}}
    rows: dict[str, dict[str, Any]] = {}
    for row, item in enumerate(table.ids):
        k = table.items.row.get(item)
        rows[item] = {
            "model": table.models[row],
            **({} if k is None else _values({name: column[k] for name, column in columns.items()})),
            "n": None if np.isnan(table.n[row]) else int(table.n[row]),
            "basis": table.basis[row],
            "status": table.status[row],
            "flags": list(table.flags[row]),
        }
    return rows


def difficulty_band(item: Item, published: Mapping[str, Mapping[str, Any]]) -> str:
    """Return very_easy .. very_hard: by the published difficulty, else as judged; "" if neither is there."""
    b = published.get(item.id, {}).get("difficulty")
    if b is None:
        return item.judged_difficulty or ""
    return JUDGED[int(np.searchsorted(EDGES, b))]


def counts(bank: Bank, snapshot: Snapshot | None) -> list[dict[str, Any]]:
    """Return items by domain and level, one column a difficulty band; retired items do not count."""
    live = [item for item in bank.items if item.status != "retired"]
    values = parameters(snapshot)
    cells = Counter((item.domain, item.level, difficulty_band(item, values)) for item in live)
    rows = []
    for code, title in bank.domains.items():
        for level in LEVELS:
            bands = {band: cells[code, level, band] for band in (*JUDGED, "")}
            unknown = bands.pop("")
            row = {"domain": code, "title": title, "level": level, **bands}
            rows.append({**row, "unknown": unknown, "items": sum(bands.values()) + unknown})
    return rows


def competencies(bank: Bank) -> list[dict[str, Any]]:
    """Return one row a competency: domain, items that are not retired, and its lesson's title."""
    live = Counter(item.competency for item in bank.items if item.status != "retired")
    return [
        {
            "competency": name,
            "domain": one.domain,
            "items": live[name],
            "lesson": bank.lessons[name].title if name in bank.lessons else None,
        }
        for name, one in bank.competencies.items()
    ]


def items(bank: Bank, snapshot: Snapshot | None) -> list[dict[str, Any]]:
    """Return one row an item, without its texts."""
    out = {one.item: one.reason for one in snapshot.left_out} if snapshot else {}
    values = parameters(snapshot)
    return [
        {
            "item": item.id,
            "domain": item.domain,
            "competency": item.competency,
            "level": item.level,
            "status": item.status,
            "judged_difficulty": item.judged_difficulty,
            **{name: values.get(item.id, {}).get(name) for name in LISTED},
            "concepts": list(item.concepts),
            "tags": list(item.tags),
            "enemies": list(item.enemies),
            "left_out": out.get(item.id),
            "fingerprint": item.fingerprint,
        }
        for item in bank.items
    ]


def release_facts(snapshot: Snapshot | None) -> dict[str, Any] | None:
    """Return what is in effect, as JSON values; None where nothing was ever published."""
    if snapshot is None:
        return None
    release = snapshot.release
    return {
        "number": release.number,
        "run": release.run,
        "scale_id": release.scale_id,
        "provisional": snapshot.pool.provisional,
        "effective": utc(release.effective),
        "published": utc(release.at),
        "by": release.by,
        "why": release.why,
        "items": len(snapshot.pool),
    }


def statuses(bank: Bank) -> Mapping[str, int]:
    """Return how many items have each status, those statuses that occur."""
    found = Counter(item.status for item in bank.items)
    return {status: found[status] for status in STATUSES if found[status]}


def _values(columns: Mapping[str, Any]) -> dict[str, float]:
    """Return the finite parameters of one item; several of one kind are numbered from 1."""
    values: dict[str, float] = {}
    for name, found in columns.items():
        if np.ndim(found) == 0:
            values |= {name: float(found)} if np.isfinite(found) else {}
        else:
            values |= {f"{name}_{k}": float(x) for k, x in enumerate(found, start=1) if np.isfinite(x)}
    return values
