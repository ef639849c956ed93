"""Whether items still are what the bank says: free estimates against the base release's."""

from adaptest.drift.comparison import Comparison
from adaptest.drift.few_answers import Shift, score_shift
from adaptest.drift.pseudo_counts import pseudo_count_d2
from adaptest.drift.rule import Adequacy, DriftRule, ScaleEvent
from adaptest.drift.search import Drift, Round, drift

__all__ = [
    "Adequacy",
    "Comparison",
    "Drift",
    "DriftRule",
    "Round",
    "ScaleEvent",
    "Shift",
    "drift",
    "pseudo_count_d2",
    "score_shift",
]
