"""The items file of a calibration: `item_id` and, as wanted, `model`, `key`, `options`, `prior_*`."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, fields

from adaptest.calibration.options import MODELS, ItemSettings
from adaptest.calibration.priors import read_prior
from adaptest.errors import FileError, OptionError
from adaptest.files import StrPath, read_text

ID = "item_id"
KEY = "key"
COLUMNS = (ID, KEY, *(field.name for field in fields(ItemSettings)))


@dataclass(frozen=True, slots=True)
class ItemsFile:
    """What an items file says: settings by item id, and keys where it has any."""

    settings: Mapping[str, ItemSettings]
    keys: Mapping[str, str]


def read_items(path: StrPath) -> ItemsFile:
    """Return an items file's settings; an empty cell says nothing.

    Raises
    ------
    FileError, with file, line, item, rule and value.
    """
    rows = csv.DictReader(io.StringIO(read_text(path), newline=""))
    header = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = header
    if ID not in header:
        raise FileError(f"{path}:1: the header must name a column {ID}; got {', '.join(header) or 'nothing'}")
    if odd := [name for name in header if name not in COLUMNS]:
        raise FileError(f"{path}:1: a column must be one of {', '.join(COLUMNS)}; got {odd[0]!r}")
    if len(set(header)) < len(header):
        raise FileError(f"{path}:1: a column must stand once; got {header}")
    settings: dict[str, ItemSettings] = {}
    keys: dict[str, str] = {}
    for row in rows:
        where = f"{path}:{rows.line_num}: item {row[ID]!r}"
        if None in row or None in row.values():
            raise FileError(f"{where}: a row must have {len(header)} cells; got more or fewer")
        item = row.pop(ID)
        if not item or item in settings:
            raise FileError(
                f"{where}: an item must be named, and once; got it {'again' if item else 'empty'}"
            )
        given = {name: cell.strip() for name, cell in row.items() if cell.strip()}
        if KEY in given:
            keys[item] = given.pop(KEY)
        settings[item] = _settings(given, where)
    return ItemsFile(settings, keys)


def _settings(given: Mapping[str, str], where: str) -> ItemSettings:
    model, options = given.get("model"), given.get("options")
    if model is not None and model not in MODELS:
        raise FileError(f"{where}: model must be one of {', '.join(MODELS)}; got {model!r}")
    if options is not None and not (options.isdecimal() and int(options) > 1):
        raise FileError(f"{where}: options must be a number of 2 or more; got {options!r}")
    priors = {name: text for name, text in given.items() if name.startswith("prior_")}
    for name, text in priors.items():
        try:
            read_prior(name.removeprefix("prior_"), text, f"{where}: {name}")
        except OptionError as problem:
            raise FileError(str(problem)) from None
    return ItemSettings(model, None if options is None else int(options), **priors)
