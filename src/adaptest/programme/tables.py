"""Parameter tables put together from rows of others: what a release is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from adaptest.calibration.result import CovarianceBlock
from adaptest.models import Family, LogisticItems
from adaptest.models.base import Bools, Floats, Rows
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.parameters.columns import BY_CATEGORY


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table to be: from which table its values are, and what is said of them.

    Attributes
    ----------
    source : None for a row without parameters
    n : responses behind it; None leaves the source's
    """

    source: ParameterTable | None
    basis: str
    status: str
    flags: tuple[str, ...] = ()
    n: float | None = None


def rows_of(table: ParameterTable, ids: Sequence[str]) -> Rows:
    """Return the rows of a table that have these ids, in that order."""
    place = {item: k for k, item in enumerate(table.ids)}
    return np.array([place[item] for item in ids], dtype=np.intp)


def subset(table: ParameterTable, ids: Sequence[str]) -> ParameterTable:
    """Return a table's rows of these ids, all of which have parameters."""
    whole = merged(dict.fromkeys(ids, Row(table, "", "")), scale_id="")
    rows = rows_of(table, ids)
    return ParameterTable.of(
        whole.items,
        se=whole.se,
        n=table.n[rows],
        n_per_category=[table.n_per_category[row] for row in rows],
        basis=[table.basis[row] for row in rows],
        status=[table.status[row] for row in rows],
        flags=[table.flags[row] for row in rows],
        scale_id=[table.scale_id[row] for row in rows],
    )


def merged(rows: Mapping[str, Row], scale_id: str) -> ParameterTable:
    """Return the table with these rows, in their order."""
    ids = tuple(rows)
    sources: dict[int, ParameterTable] = {
        id(row.source): row.source for row in rows.values() if row.source is not None
    }
    blocks: list[Family] = []
    se: dict[str, Floats] = {}
    for key, table in sources.items():
        mine = [item for item in ids if rows[item].source is not None and id(rows[item].source) == key]
        kept = table.items.take(np.array([table.items.row[item] for item in mine], dtype=np.intp))
        blocks += kept.blocks
        own, there = rows_of(table, mine), np.array([ids.index(item) for item in mine], dtype=np.intp)
        for name, values in table.se.items():
            se[name] = _placed(se.get(name), values[own], there, len(ids), by_category=name in BY_CATEGORY)
    items = ItemParameters(tuple(item for item in ids if rows[item].source is not None), _compact(blocks))
    return ParameterTable.of(
        items,
        ids=ids,
        se=se,
        n=np.array([_n(item, row) for item, row in rows.items()]),
        n_per_category=[_per_category(item, row) for item, row in rows.items()],
        basis=[row.basis for row in rows.values()],
        status=[row.status for row in rows.values()],
        flags=[row.flags for row in rows.values()],
        scale_id=scale_id,
    )


def _placed(known: Floats | None, values: Floats, there: Rows, count: int, *, by_category: bool) -> Floats:
    """Return one parameter's standard errors with some rows filled in."""
    if not by_category:
        whole = np.full(count, np.nan) if known is None else known
        whole[there] = values
        return whole
    width = max(values.shape[1], 0 if known is None else known.shape[1])
    whole = np.full((count, width), np.nan)
    if known is not None:
        whole[:, : known.shape[1]] = known
    whole[there, : values.shape[1]] = values
    return whole


def _compact(blocks: Sequence[Family]) -> tuple[Family, ...]:
    """Return the blocks with all logistic ones in one: long columns are quick."""
    logistic = [block for block in blocks if isinstance(block, LogisticItems)]
    others = tuple(block for block in blocks if not isinstance(block, LogisticItems))
    if len(logistic) < 2:  # noqa: PLR2004 (nothing to join)
        return tuple(blocks)
    a, b, c, d = (np.concatenate([getattr(block, name) for block in logistic]) for name in "abcd")
    ids = tuple(item for block in logistic for item in block.ids)
    models = tuple(model for block in logistic for model in block.models)
    return (LogisticItems(ids, a, b, c, d, models), *others)


def _n(item: str, row: Row) -> float:
    if row.n is not None or row.source is None:
        return np.nan if row.n is None else row.n
    return float(row.source.n[row.source.ids.index(item)])


def _per_category(item: str, row: Row) -> tuple[float, ...]:
    if row.source is None:
        return ()
    return row.source.n_per_category[row.source.ids.index(item)]


def logistic_columns(table: ParameterTable, ids: Sequence[str]) -> dict[str, Floats]:
    """Return a, b, c, d, se_a, se_b (J,) of logistic items; nan for others, and where nothing is known."""
    values: dict[str, Floats] = {
        name: np.full(len(ids), np.nan) for name in ("a", "b", "c", "d", "se_a", "se_b")
    }
    place = {item: k for k, item in enumerate(ids)}
    for block in table.items.blocks:
        if not isinstance(block, LogisticItems):
            continue
        own = np.array([k for k, item in enumerate(block.ids) if item in place], dtype=np.intp)
        there = np.array([place[block.ids[k]] for k in own], dtype=np.intp)
        for name in "abcd":
            values[name][there] = getattr(block, name)[own]
    rows = {item: k for k, item in enumerate(table.ids)}
    for name, column in (("se_a", "discrimination"), ("se_b", "difficulty")):
        if column in table.se:
            for item, k in place.items():
                if item in rows:
                    values[name][k] = table.se[column][rows[item]]
    return values


def slope_fixed(table: ParameterTable, ids: Sequence[str]) -> Bools:
    """Return (J,) whether an item's model fixes its slope at 1."""
    models = dict(zip(table.ids, table.models, strict=True))
    return np.array([models.get(item) in {"rasch", "pcm", "rsm"} for item in ids], dtype=np.bool_)


def blocks_of(blocks: Sequence[CovarianceBlock], ids: Sequence[str]) -> tuple[CovarianceBlock, ...]:
    """Return the covariance of some items' parameters only."""
    wanted = frozenset(ids)
    kept = []
    for block in blocks:
        rows = [k for k, (item, _) in enumerate(block.parameters) if item in wanted]
        if rows:
            part = np.ix_(rows, rows)
            kept.append(CovarianceBlock(tuple(block.parameters[k] for k in rows), block.matrix[part]))
    return tuple(kept)
