"""Items as JSON: everything a bank says of them, and everything comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from adaptest.bank.formats.csvfile import decoded
from adaptest.bank.formats.record import (
    LETTERS,
    LISTS,
    OWN,
    WHITE,
    WORDS,
    Contents,
    Imported,
    ItemRecord,
    Written,
    with_facts,
)
from adaptest.errors import BankFileError

FORMAT = "adaptest-item-list/1"
KEYS = ("id", "stem", "options", "key", "rationale", *WORDS, *LISTS, *OWN)


def write_json(contents: Contents) -> Written:
    """Return the items as JSON, keys in the order of a bank file."""
    items = [_entry(record) for record in contents.records]
    body = {"format": FORMAT, "bank": contents.name, "title": contents.title, "items": items}
    return Written((json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode())


def _entry(record: ItemRecord) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": record.id, "stem": record.stem}
    entry["options"] = dict(zip(LETTERS, record.options, strict=False))
    entry["key"] = record.key
    entry["rationale"] = dict(record.rationale)
    entry |= {name: getattr(record, name) for name in WORDS}
    entry |= {name: list(getattr(record, name)) for name in (*LISTS, "history", "content_decisions")}
    entry["waivers"] = dict(record.waivers)
    return {key: value for key, value in entry.items() if value}


def read_json(data: bytes, where: str) -> Imported:
    """Return the items of a JSON file.

    Raises
    ------
    BankFileError, with file and line or item, where it is no JSON or not a list of items.
    """
    try:
        body = json.loads(decoded(data, where), object_pairs_hook=_once)
    except json.JSONDecodeError as problem:
        raise BankFileError(f"{where}:{problem.lineno}: must be JSON; {problem.msg.lower()}") from None
    except _TwiceError as problem:
        raise BankFileError(f"{where}: key {str(problem)[:40]!r} must stand once in its object") from None
    except (RecursionError, ValueError):
        raise BankFileError(f"{where}: must be JSON without huge numbers or deep nesting") from None
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        got = body.get("format") if isinstance(body, dict) else None
        shown = repr(got[:40]) if isinstance(got, str) else "none"
        raise BankFileError(f"{where}: format must be {FORMAT}; got {shown}")
    items = body.get("items")
    if not isinstance(items, list) or not items:
        raise BankFileError(f"{where}: items must be a list with at least one item")
    return Imported(tuple(_record(entry, f"{where}: item {k}") for k, entry in enumerate(items, start=1)))


class _TwiceError(Exception):
    """A key stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; json itself would keep the last of two values without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _TwiceError(next(key for k, key in enumerate(keys) if key in keys[:k]))
    return found


def _record(entry: Any, place: str) -> ItemRecord:
    if not isinstance(entry, dict):
        raise BankFileError(f"{place}: must be an object with {', '.join(KEYS[:4])}")
    if unknown := [key for key in entry if key not in KEYS]:
        raise BankFileError(f"{place}: {unknown[0][:40]!r} is not a known key; use {', '.join(KEYS)}")
    options = _by_letter(entry, "options", place)
    if list(options) != list(LETTERS[: len(options)]):
        raise BankFileError(f"{place}: options must be lettered A, B, C and so on, in order")
    record = ItemRecord(
        id=_text(entry, "id", place),
        stem=_text(entry, "stem", place),
        options=tuple(options.values()),
        key=_text(entry, "key", place),
        rationale=MappingProxyType(_by_letter(entry, "rationale", place)),
        history=_records(entry, "history", place),
        content_decisions=_records(entry, "content_decisions", place),
        waivers=_mapping(entry.get("waivers", {}), "waivers", place),
        place=place,
    )
    words = {name: _text(entry, name, place) for name in WORDS}
    return with_facts(record, words, {name: _list(entry, name, place) for name in LISTS})


def _text(entry: Mapping[str, Any], name: str, place: str) -> str:
    value = entry.get(name, "")
    if not isinstance(value, str):
        raise BankFileError(f"{place}: {name} must be text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BankFileError(f"{place}: {name} must be text; got half of a surrogate pair") from None
    return value.strip(WHITE)


def _list(entry: Mapping[str, Any], name: str, place: str) -> tuple[str, ...]:
    values = entry.get(name, [])
    if not isinstance(values, list):
        raise BankFileError(f"{place}: {name} must be a list of words")
    return tuple(_text({name: value}, name, place) for value in values)


def _records(entry: Mapping[str, Any], name: str, place: str) -> tuple[Mapping[str, str], ...]:
    values = entry.get(name, [])
    if not isinstance(values, list):
        raise BankFileError(f"{place}: {name} must be a list of objects")
    return tuple(_mapping(value, name, place) for value in values)


def _mapping(value: Any, name: str, place: str) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise BankFileError(f"{place}: {name} must map words to texts")
    return MappingProxyType({_text({name: key}, name, place): _text(value, key, place) for key in value})


def _by_letter(entry: Mapping[str, Any], name: str, place: str) -> dict[str, str]:
    values = entry.get(name, {})
    if not isinstance(values, dict) or any(letter not in tuple(LETTERS) for letter in values):
        raise BankFileError(f"{place}: {name} must map letters A to J to texts")
    return {letter: _text(values, letter, place) for letter in values}
