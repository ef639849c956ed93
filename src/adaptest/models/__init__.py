"""Response families: one file per family, its parameters and its mathematics together."""

from adaptest.models.base import Family
from adaptest.models.graded import GradedItems
from adaptest.models.logistic import LogisticItems
from adaptest.models.nominal import NominalItems
from adaptest.models.partial_credit import PartialCreditItems
from adaptest.models.sequential import SequentialItems

FAMILIES: dict[str, type[Family]] = {  # name in files
    "rasch": LogisticItems,
    "1pl": LogisticItems,
    "2pl": LogisticItems,
    "3pl": LogisticItems,
    "4pl": LogisticItems,
    "grm": GradedItems,
    "pcm": PartialCreditItems,
    "gpcm": PartialCreditItems,
    "rsm": PartialCreditItems,
    "nrm": NominalItems,
    "sequential": SequentialItems,
}

__all__ = [
    "FAMILIES",
    "Family",
    "GradedItems",
    "LogisticItems",
    "NominalItems",
    "PartialCreditItems",
    "SequentialItems",
]
