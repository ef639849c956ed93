"""The time: as logs spell it, and as seconds of one sitting."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> str:
    """Return the moment: UTC, ISO 8601, to the microsecond.

    >>> now().endswith("Z"), len(now())
    (True, 27)
    """
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Stopwatch:
    """Seconds since a moment: by the system's clock up to now, from now on by one that is never set.

    Parameters
    ----------
    since : UTC, as `now` spells it

    Examples
    --------
    >>> Stopwatch("2026-01-01T00:00:00.000000Z")() > 0
    True
    """

    def __init__(self, since: str) -> None:
        began = datetime.fromisoformat(since) if since else datetime.now(UTC)
        self._before = max((datetime.now(UTC) - began).total_seconds(), 0.0)
        self._from = time.monotonic()

    def __call__(self) -> float:
        """Return the seconds, to the thousandth."""
        return round(self._before + time.monotonic() - self._from, 3)


def spelled(seconds: float) -> str:
    """Return a length of time for people: minutes and seconds, with hours where there are any.

    >>> spelled(65.2), spelled(3600), spelled(0)
    ('1:05', '1:00:00', '0:00')
    """
    whole = max(int(seconds), 0)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
