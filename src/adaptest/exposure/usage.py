"""Limits on how often an item was shown before.

MaximumUse : an item is spent after so many sittings.
Restricted : an item rests while its share of the sittings is too large.
ProgressiveRestricted : the same, beside the progressive picker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.errors import OptionError
from adaptest.exposure.counters import Counters
from adaptest.models.base import Bools, Floats
from adaptest.numerics.random import Words

SLACK = 1e-9  # a share that is reached but for rounding is reached
EXAM, BANK = "exam", "bank"


@dataclass(frozen=True, slots=True)
class MaximumUse:
    """Never show an item to more than `at_most` sittings.

    Attributes
    ----------
    across : "exam" counts the sittings of this exam, "bank" those of every exam

    Raises
    ------
    OptionError, where a value breaks its rule.
    """

    hard: ClassVar[bool] = True
    at_most: int
    across: str = EXAM

    def __post_init__(self) -> None:
        if self.at_most < 1:
            raise OptionError(f"exposure rule maximum_use: at_most must be at least 1; got {self.at_most}")
        if self.across not in (EXAM, BANK):
            raise OptionError(
                f"exposure rule maximum_use: across must be {EXAM} or {BANK}; got {self.across!r}"
            )

    def bars(self, counters: Counters, seed: Words) -> Bools:  # noqa: ARG002 (one signature for every rule)
        """Return (1, J); see StartRule."""
        shown = counters.shown if self.across == EXAM else counters.shown_anywhere
        return (shown >= self.at_most)[None]


@dataclass(frozen=True, slots=True)
class Restricted:
    """Let an item rest while at least `rate` of the sittings so far were shown it.

    After n sittings that came one after the other no item was shown to more than rate n + 1 of them; of
    sittings that run side by side, each may add one.

    References
    ----------
    Revuelta & Ponsoda (1998), Journal of Educational Measurement 35(4), 311-327: restricted method.
    """

    hard: ClassVar[bool] = False
    rate: float

    def __post_init__(self) -> None:
        require_rate("restricted", "rate", self.rate)

    def bars(self, counters: Counters, seed: Words) -> Bools:  # noqa: ARG002 (one signature for every rule)
        """Return (1, J); see StartRule."""
        return over(counters.shown, counters.sittings, self.rate)[None]


@dataclass(frozen=True, slots=True)
class ProgressiveRestricted:
    """The restricted method beside the progressive picker, which gives chance its weight early on.

    References
    ----------
    Revuelta & Ponsoda (1998), Journal of Educational Measurement 35(4), 311-327: progressive-restricted.
    """

    hard: ClassVar[bool] = False
    rate: float

    def __post_init__(self) -> None:
        require_rate("progressive_restricted", "rate", self.rate)

    def bars(self, counters: Counters, seed: Words) -> Bools:  # noqa: ARG002 (one signature for every rule)
        """Return (1, J); see StartRule."""
        return over(counters.shown, counters.sittings, self.rate)[None]


def over(shown: Floats, sittings: int, rate: float) -> Bools:
    """Return (J,) the items that were shown to at least `rate` of the sittings."""
    return np.asarray((shown > 0) & (shown >= rate * sittings - SLACK), dtype=np.bool_)


def require_rate(rule: str, name: str, rate: float) -> None:
    """Raise unless a share is one."""
    if not 0 < rate <= 1:
        raise OptionError(f"exposure rule {rule}: {name} must be in (0, 1]; got {rate:g}")
