"""What each step came to, kept in a working folder: a recalibration that was killed goes on where it was.

A step's outcome is written whole or not at all, under a digest of everything that decides; another input
finds nothing there and begins anew.
"""

from __future__ import annotations

import io
import json
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from adaptest.errors import FileError
from adaptest.files import new_folder, read_bytes, read_text, write_bytes, write_text
from adaptest.parameters import ParameterTable
from adaptest.parameters.files import read_parameter_table, write_parameter_table

T = TypeVar("T")
MARK = "outcome.json"


@dataclass(slots=True)
class Keeper:
    """Makes a step's outcome, or takes the one that was kept.

    Attributes
    ----------
    folder : where outcomes are kept; None keeps nothing
    digest : of everything that decides
    known : classes an outcome may be made of
    given : values that are at hand anyway and are not written: by the name of their class
    tell : told of each step as it begins
    taken : steps whose outcome was there; seconds : of the others
    """

    folder: Path | None
    digest: str
    known: Mapping[str, type]
    given: Mapping[str, Any] = field(default_factory=dict)
    tell: Callable[[str], None] | None = None
    taken: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def __call__(self, name: str, make: Callable[[], T]) -> T:
        """Return a step's outcome, from the folder where it is there."""
        if self.tell is not None:
            self.tell(name)
        began = time.monotonic()
        if self.folder is None:
            value = make()
        elif (kept := self._kept(name)) is not None:
            self.taken.append(name)
            return kept  # type: ignore[no-any-return]  # what this step made
        else:
            value = make()
            self._keep(name, value)
        self.seconds[name] = time.monotonic() - began
        return value

    def done(self) -> None:
        """Remove the working folder: the candidate stands."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _kept(self, name: str) -> Any:
        assert self.folder is not None  # noqa: S101 (asked for above)
        place = self.folder / name
        try:
            body = json.loads(read_text(place / MARK))
            if body["digest"] != self.digest:
                return None
            with np.load(io.BytesIO(read_bytes(place / "arrays.npz"))) as arrays:
                tables = {path.stem: read_parameter_table(path) for path in sorted(place.glob("*.csv"))}
                return self._read(body["value"], {key: arrays[key] for key in arrays.files}, tables)
        except (FileError, OSError, ValueError, KeyError, TypeError):
            return None  # not there, not whole, or of another program: made again

    def _keep(self, name: str, value: Any) -> None:
        assert self.folder is not None  # noqa: S101 (asked for above)
        self.folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {}
        tables: dict[str, ParameterTable] = {}
        body = {"digest": self.digest, "value": self._written(value, arrays, tables)}
        packed = io.BytesIO()
        np.savez(packed, **arrays)
        with new_folder(self.folder / name, force=True) as place:
            write_bytes(place / "arrays.npz", packed.getvalue())
            for key, table in tables.items():
                write_parameter_table(place / f"{key}.csv", table)
            write_text(place / MARK, json.dumps(body))

    def _written(  # noqa: PLR0911 (one line a kind)
        self, value: Any, arrays: dict[str, Any], tables: dict[str, ParameterTable]
    ) -> Any:
        """Return a value as JSON; arrays and tables go beside it."""
        if type(value).__name__ in self.given:
            return {"$given": type(value).__name__}
        match value:
            case None | bool() | int() | str():
                return value
            case float():
                return value if math.isfinite(value) else {"$float": repr(value)}
            case np.generic():
                return self._written(value.item(), arrays, tables)
            case np.ndarray():
                name = f"a{len(arrays)}"
                arrays[name] = value
                return {"$array": name}
            case ParameterTable():
                name = f"t{len(tables)}"
                tables[name] = value
                return {"$table": name}
            case tuple() | list():
                return [self._written(part, arrays, tables) for part in value]
            case Mapping():
                return {"$map": [[key, self._written(part, arrays, tables)] for key, part in value.items()]}
        if is_dataclass(value) and type(value).__name__ in self.known:
            parts = {
                one.name: self._written(getattr(value, one.name), arrays, tables) for one in fields(value)
            }
            return {"$class": type(value).__name__, "fields": parts}
        raise TypeError(f"an outcome cannot hold {type(value).__name__}")

    def _read(  # noqa: PLR0911 (one line a kind)
        self, body: Any, arrays: Mapping[str, Any], tables: Mapping[str, ParameterTable]
    ) -> Any:
        """Return what `_written` took; lists come back as tuples."""
        if isinstance(body, list):
            return tuple(self._read(part, arrays, tables) for part in body)
        if not isinstance(body, dict):
            return body
        match body:
            case {"$given": name}:
                return self.given[name]
            case {"$float": text}:
                return float(text)
            case {"$array": name}:
                return arrays[name]
            case {"$table": name}:
                return tables[name]
            case {"$map": pairs}:
                return {key: self._read(part, arrays, tables) for key, part in pairs}
        made = {name: self._read(part, arrays, tables) for name, part in body["fields"].items()}
        return self.known[body["$class"]](**made)
