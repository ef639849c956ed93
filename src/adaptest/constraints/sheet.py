"""A constraint table written in a spreadsheet: CSV text becomes rows.

Our own columns are type, what, condition, attribute, lower, upper, lower_percent, upper_percent, on, weight,
priority and name, in any order. TestDesign's are CONSTRAINT_ID (or CONSTRAINT), TYPE, WHAT, CONDITION, LB, UB
and ONOFF, with conditions as R writes them; they are put into our grammar.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from adaptest.constraints.table import PER_SET, Constraint
from adaptest.errors import ExamError

OWN = frozenset(
    {
        "type",
        "what",
        "condition",
        "attribute",
        "lower",
        "upper",
        "lower_percent",
        "upper_percent",
        "on",
        "weight",
        "priority",
        "name",
    }
)
FOREIGN = frozenset({"constraint_id", "constraint", "type", "what", "condition", "lb", "ub", "onoff"})
TYPE_WORDS: Mapping[str, str] = {"allornone": "all_or_none", "all or none": "all_or_none", "count": "number"}
WHAT_WORDS: Mapping[str, str] = {"stimulus": "set", "passage": "set", "testlet": "set"}
PER_WORDS = re.compile(r"per\s+(stimulus|passage|set|testlet)", re.IGNORECASE)
R_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<known>!\s*is\.na\s*\(\s*(?P<has>[\w.]+)\s*\))"""
    r"""|(?P<missing>is\.na\s*\(\s*(?P<lacks>[\w.]+)\s*\))|(?P<in>%in%)|(?P<list>c\s*\()"""
    r"""|(?P<and>&&?)|(?P<or>\|\|?)|(?P<mark>==|!=|<=|>=)|(?P<not>!)|(?P<word>[A-Za-z_.][\w.]*)"""
    r"""|(?P<number>-?\d+(?:\.\d+)?)|(?P<other>\S))""",
    re.DOTALL,
)
YES = frozenset({"", "on", "true", "1"})
NO = frozenset({"off", "false", "0"})


def read_sheet(text: str, where: str = "constraints") -> tuple[Constraint, ...]:
    """Return the rows of a table in CSV, ours or TestDesign's.

    Parameters
    ----------
    where : name of the file, with which every sentence begins

    Raises
    ------
    ExamError, with file and line of the first row that is not as it must be.
    """
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(lines, [])]
        foreign = "lb" in header or "ub" in header
        _require_header(header, FOREIGN if foreign else OWN, where)
        return tuple(_rows(lines, header, where, foreign=foreign))
    except csv.Error as error:
        raise ExamError(f"{where}:{lines.line_num}: must be CSV; {error}") from None


def constraint(values: Mapping[str, Any], where: str = "") -> Constraint:
    """Return a row from words and numbers as files have them.

    Raises
    ------
    ExamError, where a word is none of the table's or a value breaks its rule.
    """
    at = f"{where}: " if where else ""
    unknown = sorted(set(values) - OWN)
    if unknown:
        words = ", ".join(sorted(OWN))
        raise ExamError(f"{at}{unknown[0]}: is not a word of constraint rows; they have {words}")
    kind, what = str(values.get("type", "")).strip().lower(), str(values.get("what", "item")).strip().lower()
    try:
        return Constraint(
            type=TYPE_WORDS.get(kind, kind),
            what=WHAT_WORDS.get(what, what) or "item",
            condition=" ".join(str(values.get("condition") or "").split()),
            attribute=str(values.get("attribute") or "").strip(),
            lower=_number(values, "lower"),
            upper=_number(values, "upper"),
            lower_share=_share(values, "lower_percent"),
            upper_share=_share(values, "upper_percent"),
            on=_truth(values.get("on", True)),
            weight=_number(values, "weight"),
            priority=_whole(values, "priority"),
            name=str(values.get("name") or "").strip(),
        )
    except ExamError as error:
        raise ExamError(f"{at}{error}") from None


