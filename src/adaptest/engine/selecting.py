"""How an exam file says the next item is chosen: the closed tables of criteria and pickers."""

from __future__ import annotations

from collections.abc import Mapping

from adaptest.engine.definition import Exam
from adaptest.engine.estimation import Estimator
from adaptest.engine.parts import part
from adaptest.errors import AdaptestError
from adaptest.pool import Pool
from adaptest.selection import (
    Best,
    ClosestDifficulty,
    Criterion,
    DiscriminationIndex,
    EfficiencyBalancedInformation,
    ExpectedInformation,
    ExpectedPosteriorVariance,
    FisherInformation,
    FixedOrder,
    InformationAtCut,
    IntervalInformation,
    KullbackLeibler,
    LikelihoodWeightedInformation,
    LikelihoodWeightedKullbackLeibler,
    MutualInformation,
    Picker,
    PosteriorDiscriminationIndex,
    PosteriorWeightedInformation,
    PosteriorWeightedKullbackLeibler,
    Progressive,
    Proportional,
    Random,
    Randomesque,
    Setting,
    Strata,
    ThetaOptimal,
    UpAndDown,
    strata,
)
from adaptest.selection.uncertain import expected

CRITERIA: Mapping[str, type[Criterion]] = {
    "information": FisherInformation,
    "information_at_cut": InformationAtCut,
    "interval_information": IntervalInformation,
    "efficiency_balanced_information": EfficiencyBalancedInformation,
    "closest_difficulty": ClosestDifficulty,
    "theta_optimal": ThetaOptimal,
    "up_and_down": UpAndDown,
    "kullback_leibler": KullbackLeibler,
    "likelihood_weighted_kullback_leibler": LikelihoodWeightedKullbackLeibler,
    "posterior_weighted_kullback_leibler": PosteriorWeightedKullbackLeibler,
    "likelihood_weighted_information": LikelihoodWeightedInformation,
    "posterior_weighted_information": PosteriorWeightedInformation,
    "expected_information": ExpectedInformation,
    "expected_posterior_variance": ExpectedPosteriorVariance,
    "discrimination_index": DiscriminationIndex,
    "posterior_discrimination_index": PosteriorDiscriminationIndex,
    "mutual_information": MutualInformation,
    "random": Random,
    "fixed_order": FixedOrder,
}
PICKERS: Mapping[str, type[Picker]] = {
    "best": Best,
    "randomesque": Randomesque,
    "progressive": Progressive,
    "proportional": Proportional,
}

NEGATIVE = ("weighted_deviations",)  # content methods that can make any criterion negative


def setting_of(exam: Exam, pool: Pool, interim: Estimator, lengths: tuple[int, int | None]) -> Setting:
    """Return what criteria and pickers know before the first item.

    Parameters
    ----------
    lengths : minimum and maximum of scored items
    """
    items = pool.parameters
    if exam.spec.selection.parameter_uncertainty:
        try:
            items = expected(items, pool.errors)
        except AdaptestError as error:
            raise exam.fault(("selection", "parameter_uncertainty"), error) from None
    nodes, cut = interim.nodes, exam.spec.reporting.cut
    cuts = () if cut is None else (cut.theta,)
    return Setting(items, nodes.theta, nodes.log_weight, *lengths, cuts)


def selection_of(exam: Exam, setting: Setting) -> tuple[Criterion, Strata | None, Picker]:
    """Return criterion, strata and picker, which can work in this setting and together.

    Raises
    ------
    ExamError, where they cannot: which value, and why.
    """
    said = exam.spec.selection
    criterion: Criterion = part(exam, ("selection", "criterion"), CRITERIA, said.criterion)
    picker: Picker = part(exam, ("selection", "picker"), PICKERS, said.picker)
    try:
        criterion.check(setting)
    except AdaptestError as error:
        raise exam.fault(("selection", "criterion"), error) from None
    try:
        picker.check(setting, criterion)
    except AdaptestError as error:
        raise exam.fault(("selection", "picker"), error) from None
    content = None if said.content is None else said.content.get("name")
    if content in NEGATIVE and isinstance(picker, Progressive | Proportional):
        raise exam.fault(
            ("selection", "picker"),
            f"selection.picker: {said.picker.get('name')} goes by how large criteria are, and the content"
            f" method {content} makes some negative; use shadow_test or maximum_priority, or another picker",
        )
    layers = said.stratification
    if layers is None:
        return criterion, None, picker
    try:
        found = strata(
            setting,
            layers.strata,
            layers.by,
            layers.lengths,
            block_by_difficulty=layers.block_by_difficulty,
        )
    except AdaptestError as error:
        raise exam.fault(("selection", "stratification"), error) from None
    return criterion, found, picker
