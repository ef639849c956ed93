"""Choosing the next item: criteria, strata and pickers; their names in files are in `engine.selecting`.

Setting, Situation : what a choice may look at.
Criterion : how good each item is now.
Strata : which items are for which length.
Picker : which of the best a sitting gets.
"""

from adaptest.selection.base import Bounds, Candidates, Criterion, Picker
from adaptest.selection.closest import ClosestDifficulty, ThetaOptimal, UpAndDown
from adaptest.selection.discrimination import DiscriminationIndex, PosteriorDiscriminationIndex
from adaptest.selection.expected import ExpectedInformation, ExpectedPosteriorVariance
from adaptest.selection.information import FisherInformation, InformationAtCut
from adaptest.selection.interval import EfficiencyBalancedInformation, IntervalInformation
from adaptest.selection.kullback_leibler import (
    KullbackLeibler,
    LikelihoodWeightedKullbackLeibler,
    PosteriorWeightedKullbackLeibler,
)
from adaptest.selection.mutual import MutualInformation
from adaptest.selection.pickers import Best, Randomesque
from adaptest.selection.plain import FixedOrder, Random
from adaptest.selection.progressive import Progressive, Proportional
from adaptest.selection.shortlist import shortlist
from adaptest.selection.situation import Setting, Situation
from adaptest.selection.stratified import Strata, strata
from adaptest.selection.weighted import LikelihoodWeightedInformation, PosteriorWeightedInformation

__all__ = [
    "Best",
    "Bounds",
    "Candidates",
    "ClosestDifficulty",
    "Criterion",
    "DiscriminationIndex",
    "EfficiencyBalancedInformation",
    "ExpectedInformation",
    "ExpectedPosteriorVariance",
    "FisherInformation",
    "FixedOrder",
    "InformationAtCut",
    "IntervalInformation",
    "KullbackLeibler",
    "LikelihoodWeightedInformation",
    "LikelihoodWeightedKullbackLeibler",
    "MutualInformation",
    "Picker",
    "PosteriorDiscriminationIndex",
    "PosteriorWeightedInformation",
    "PosteriorWeightedKullbackLeibler",
    "Progressive",
    "Proportional",
    "Random",
    "Randomesque",
    "Setting",
    "Situation",
    "Strata",
    "ThetaOptimal",
    "UpAndDown",
    "shortlist",
    "strata",
]