def from_r(condition: str) -> str:
    """Return a condition of R in our grammar: %in%, c(), &, |, ! and is.na() are translated.

    >>> from_r('STANDARD %in% c(2, 4) & !is.na(DOK)')
    'STANDARD in (2, 4) and DOK is known'
    """
    if PER_WORDS.fullmatch(condition.strip()):
        return PER_SET
    words: list[str] = []
    pending = False  # whether 'in' waits for its list
    for found in R_TOKEN.finditer(condition):
        kind = str(found.lastgroup)
        text = found[0].strip()
        if kind in ("has", "known"):
            words.append(f"{found['has']} is known")
        elif kind in ("lacks", "missing"):
            words.append(f"{found['lacks']} is not known")
        elif pending and kind != "list":
            words.append(f"({text})")
        else:
            told = {"in": "in", "list": "(", "and": "and", "or": "or", "not": "not"}
            words.append(told.get(kind, {"TRUE": "true", "FALSE": "false"}.get(text, text)))
        pending = kind == "in"
    return re.sub(r"\s+([,)])", r"\1", re.sub(r"\(\s+", "(", " ".join(words)))


def _require_header(header: list[str], known: frozenset[str], where: str) -> None:
    """Raise unless the columns are those of one of the two tables."""
    unknown = [name for name in header if name not in known]
    if unknown or "type" not in header:
        got = repr(unknown[0]) if unknown else "no type"
        raise ExamError(f"{where}:1: columns must be among {', '.join(sorted(known))}; got {got}")
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise ExamError(f"{where}:1: column {twice[0]!r} must stand once")


def _rows(lines: Any, header: list[str], where: str, *, foreign: bool) -> Iterator[Constraint]:
    """Yield the rows below the header."""
    names: set[str] = set()
    for cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        at = f"{where}:{lines.line_num}"
        if len(cells) != len(header):
            raise ExamError(f"{at}: must have {len(header)} cells; got {len(cells)}")
        values: dict[str, Any] = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        row = constraint(_translated(values) if foreign else values, at)
        if row.name and row.name in names:
            raise ExamError(f"{at}: name {row.name!r} must stand once")
        names.add(row.name)
        yield row


def _translated(values: Mapping[str, str]) -> dict[str, Any]:
    """Return a row of TestDesign's table with our words."""
    condition, attribute = values.get("condition", ""), ""
    if values["type"].lower() in ("sum", "order"):
        attribute, _, condition = (part.strip() for part in condition.partition(","))
    return {
        "type": values["type"],
        "what": values.get("what", "item"),
        "condition": from_r(condition),
        "attribute": attribute,
        "lower": _missing(values.get("lb", "")),
        "upper": _missing(values.get("ub", "")),
        "on": _missing(values.get("onoff", "")),
        "name": values.get("constraint_id") or values.get("constraint", ""),
    }


def _missing(text: str) -> str:
    """Return a cell, empty where R wrote NA."""
    return "" if text == "NA" else text


def _number(values: Mapping[str, Any], key: str) -> float | None:
    """Return a number or nothing."""
    value = values.get(key)
    if value is None or value == "":
        return None
    try:
        return float("" if isinstance(value, bool) else value)  # true is not a number here
    except (TypeError, ValueError):
        raise ExamError(f"{key} must be a number; got {value!r}") from None


def _whole(values: Mapping[str, Any], key: str) -> int | None:
    """Return a whole number or nothing."""
    number = _number(values, key)
    if number is not None and number != int(number):
        raise ExamError(f"{key} must be a whole number; got {number:g}")
    return None if number is None else int(number)


def _share(values: Mapping[str, Any], key: str) -> Fraction | None:
    """Return a percentage as an exact share, or nothing."""
    value = values.get(key)
    if value is None or value == "":
        return None
    try:
        return Fraction(Decimal(str(value))) / 100
    except (InvalidOperation, ValueError, OverflowError):
        raise ExamError(f"{key} must be a number; got {value!r}") from None


def _truth(value: Any) -> bool:
    """Return whether a row is on."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in YES | NO:
        raise ExamError(f"on must be true or false; got {value!r}")
    return text in YES
