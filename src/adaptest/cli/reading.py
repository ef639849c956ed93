"""The options with which every command reads a file of responses, and how their values are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from adaptest.errors import OptionError

if TYPE_CHECKING:  # --help loads no numpy
    from collections.abc import Mapping

    from adaptest.responses import Responses
    from adaptest.responses.files import KnownItems

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--format",
        "layout",
        type=click.Choice(["long", "wide"]),
        help="Layout of RESPONSES (default: long if its header has person and item).",
    ),
    click.option(
        "--key", metavar="FILE", help="CSV with columns item and key: cells are options, scored by it."
    ),
    click.option(
        "--id-columns",
        metavar="A,B,...",
        help="Wide: columns that are no items, by name or pattern (RT_*); '' if all are items.",
    ),
    click.option("--person", metavar="COLUMN", help="Wide: the column that names the person."),
    click.option("--omitted-code", multiple=True, help="Cell text for omitted (default: omitted)."),
    click.option(
        "--not-reached-code", multiple=True, help="Cell text for not reached (default: not_reached)."
    ),
    click.option(
        "--not-presented-code", multiple=True, help="Cell text that is like an empty cell (default: NA)."
    ),
    click.option(
        "--duplicates",
        type=click.Choice(["refuse", "first"]),
        default="refuse",
        show_default=True,
        help="A person's second row for an item (long) or second row (wide): an error, or left out.",
    ),
)


def reading_options(command: F) -> F:
    """Add the options that say how RESPONSES is read; `read` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read(
    path: str,
    *,
    layout: Literal["long", "wide"] | None,
    key: str | Mapping[str, str] | None,
    id_columns: str | None,
    person: str | None,
    omitted_code: tuple[str, ...],
    not_reached_code: tuple[str, ...],
    not_presented_code: tuple[str, ...],
    duplicates: Literal["refuse", "first"],
    groups: str | None = None,
    weights: str | None = None,
    items: KnownItems | Mapping[str, int] | None = None,
    categories: int | None = None,
) -> Responses:
    """Return the responses in a file, read as the options of `reading_options` say."""
    from adaptest.responses.coding import CellCodes
    from adaptest.responses.files import read_responses

    default = CellCodes()
    return read_responses(
        path,
        format=layout,
        key=key,
        id_columns=columns(id_columns),
        person=person,
        groups=groups,
        weights=weights,
        items=items,
        categories=categories,
        omitted=omitted_code or default.omitted,
        not_reached=not_reached_code or default.not_reached,
        not_presented=not_presented_code or default.not_presented,
        duplicates=duplicates,
    )


def columns(text: str | None) -> tuple[str, ...] | None:
    """Return the names in A,B,...; none at all in an empty text; None where nothing was said."""
    if text is None:
        return None
    return tuple(name for name in text.split(",") if name)


def numbers(text: str, option: str, form: str, separator: str = ",") -> tuple[float, ...]:
    """Return the numbers in a text such as 0,1 or -4:4:40, as many as `form` shows.

    Raises
    ------
    OptionError, where there are more or fewer, or one is no number.
    """
    parts = text.split(separator)
    try:
        values = tuple(float(part) for part in parts)
    except ValueError:
        values = ()
    if len(values) != len(form.split(separator)):
        raise OptionError(f"{option} must be {form}, numbers; got {text!r}")
    return values


def whole(value: float, option: str) -> int:
    """Return a number of nodes, iterations and the like: whole and greater than 0.

    Raises
    ------
    OptionError, where it is not.
    """
    if value < 1 or value != int(value):
        raise OptionError(f"{option}: the number must be whole and greater than 0; got {value:g}")
    return int(value)
