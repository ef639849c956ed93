"""Choosing the next item: criteria and pickers.

Criterion : how good each item is now; `CRITERIA` by name in files.
Picker : which of the best a sitting gets; `PICKERS` by name in files.
"""

from adaptest.selection.base import Bounds, Criterion, Picker, Posterior
from adaptest.selection.information import FisherInformation
from adaptest.selection.pickers import Best, Randomesque
from adaptest.selection.plain import FixedOrder, Random
from adaptest.selection.shortlist import Candidates, shortlist

__all__ = [
    "Best",
    "Bounds",
    "Candidates",
    "Criterion",
    "FisherInformation",
    "FixedOrder",
    "Picker",
    "Posterior",
    "Random",
    "Randomesque",
    "shortlist",
]
