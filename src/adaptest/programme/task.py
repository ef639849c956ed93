"""What a recalibration starts from: the frozen base release, the bank's items, the exams, the responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adaptest.calibration.result import CovarianceBlock
from adaptest.parameters import ParameterTable
from adaptest.programme.log import Log
from adaptest.programme.policy import Policy


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """The release that is recalibrated (step 1).

    Attributes
    ----------
    number, run : of the release
    judged : whether its parameters are guesses: then nothing may be anchored on them
    fingerprints : item -> content its parameters are of
    covariance : joint covariance of the parameters' errors, where it is known; else the standard errors serve
    digest : SHA-256 of its parameters.csv
    """

    number: int
    run: str
    scale_id: str
    judged: bool
    table: ParameterTable
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    covariance: tuple[CovarianceBlock, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class BankItem:
    """What the loop needs to know of an item's content.

    Attributes
    ----------
    status : draft, review, pretest, operational or retired
    key : letter of the key; options : all letters
    fingerprint : of the content as it is
    standing : what became of the content that the base's parameters are of: same, minor_edit, new_item,
        undecided; "" where the base has none
    """

    id: str
    status: str
    key: str = ""
    options: tuple[str, ...] = ()
    fingerprint: str = ""
    standing: str = "same"


@dataclass(frozen=True, slots=True)
class ScoringRule:
    """How an exam scores and decides.

    Attributes
    ----------
    method, prior_mean, prior_sd : the final estimator
    cut : theta; None decides nothing
    slope, intercept : of the reporting scale
    minimum : scored items below which a sitting has no result
    practice : whether it is practice
    """

    method: str
    prior_mean: float
    prior_sd: float
    cut: float | None
    slope: float
    intercept: float
    minimum: int = 1
    practice: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Everything that decides a recalibration.

    Attributes
    ----------
    bank : its name
    items : by id, in the bank's order
    rules : exam -> how it scores now; rules_then : how it scored the sittings, where that was another way
    version : of adaptest
    """

    bank: str
    base: Base
    items: Mapping[str, BankItem]
    log: Log
    policy: Policy
    rules: Mapping[str, ScoringRule] = field(default_factory=dict)
    rules_then: Mapping[str, ScoringRule] = field(default_factory=dict)
    version: str = ""

    def rule(self, exam: str, *, then: bool = False) -> ScoringRule:
        """Return how an exam scores; one that the bank does not know, as the policy says."""
        if then and exam in self.rules_then:
            return self.rules_then[exam]
        if exam in self.rules:
            return self.rules[exam]
        own = self.policy.impact
        return ScoringRule(own.method, own.prior_mean, own.prior_sd, own.cut, own.slope, own.intercept)

    @property
    def calibrated(self) -> tuple[str, ...]:
        """Items whose parameters hold: calibrated, content as it was, not retired."""
        if self.base.judged:
            return ()
        return tuple(
            item
            for item, one in self.items.items()
            if item in self.base.table.items.row
            and one.standing in {"same", "minor_edit"}
            and one.status != "retired"
        )

    @property
    def new(self) -> tuple[str, ...]:
        """Items that may be calibrated and have no parameters that hold."""
        known = frozenset(self.calibrated)
        return tuple(
            item
            for item, one in self.items.items()
            if item not in known and one.status not in {"retired", "draft"} and one.standing != "undecided"
        )

    @property
    def model(self) -> str:
        """The model of new items."""
        if self.policy.model != "inherit":
            return self.policy.model
        if self.base.judged:
            return "2pl"
        models = {
            model
            for item, model in zip(self.base.table.ids, self.base.table.models, strict=True)
            if item in self.base.table.items.row
        }
        return models.pop() if len(models) == 1 else "2pl"
