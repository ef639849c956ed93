"""Choosing the next item: criteria and pickers.

Setting, Situation : what a choice may look at.
Criterion : how good each item is now; `CRITERIA` by name in files.
Picker : which of the best a sitting gets; `PICKERS` by name in files.
"""

from adaptest.selection.base import Bounds, Candidates, Criterion, Picker
from adaptest.selection.information import FisherInformation
from adaptest.selection.pickers import Best, Randomesque
from adaptest.selection.plain import FixedOrder, Random
from adaptest.selection.shortlist import shortlist
from adaptest.selection.situation import Setting, Situation

__all__ = [
    "Best",
    "Bounds",
    "Candidates",
    "Criterion",
    "FisherInformation",
    "FixedOrder",
    "Picker",
    "Random",
    "Randomesque",
    "Setting",
    "Situation",
    "shortlist",
]
