"""How often items may be shown: rules at the start of a sitting, by theta band, and at each choice.

Controls : all rules of one exam, asked for N sittings at once
Counters : what they look at: how often each item was shown before
"""

from adaptest.exposure.bands import Bands
from adaptest.exposure.control import Controls, Outset
from adaptest.exposure.counters import Counters
from adaptest.exposure.eligibility import Eligibility
from adaptest.exposure.overlap import MeanOverlap, RecentOverlap
from adaptest.exposure.sympson_hetter import Lottery, SympsonHetter
from adaptest.exposure.usage import MaximumUse, ProgressiveRestricted, Restricted

__all__ = [
    "Bands",
    "Controls",
    "Counters",
    "Eligibility",
    "Lottery",
    "MaximumUse",
    "MeanOverlap",
    "Outset",
    "ProgressiveRestricted",
    "RecentOverlap",
    "Restricted",
    "SympsonHetter",
]
