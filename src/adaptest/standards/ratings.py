"""What the judges of a panel said, round by round, and the files it comes in."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adaptest.errors import StandardSettingError
from adaptest.files import StrPath, read_text
from adaptest.models.base import Floats

LONG = ("judge", "item", "rating")


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """R rounds of M judges on J items.

    Attributes
    ----------
    judges, items : their ids, in the order of the file
    rounds : (R,) names, in the order of the file
    value : (R, M, J) what each judge said of each item in each round; nan where nothing
    """

    judges: tuple[str, ...]
    items: tuple[str, ...]
    rounds: tuple[str, ...]
    value: Floats

    @property
    def last(self) -> Floats:
        """(M, J) the last round."""
        return np.asarray(self.value[-1])


def read_ratings(path: StrPath) -> Ratings:
    """Return the ratings of a CSV file.

    Long has the columns judge, item, rating and, where there was more than one, round. Wide has judge,
    perhaps round, and one column an item.

    Raises
    ------
    StandardSettingError, naming the line and what is wrong with it.
    """
    text = read_text(path, error=StandardSettingError)
    rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    header = [name.strip() for name in rows[0]] if rows else []
    if "judge" not in header:
        raise StandardSettingError(f"{path}: must have a column judge; got {', '.join(header) or 'nothing'}")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise StandardSettingError(f"{path}: column {twice!r} must come once; it comes twice")
    cells: dict[tuple[str, str, str], float] = {}
    long = {"item", "rating"} <= set(header)
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise StandardSettingError(f"{path}:{line}: must have {len(header)} cells; got {len(row)}")
        said = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
        judge, turn = said["judge"], said.get("round", "1") or "1"
        pairs = (
            [(said["item"], said["rating"])]
            if long
            else [(name, said[name]) for name in header if name not in {"judge", "round"}]
        )
        for item, word in pairs:
            if word == "":
                continue
            if (turn, judge, item) in cells:
                raise StandardSettingError(
                    f"{path}:{line}: judge {judge!r} must rate item {item!r} once a round; it is there twice"
                )
            cells[turn, judge, item] = _number(word, f"{path}:{line}: judge {judge!r}, item {item!r}")
    if not cells:
        raise StandardSettingError(f"{path}: must hold ratings; got none")
    rounds, judges, items = (tuple(dict.fromkeys(key[k] for key in cells)) for k in range(3))
    value = np.full((len(rounds), len(judges), len(items)), np.nan)
    places = [{name: k for k, name in enumerate(names)} for names in (rounds, judges, items)]
    for key, number in cells.items():
        value[tuple(place[name] for place, name in zip(places, key, strict=True))] = number
    return Ratings(judges, items, rounds, value)


def _number(word: str, where: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise StandardSettingError(f"{where}: a rating must be a number; got {word!r}")
    return number


def require_complete(ratings: Ratings, judges: Sequence[str]) -> None:
    """Raise unless every judge of the last round rated every item in it.

    Raises
    ------
    StandardSettingError, naming the first item that a judge left out.
    """
    missing = np.argwhere(np.isnan(ratings.last))
    if len(missing):
        judge, item = missing[0]
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise StandardSettingError(
            f"judge {judges[judge]!r}: must rate item {ratings.items[item]!r} in round "
            f"{ratings.rounds[-1]!r}; there is no rating{more}"
        )
