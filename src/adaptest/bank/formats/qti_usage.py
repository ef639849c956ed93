"""Item parameters as QTI usage data: one statistic for each parameter of each item (D = 1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from lxml import etree

from adaptest.bank.formats.qti_dialect import QTI3
from adaptest.bank.formats.qti_item import identifier, item_id
from adaptest.bank.formats.record import Remark
from adaptest.bank.formats.xml import Element, child, child_text, children, local, new_root, serialize
from adaptest.errors import AdaptestError, BankFileError
from adaptest.models import FAMILIES
from adaptest.models.base import Floats
from adaptest.parameters.columns import BY_CATEGORY, PARAMETERS, build, columns_of
from adaptest.parameters.table import ParameterTable

GLOSSARY = "urn:adaptest:parameters:1"  # D = 1, difficulty form; names as in parameters.csv
MOST_CATEGORIES = 64


def usage_xml(table: ParameterTable, ids: Sequence[str]) -> tuple[bytes, list[Remark]]:
    """Return the parameters of these items as usage data, and remarks on those that have none."""
    root = new_root(QTI3.usage, "usageData", {"glossary": GLOSSARY})
    columns = columns_of(table.items)
    place = {item: row for row, item in enumerate(table.ids)}
    remarks: list[Remark] = []
    for item in ids:
        if item not in table.items.row:
            remarks.append(Remark(item, "parameters", "none published, so no usage data"))
            continue
        row, k = place[item], table.items.row[item]
        facts = {"context": table.scale_id[row] or "unknown"}
        if not np.isnan(table.n[row]):
            facts["caseCount"] = str(int(table.n[row]))
        _statistic(root, item, f"model_{table.models[row]}", 1.0, facts)
        for name, column in columns.items():
            values = np.atleast_1d(column[k])
            errors = table.se.get(name)
            for m, value in enumerate(values):
                if np.isnan(value):
                    continue
                said = dict(facts)
                if errors is not None and np.isfinite(error := np.atleast_1d(errors[row])[m]):
                    said["stdError"] = repr(float(error))
                full = f"{name}_{m + 1}" if name in BY_CATEGORY else name
                _statistic(root, item, full, float(value), said)
    return serialize(root), remarks


def _statistic(root: Element, item: str, name: str, value: float, facts: dict[str, str]) -> None:
    statistic = etree.SubElement(root, f"{{{QTI3.usage}}}ordinaryStatistic", {"name": name, **facts})
    target = etree.SubElement(statistic, f"{{{QTI3.usage}}}targetObject")
    target.set("identifier", identifier(item))
    etree.SubElement(statistic, f"{{{QTI3.usage}}}value").text = repr(value)


def read_usage(root: Element, where: str) -> ParameterTable | None:
    """Return the item parameters that usage data of ours holds; None where it is somebody else's.

    Raises
    ------
    BankFileError, where a statistic is not a number, or an item's parameters break their model's rules.
    """
    if local(root) != "usageData" or root.get("glossary") != GLOSSARY:
        return None
    values: dict[str, dict[str, float]] = {}
    errors: dict[str, dict[str, float]] = {}
    facts: dict[str, tuple[str, str, str]] = {}
    for one in children(root, "ordinaryStatistic"):
        target = child(one, "targetObject")
        item = item_id(target.get("identifier", "")) if target is not None else ""
        name = one.get("name", "")
        if not item:
            raise BankFileError(f"{where}:{one.sourceline}: a statistic must name its item")
        number = _number(child_text(one, "value"), f"{where}:{one.sourceline}: item {item!r}: {name[:40]}")
        model = name.removeprefix("model_") if name.startswith("model_") else facts.get(item, ("", "", ""))[0]
        facts[item] = (model, one.get("caseCount", ""), one.get("context", ""))
        if not name.startswith("model_"):
            values.setdefault(item, {})[name] = number
            if error := one.get("stdError"):
                errors.setdefault(item, {})[name] = _number(error, f"{where}: item {item!r}: stdError")
    try:
        return _table(values, errors, facts)
    except AdaptestError as problem:
        raise BankFileError(f"{where}: {problem}") from None


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("inf")
    if not np.isfinite(value):
        raise BankFileError(f"{where} must be a number; got {text[:40]!r}")
    return value


def _table(
    values: dict[str, dict[str, float]],
    errors: dict[str, dict[str, float]],
    facts: dict[str, tuple[str, str, str]],
) -> ParameterTable:
    """Return the table of what was read."""
    ids = tuple(values)
    for item in ids:
        if facts[item][0] not in FAMILIES:
            known = ", ".join(FAMILIES)
            raise BankFileError(f"item {item!r}: model must be one of {known}; got {facts[item][0][:40]!r}")
    items = build(
        ids, [facts[item][0] for item in ids], {name: _column(values, ids, name) for name in PARAMETERS}
    )
    se = {name: _column(errors, ids, name) for name in PARAMETERS}
    counts = [facts[item][1] for item in ids]
    return ParameterTable.of(
        items,
        se={name: column for name, column in se.items() if column.size and not np.isnan(column).all()},
        n=np.array([float(n) if n.isdecimal() and len(n) < 16 else np.nan for n in counts]),  # noqa: PLR2004
        scale_id=[facts[item][2] for item in ids],
    )


def _column(values: dict[str, dict[str, float]], ids: Sequence[str], name: str) -> Floats:
    """Return one parameter's column, or its columns by category."""
    if name not in BY_CATEGORY:
        return np.array([values.get(item, {}).get(name, np.nan) for item in ids])
    width = max(
        (k for item in ids for k in range(1, MOST_CATEGORIES) if f"{name}_{k}" in values.get(item, {})),
        default=0,
    )
    rows = [[values.get(item, {}).get(f"{name}_{k + 1}", np.nan) for k in range(width)] for item in ids]
    return np.array(rows, dtype=np.float64).reshape(len(ids), width)
