"""A word of an exam file with its options becomes the part that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from adaptest.engine.definition import Exam
from adaptest.engine.text import Path
from adaptest.errors import AdaptestError


def part(
    exam: Exam, path: Path, table: Mapping[str, type], options: Mapping[str, Any], key: str = "name"
) -> Any:
    """Return the part that a word of a file names, with its options.

    Parameters
    ----------
    table : the parts there are, by name
    options : what the file says, the name under `key` among it

    Raises
    ------
    ExamError, where there is no such part, or an option is unknown, missing or of another type.
    """
    what = ".".join(str(piece) for piece in path)
    name = options.get(key)
    kind = table.get(str(name))
    if kind is None:
        raise exam.fault(path, f"{what}: must be one of {', '.join(table)}; got {name!r}")
    hints = get_type_hints(kind)
    known = {field.name: hints[field.name] for field in fields(kind)}
    given = {option: value for option, value in options.items() if option != key}
    for option, value in given.items():
        place = (*path, option)
        if option not in known:
            takes = f"takes {', '.join(known)}" if known else "takes no options"
            raise exam.fault(place, f"{what}: {name} {takes}; got {option!r}")
        if not _is_a(value, known[option]):
            raise exam.fault(place, f"{what}.{option}: must be {_called(known[option])}; got {value!r}")
    typed = {option: _typed(value, known[option]) for option, value in given.items()}
    try:
        return kind(**typed)
    except TypeError:
        missing = [field.name for field in fields(kind) if _must_be_given(field) and field.name not in given]
        raise exam.fault(path, f"{what}: {name} needs {', '.join(missing)}") from None
    except AdaptestError as error:
        raise exam.fault(path, error) from None


def _must_be_given(field: Field[Any]) -> bool:
    """Return whether an option has no default."""
    return field.default is MISSING and field.default_factory is MISSING


def _kinds(wanted: Any) -> tuple[Any, ...]:
    """Return the types that an option may have: those of `float | None` without None."""
    parts = get_args(wanted) if isinstance(wanted, UnionType) else (wanted,)
    return tuple(part for part in parts if part is not NoneType)


def _is_a(value: Any, wanted: Any) -> bool:
    """Return whether a value of a file is of an option's type; whole numbers are numbers."""
    for kind in _kinds(wanted):
        if get_origin(kind) is tuple:
            inner = get_args(kind)[0]
            if isinstance(value, list | tuple) and all(_is_a(one, inner) for one in value):
                return True
        elif type(value) is kind or (kind is float and type(value) is int):
            return True
    return False


def _typed(value: Any, wanted: Any) -> Any:
    """Return a value that is of an option's type as that type."""
    kinds = _kinds(wanted)
    if isinstance(value, list | tuple):
        inner = next(get_args(kind)[0] for kind in kinds if get_origin(kind) is tuple)
        return tuple(_typed(one, inner) for one in value)
    return float(value) if type(value) is int and int not in kinds else value


def _called(wanted: Any) -> str:
    """Return an option's type in words."""
    names = [
        f"a list of {get_args(kind)[0].__name__}" if get_origin(kind) is tuple else str(kind.__name__)
        for kind in _kinds(wanted)
    ]
    return " or ".join(names)
