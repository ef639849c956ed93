"""One spelling of an event as JSON, and strict reading of what any version wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from adaptest.engine.events import EVENTS, LATER, Event
from adaptest.errors import EventError

Body = dict[str, Any]
Upcasters = Mapping[tuple[str, int], Callable[[Body], Body]]

# (type, schema) -> the same body, one schema newer. A stored body is never rewritten, only read so.
UPCASTERS: Upcasters = {}


def to_json(event: Event) -> str:
    """Return the one spelling of an event: sorted keys, no spaces, ASCII, no nan."""
    body = {"type": type(event).__name__, "schema": event.schema, **_plain(event)}
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def from_json(text: str, upcasters: Upcasters = UPCASTERS) -> Event:
    """Return the event that `to_json` wrote, in this or an older schema.

    Raises
    ------
    EventError, where it is not one: a field is missing, unknown or of another type, or the schema is newer.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise EventError(f"an event must be JSON; {error}") from None
    kind = EVENTS.get(str(body.pop("type", None))) if isinstance(body, dict) else None
    if kind is None:
        raise EventError(f"an event must have a type among {', '.join(EVENTS)}; got {text[:80]}")
    name = kind.__name__
    schema = _read(f"{name}: schema", int, body.pop("schema", None))
    while schema < kind.schema and (upcast := upcasters.get((name, schema))) is not None:
        body, schema = upcast(body), schema + 1
    if schema != kind.schema:
        remedy = "; use a newer adaptest" if schema > kind.schema else ""
        raise EventError(f"{name}: schema must be {kind.schema}; got {schema}{remedy}")
    event: Event = _read_fields(name, kind, body)
    return event


@cache
def _types(kind: type) -> dict[str, Any]:
    """Return each field's declared type."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def _later(kind: type) -> dict[str, Any]:
    """Return the fields that came after the first release: written only where they say something."""
    return {one.name: one.default for one in fields(kind) if LATER.keys() <= one.metadata.keys()}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if is_dataclass(value):
        kind = cast("type", type(value))
        later = _later(kind)
        held = {name: getattr(value, name) for name in _types(kind)}
        return {name: _plain(own) for name, own in held.items() if name not in later or own != later[name]}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


def _read_fields(where: str, kind: type, body: Any) -> Any:
    """Return the `kind` whose fields a JSON object holds, no more and no less."""
    declared, later = _types(kind), _later(kind)
    if not isinstance(body, dict) or not set(declared) - set(later) <= set(body) <= set(declared):
        got = ", ".join(sorted(body)) if isinstance(body, dict) else repr(body)
        wanted = ", ".join(sorted(set(declared) - set(later)))
        raise EventError(f"{where}: must have {wanted}; got {got or 'nothing'}")
    return kind(
        **{name: _read(f"{where}: {name}", declared[name], body[name]) for name in declared if name in body}
    )


def _read(where: str, declared: Any, value: Any) -> Any:
    """Return a value of exactly its declared type."""
    if isinstance(declared, UnionType):
        if value is None and NoneType in get_args(declared):
            return None
        (declared,) = (part for part in get_args(declared) if part is not NoneType)
    if is_dataclass(declared):
        return _read_fields(where, cast("type", declared), value)
    if get_origin(declared) is tuple:
        return _read_tuple(where, declared, value)
    if type(value) is declared:
        return value
    raise EventError(f"{where} must be {declared.__name__}; got {value!r}")


def _read_tuple(where: str, declared: Any, value: Any) -> tuple[Any, ...]:
    """Return a JSON list as a tuple: of one type throughout, or of one type each."""
    parts = get_args(declared)
    if not isinstance(value, list) or (parts[-1] is not Ellipsis and len(value) != len(parts)):
        raise EventError(f"{where} must be {declared}; got {value!r}")
    kinds = [parts[0]] * len(value) if parts[-1] is Ellipsis else parts
    return tuple(_read(where, kind, part) for kind, part in zip(kinds, value, strict=True))
