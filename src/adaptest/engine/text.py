"""The text of an exam file as plain values, with the line of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from adaptest.errors import ExamError

DEEPEST = 20  # no exam file nests deeper than 6

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Marked:
    """Values, and where each stands.

    Attributes
    ----------
    where : name of the file, as sentences begin with it
    values : the document
    lines : path -> line, from 1
    """

    where: str
    values: Any
    lines: Mapping[Path, int]

    def at(self, path: Path) -> str:
        """Return file and line of a value, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.where}:{self.lines.get(path, 1)}"


def read(text: str, where: str) -> Marked:
    """Return the document of a YAML text.

    Raises
    ------
    ExamError, where it is not YAML, gives a key twice or nests too deep.
    """
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise ExamError(f"{where}:{line}: must be YAML; {problem}") from None
    except RecursionError:
        raise ExamError(f"{where}:1: must not nest more than {DEEPEST} deep") from None
    lines: dict[Path, int] = {}
    if node is None:
        raise ExamError(f"{where}:1: must hold an exam definition; got nothing")
    return Marked(where, _value(node, (), where, lines), lines)


def _value(node: yaml.Node, path: Path, where: str, lines: dict[Path, int]) -> Any:
    """Return a node's value, noting its line."""
    line = node.start_mark.line + 1
    lines[path] = line
    if len(path) > DEEPEST:
        raise ExamError(f"{where}:{line}: must not nest more than {DEEPEST} deep")
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            if not key or key in result:
                fault = f"key {key!r} must stand once" if key else "a key must be a word"
                raise ExamError(f"{where}:{key_node.start_mark.line + 1}: {fault}")
            result[key] = _value(value_node, (*path, key), where, lines)
            lines[(*path, key)] = key_node.start_mark.line + 1
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_value(part, (*path, k), where, lines) for k, part in enumerate(node.value)]
    loader = yaml.CSafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    except (ValueError, yaml.YAMLError):
        raise ExamError(
            f"{where}:{line}: must be text, a number, true or false; got {node.value!r}"
        ) from None
    finally:
        loader.dispose()
