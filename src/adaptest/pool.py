"""What one exam may use: parameters, attributes, enemies and options, frozen."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from adaptest.errors import PoolError
from adaptest.models import FAMILIES
from adaptest.models.base import Bools, Family, Rows, require
from adaptest.parameters import ItemParameters
from adaptest.parameters.errors import ItemErrors

FORMAT = "adaptest-pool/1"

Value = str | int | float | bool | tuple[str, ...] | None
Attributes = Mapping[str, tuple[Value, ...]]

_FAMILY = {family.__name__: family for family in FAMILIES.values()}
_ODD = {"inf": np.inf, "-inf": -np.inf, "nan": np.nan}  # JSON has no word for them


@dataclass(frozen=True, slots=True, eq=False)
class Unscored:
    """M items without parameters, which may be shown and are never scored: pretest items.

    Attributes
    ----------
    ids : M unique ids
    attributes : (M,) columns by name, as those of the pool
    options : (M,) each item's bank letters; empty where nobody knows any

    Raises
    ------
    PoolError, naming the first item that breaks a rule.
    """

    ids: tuple[str, ...] = ()
    attributes: Attributes = field(default_factory=dict)
    options: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        twice = [item for item, n in Counter(self.ids).items() if n > 1]
        if twice:
            raise PoolError(f"unscored item {twice[0]!r}: must be unique; got it again")
        attributes = {name: tuple(column) for name, column in self.attributes.items()}
        object.__setattr__(self, "attributes", MappingProxyType(attributes))
        _require_columns(self.ids, attributes, self.options, "unscored items: ")

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Rows) -> Unscored:
        """Return the items at `rows`, in that order."""
        return Unscored(
            tuple(self.ids[row] for row in rows),
            {name: tuple(column[row] for row in rows) for name, column in self.attributes.items()},
            tuple(self.options[row] for row in rows) if self.options else (),
        )


@dataclass(frozen=True, eq=False)
class Pool:
    """J items that one exam may use.

    Attributes
    ----------
    parameters : J items, every discrimination > 0
    attributes : (J,) columns by name: domain, competency, level, tags, ...; text, a number, several texts
        (tags) or None
    enemies : sets of item ids of which one sitting sees at most one; unscored items among them
    sets : item set -> ids of its items, in order
    set_attributes : (S,) columns by name over the sets, as those of items
    options : (J,) each item's bank letters; empty where the pool knows none
    provisional : whether any parameter is judged or borrowed, not estimated
    errors : how well the parameters are known; empty where it is not said
    unscored : pretest items; they are none of the J, and nothing here counts them

    Raises
    ------
    PoolError, naming the first item that breaks a rule.
    """

    parameters: ItemParameters
    attributes: Attributes = field(default_factory=dict)
    enemies: tuple[frozenset[str], ...] = ()
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: tuple[tuple[str, ...], ...] = ()
    provisional: bool = False
    unscored: Unscored = field(default_factory=Unscored)
    set_attributes: Attributes = field(default_factory=dict)
    errors: ItemErrors = field(default_factory=ItemErrors)

    def __post_init__(self) -> None:
        ids, a = self.parameters.ids, self.parameters.discrimination
        attributes = {name: tuple(column) for name, column in self.attributes.items()}
        object.__setattr__(self, "attributes", MappingProxyType(attributes))
        sets = {name: tuple(held) for name, held in self.sets.items()}
        object.__setattr__(self, "sets", MappingProxyType(sets))
        of_sets = {name: tuple(column) for name, column in self.set_attributes.items()}
        object.__setattr__(self, "set_attributes", MappingProxyType(of_sets))
        object.__setattr__(self, "enemies", tuple(frozenset(group) for group in self.enemies))
        _require_columns(ids, attributes, self.options)
        if len(self.errors) not in (0, len(ids)):
            raise PoolError(f"errors: must have one entry per item; got {len(self.errors)} for {len(ids)}")
        _require_known("an enemy", self.enemies, (*ids, *self.unscored.ids))
        _require_known("an item of a set", sets.values(), ids)
        _require_columns(tuple(sets), of_sets, (), "item sets: ", "set")
        twice = [item for item, n in Counter(i for held in sets.values() for i in held).items() if n > 1]
        if twice:
            raise PoolError(f"item {twice[0]!r}: must be in one item set; got it in more")
        rule, remedy = "be greater than 0 in a pool", "recalibrate the item or leave it out"
        require(ids, "discrimination", a, a > 0, rule, remedy=remedy, error=PoolError)

    def __len__(self) -> int:
        return len(self.parameters)

    @property
    def ids(self) -> tuple[str, ...]:
        """(J,) item ids."""
        return self.parameters.ids

    @property
    def row(self) -> dict[str, int]:
        """Row of each item id."""
        return self.parameters.row

    @cached_property
    def rivals(self) -> Rows:
        """(J, E) rows that may not follow each item: itself and its enemies, padded with itself."""
        sets: list[set[int]] = [{row} for row in range(len(self))]
        for group in self.enemies:
            rows = {self.row[item] for item in group if item in self.row}
            for row in rows:
                sets[row] |= rows
        widest = max((len(rows) for rows in sets), default=1)
        padded = [sorted(rows) + [row] * (widest - len(rows)) for row, rows in enumerate(sets)]
        rivals = np.array(padded, dtype=np.intp).reshape(len(self), widest)
        rivals.flags.writeable = False
        return rivals

    @cached_property
    def has_enemies(self) -> Bools:
        """(J,) whether an item bars another one."""
        barred: Bools = (self.rivals != np.arange(len(self))[:, None]).any(axis=1)
        return barred

    def take(self, rows: Rows) -> Pool:
        """Return the items at `rows`, in that order, none unscored; enemies and sets keep those that stay."""
        chosen = np.arange(len(self))[rows]
        parameters = self.parameters.take(chosen)
        kept = frozenset(parameters.ids)
        enemies = tuple(group & kept for group in self.enemies if len(group & kept) > 1)
        sets = {name: tuple(i for i in held if i in kept) for name, held in self.sets.items()}
        stay = [k for k, held in enumerate(sets.values()) if held]
        return Pool(
            parameters,
            {name: tuple(column[row] for row in chosen) for name, column in self.attributes.items()},
            enemies,
            {name: held for name, held in sets.items() if held},
            tuple(self.options[row] for row in chosen) if self.options else (),
            self.provisional,
            set_attributes={
                name: tuple(column[k] for k in stay) for name, column in self.set_attributes.items()
            },
            errors=self.errors.take(chosen),
        )

    def letters(self, item: str) -> tuple[str, ...]:
        """Return the bank letters of an item's options, scored or not; () where nobody knows any."""
        return self._letters.get(item, ())

    @cached_property
    def _letters(self) -> dict[str, tuple[str, ...]]:
        """Bank letters by item id, where the pool knows them."""
        both = ((self.ids, self.options), (self.unscored.ids, self.unscored.options))
        return {item: own for ids, options in both for item, own in zip(ids, options, strict=False)}

    def rivals_of(self, item: str) -> frozenset[str]:
        """Return the ids that one sitting may not see beside this one, scored or not."""
        return frozenset().union(*(group for group in self.enemies if item in group)) - {item}

    @cached_property
    def artifact(self) -> str:
        """Canonical JSON from which `from_artifact` makes the same pool, bit for bit."""
        body = {
            "format": FORMAT,
            "ids": list(self.ids),
            "blocks": [_block_to_json(block) for block in self.parameters.blocks],
            "attributes": _lists(self.attributes),
            "enemies": sorted(sorted(group) for group in self.enemies),
            "sets": {name: list(held) for name, held in self.sets.items()},
            "options": [list(letters) for letters in self.options],
            "provisional": self.provisional,
        }
        if self.unscored.ids:  # without any, pools are written as they always were
            body["unscored"] = {
                "ids": list(self.unscored.ids),
                "attributes": _lists(self.unscored.attributes),
                "options": [list(letters) for letters in self.unscored.options],
            }
        if self.set_attributes:  # likewise
            body["set_attributes"] = _lists(self.set_attributes)
            body["set_names"] = list(self.sets)
        elif self.sets and [*self.sets] != sorted(self.sets):
            body["set_names"] = list(self.sets)
        if len(self.errors):  # likewise
            body["errors"] = self.errors.artifact
        return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the artifact."""
        return hashlib.sha256(self.artifact.encode()).hexdigest()

    @classmethod
    def from_artifact(cls, text: str) -> Pool:
        """Return the pool whose artifact this is."""
        try:
            body = json.loads(text)
            if body["format"] != FORMAT:
                raise PoolError(f"a pool artifact must say format {FORMAT!r}; got {body['format']!r}")
            unscored = body.get("unscored", {"ids": [], "attributes": {}, "options": []})
            return cls(
                ItemParameters(tuple(body["ids"]), tuple(_block_from_json(b) for b in body["blocks"])),
                _tuples(body["attributes"]),
                tuple(frozenset(group) for group in body["enemies"]),
                {name: tuple(body["sets"][name]) for name in body.get("set_names", body["sets"])},
                tuple(tuple(letters) for letters in body["options"]),
                body["provisional"],
                Unscored(
                    tuple(unscored["ids"]),
                    _tuples(unscored["attributes"]),
                    tuple(tuple(letters) for letters in unscored["options"]),
                ),
                _tuples(body.get("set_attributes", {})),
                ItemErrors.from_artifact(body.get("errors", ())),
            )
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise PoolError(f"a pool artifact must be what Pool.artifact wrote; got {error!r}") from None


def _lists(attributes: Attributes) -> dict[str, list[Value]]:
    """Return columns as JSON has them."""
    return {name: list(column) for name, column in attributes.items()}


def _tuples(attributes: Mapping[str, Any]) -> Attributes:
    """Return what `_lists` took."""
    return {
        name: tuple(tuple(v) if isinstance(v, list) else v for v in column)
        for name, column in attributes.items()
    }


def _require_columns(
    ids: tuple[str, ...],
    attributes: Attributes,
    options: tuple[tuple[str, ...], ...],
    where: str = "",
    what: str = "item",
) -> None:
    """Raise unless every column has a value of its kind for each item."""
    for name, column in (*attributes.items(), ("options", options or ((),) * len(ids))):
        if len(column) != len(ids):
            raise PoolError(
                f"{where}{name}: must have one value per {what}; got {len(column)} for {len(ids)}"
            )
    for name, column in attributes.items():
        _require_values(name, ids, column, what)
    for item, letters in zip(ids, options, strict=False):
        if len(set(letters)) < len(letters):
            raise PoolError(f"item {item!r}: options must be unique; got {', '.join(letters)}")


def _require_values(name: str, ids: tuple[str, ...], column: tuple[Value, ...], what: str = "item") -> None:
    """Raise unless every value is one that an attribute may have."""
    for item, value in zip(ids, column, strict=True):
        texts = isinstance(value, tuple) and all(isinstance(part, str) for part in value)
        number = isinstance(value, float) and np.isfinite(value)
        if not (texts or number or value is None or isinstance(value, str | int)):
            raise PoolError(f"{what} {item!r}: {name} must be text, a number or several texts; got {value!r}")


def _require_known(what: str, groups: Iterable[Iterable[str]], ids: tuple[str, ...]) -> None:
    """Raise unless every id in `groups` is an item of the pool."""
    unknown = sorted({item for group in groups for item in group} - set(ids))
    if unknown:
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise PoolError(f"item {unknown[0]!r}: {what} must be an item of the pool; got none of that id{more}")


def _block_to_json(block: Family) -> dict[str, Any]:
    """Return a family's columns at full precision."""
    columns: dict[str, Any] = {"family": type(block).__name__}
    for one in fields(block):  # type: ignore[arg-type]
        if one.init:
            value = getattr(block, one.name)
            columns[one.name] = _numbers(value.tolist()) if isinstance(value, np.ndarray) else list(value)
    return columns


def _numbers(value: Any) -> Any:
    """Return numbers with a word for each that JSON has none for."""
    if isinstance(value, list):
        return [_numbers(part) for part in value]
    return value if not isinstance(value, float) or np.isfinite(value) else str(value)


def _block_from_json(columns: dict[str, Any]) -> Family:
    """Return the family that `_block_to_json` wrote."""
    family = _FAMILY[columns["family"]]
    texts = {"ids", "models"}
    values = {
        name: tuple(column) if name in texts else np.array(_floats(column))
        for name, column in columns.items()
        if name != "family"
    }
    return family(**values)


def _floats(value: Any) -> Any:
    """Return what `_numbers` took."""
    if isinstance(value, list):
        return [_floats(part) for part in value]
    return _ODD[value] if isinstance(value, str) else value
