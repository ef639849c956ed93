"""What is stored once and named by its content: designs, pools, item texts as they were shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, select

from adaptest.errors import StoreError
from adaptest.files import canonical_json
from adaptest.store.tables import artifacts

INDEX = "item_texts"  # an artifact of this kind names other artifacts: item -> SHA-256
AT_ONCE = 500  # names a query: below every system's limit of parameters


def name_of(body: str) -> str:
    """Return an artifact's name: the SHA-256 of its text, in hexadecimal."""
    return sha256(body.encode()).hexdigest()


def put(connection: Connection, kind: str, value: Any) -> str:
    """Store one JSON value, unless it is there, and return its name."""
    return put_all(connection, kind, {"": value})[""]


def put_text(connection: Connection, kind: str, body: str) -> str:
    """Store a text as it is, unless it is there, and return its name."""
    name = name_of(body)
    if not _there(connection, [name]):
        connection.execute(insert(artifacts).values(sha256=name, kind=kind, body=body))
    return name


def put_all(connection: Connection, kind: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Store JSON values by key, those that are not there yet, and return each one's name."""
    bodies = {key: canonical_json(value) for key, value in values.items()}
    names = {key: name_of(body) for key, body in bodies.items()}
    missing = {names[key]: body for key, body in bodies.items()}
    for name in _there(connection, list(missing)):
        del missing[name]
    if missing:
        rows = [{"sha256": name, "kind": kind, "body": body} for name, body in missing.items()]
        connection.execute(insert(artifacts), rows)
    return names


def get(connection: Connection, name: str) -> Any:
    """Return the JSON value of one name; raise as `text` does."""
    return json.loads(text(connection, name))


def get_all(connection: Connection, names: list[str]) -> dict[str, Any]:
    """Return the JSON values of some names; raise as `text` does."""
    return {name: json.loads(body) for name, body in _texts(connection, names).items()}


def text(connection: Connection, name: str) -> str:
    """Return the text of one name.

    Raises
    ------
    StoreError, where it is missing or is not what its name says.
    """
    return _texts(connection, [name])[name]


def _texts(connection: Connection, names: list[str]) -> dict[str, str]:
    """Return the texts of some names, each compared with its name."""
    found: dict[str, str] = {}
    for start in range(0, len(names), AT_ONCE):
        part = names[start : start + AT_ONCE]
        rows = connection.execute(
            select(artifacts.c.sha256, artifacts.c.body).where(artifacts.c.sha256.in_(part))
        )
        found.update((name, body) for name, body in rows)
    for name in names:
        if name not in found:
            raise StoreError(f"artifact {name[:12]}: must be in the database; restore a backup")
        if name_of(found[name]) != name:
            raise StoreError(f"artifact {name[:12]}: its text was changed; restore a backup")
    return found


def _there(connection: Connection, names: list[str]) -> list[str]:
    there: list[str] = []
    for start in range(0, len(names), AT_ONCE):
        part = names[start : start + AT_ONCE]
        there += connection.execute(select(artifacts.c.sha256).where(artifacts.c.sha256.in_(part))).scalars()
    return there
