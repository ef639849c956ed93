"""What is agreed for one person before a sitting begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adaptest.engine.timing import MULTIPLIER
from adaptest.errors import OptionError


@dataclass(frozen=True, slots=True)
class Agreed:
    """Accommodations as a log has them, and a prior of the person's own: mean and standard deviation."""

    accommodations: tuple[tuple[str, str], ...]
    prior: tuple[float, float] | None


def agreed_of(accommodations: Mapping[str, float | str] | None, prior: tuple[float, float] | None) -> Agreed:
    """Return what was agreed.

    Raises
    ------
    OptionError, where an accommodation is not known; its value is checked as the sitting begins.
    """
    said = dict(accommodations or {})
    for name in said:
        if name != MULTIPLIER:
            raise OptionError(f"accommodation {name!r}: must be {MULTIPLIER}")
    return Agreed(
        tuple((name, value if isinstance(value, str) else f"{value:g}") for name, value in said.items()),
        prior,
    )
