"""The time, as logs spell it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the moment: UTC, ISO 8601, to the microsecond.

    >>> now().endswith("Z"), len(now())
    (True, 27)
    """
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
