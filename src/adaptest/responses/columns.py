"""Which columns of a wide table are items, and which one names the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from adaptest.errors import OptionError, ResponseFileError
from adaptest.responses.reading import Reading, columns_present
from adaptest.responses.sources import Source

# column names, in lower case without blanks, dots and underscores
IDS = frozenset(
    {
        "person",
        "personid",
        "id",
        "student",
        "studentid",
        "candidate",
        "candidateid",
        "examinee",
        "examineeid",
        "respondent",
        "respondentid",
        "participant",
        "participantid",
        "subject",
        "subjectid",
        "user",
        "userid",
        "testee",
        "case",
        "caseid",
        "idstud",
        "learner",
        "learnerid",
    }
)
COVARIATES = IDS | {
    "group",
    "weight",
    "weights",
    "count",
    "counts",
    "freq",
    "frequency",
    "gender",
    "sex",
    "age",
    "education",
    "country",
    "school",
    "schoolid",
    "class",
    "classroom",
    "grade",
    "form",
    "formid",
    "booklet",
    "total",
    "totalscore",
    "sumscore",
    "official",
    "sitting",
    "date",
    "time",
    "year",
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a wide table are what.

    Attributes
    ----------
    person : the column with the person's id; None where rows are numbered
    certain : whether `person` must be unique; otherwise rows are numbered where it repeats
    items : the columns with cells
    notes : what was decided, a sentence each
    """

    person: str | None
    certain: bool
    items: tuple[str, ...]
    notes: tuple[str, ...] = ()


def wide_columns(
    source: Source, reading: Reading, id_columns: Sequence[str] | None, person: str | None
) -> Columns:
    """Return which columns of a wide table are items, and which one names the person.

    Without `id_columns`, a first column that is named like an id (or not at all, as R writes row names) is
    the id and all others are items; one that is named like a covariate is refused, not taken for an item.

    Raises
    ------
    OptionError, where an id column is not there; ResponseFileError, where an item column looks like none.
    """
    columns = source.columns
    taken = [*reading.of_persons, *([person] if person is not None else [])]
    columns_present(source, tuple(taken))
    if id_columns is not None:
        ids = _named(source, id_columns)
        chosen, certain = person, True
        if person is None and ids:
            chosen = next((name for name in ids if _plain(name) in IDS), None)
            chosen, certain = (ids[0], False) if chosen is None else (chosen, True)
        return _checked(source, Columns(chosen, certain, _others(columns, [*taken, *ids])))
    chosen = person
    notes: tuple[str, ...] = ()
    if person is None and columns[0] not in taken and (columns[0] == "" or _plain(columns[0]) in IDS):
        chosen = columns[0]
        notes = (f"column {chosen!r} is taken as the person's id",)
    items = _others(columns, [*taken, *([chosen] if chosen is not None else [])])
    for name in items:
        if _plain(name) in COVARIATES:
            raise ResponseFileError(
                f"{source.header}: a column must be an item unless an option names it; got {name!r}, which "
                "looks like none; name it in --id-columns, --groups or --weights (--id-columns '' if it is)"
            )
    return _checked(source, Columns(chosen, certain=True, items=items, notes=notes))


def _named(source: Source, patterns: Sequence[str]) -> list[str]:
    """Return the columns that are named, or match a pattern like RT_*, in the order of the table."""
    found: set[str] = set()
    for pattern in patterns:
        names = [name for name in source.columns if name == pattern] or [
            name for name in source.columns if fnmatchcase(name, pattern)
        ]
        if not names:
            near = ", ".join(map(repr, source.columns[:5]))
            raise OptionError(
                f"id column {pattern!r}: must be a column of {source.name}; it begins with {near}"
            )
        found.update(names)
    return [name for name in source.columns if name in found]


def _others(columns: Sequence[str], taken: Sequence[str]) -> tuple[str, ...]:
    without = set(taken)
    return tuple(name for name in columns if name not in without)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in " ._-")


def _checked(source: Source, columns: Columns) -> Columns:
    if not columns.items:
        raise ResponseFileError(
            f"{source.header}: must have a column for each item; got none that is left for one"
        )
    return columns
