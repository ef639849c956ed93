"""An analysis of calibrated items on a set of responses: every result together, and what needs a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adaptest.calibration.population import Population
from adaptest.dif import DifResult
from adaptest.dif.result import OK
from adaptest.fit import ChiSquares, MeanSquares, ModelFit, Pairs
from adaptest.fit.classical import Classical
from adaptest.fit.distractors import Distractors
from adaptest.fit.person_fit import PersonFit
from adaptest.fit.reliability import Decisions, Reliability
from adaptest.fit.response_time import RapidGuessing
from adaptest.fit.similarity import Similarity
from adaptest.fit.theta_groups import GroupResiduals
from adaptest.models.base import Floats
from adaptest.responses.core import Core
from adaptest.scoring import Estimates
from adaptest.scoring.matched import Matched

MEANING = {  # of the flags of items, the gravest first
    "unchosen_key": "nobody chose the key",
    "key_check": "a distractor's correlation is above the key's: check the key",
    "negative_correlation": "correlates negatively with the rest of the form, or with theta: check the key",
    "dif": "a primary method flags it: see dif.csv",
    "misfit": "S-X2 or PV-Q1 significant after adjustment, and RMSD .05 or more",
    "local_dependence": "depends on another item beyond theta: see pairs.csv",
    "mean_square": "infit or outfit outside .7 to 1.3, and more than chance by its z",
    "low_correlation": "correlates less than .20 with the rest of the form, or with theta",
    "low_p": "fewer than 20 % of the highest score on average",
    "high_p": "more than 96 % of the highest score on average",
}
PRIMARY = ("mantel_haenszel", "logistic_both", "likelihood_ratio", "wald")
RMSD_LARGE = 0.05  # with a significant test: CALIBRATION section 4's bound
MEAN_SQUARE = (0.7, 1.3)  # Wright & Linacre (1994), Rasch Measurement Transactions 8(3), 370
Z = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What was found on N persons and J items.

    Attributes
    ----------
    data, core, population, people : what everything rests on: the answers, the common form, the ability
        distribution, and the persons' WLE
    classical : classical statistics
    theta_correlation : (J,) of the score with the operational WLE, for items outside it; else nan
    expected_p : (J,) share of the highest score that the model expects at the persons' thetas
    mean_squares, zh, s_x2, pv_q1, rmsd, groups : item fit
    pairs, model_fit : local dependence, and the fit of the whole
    person_mean_squares, person_fit : of persons
    reliability, decisions : of theta and of decisions at the cuts
    distractors : None without a key
    rapid : None without times
    similarity : None where it was not asked for
    dif : one result a method; none without groups
    flags : (J,) tuples of MEANING's words
    notes : what was decided on the way
    """

    data: Matched
    core: Core
    population: Population
    people: Estimates
    classical: Classical
    theta_correlation: Floats
    expected_p: Floats
    mean_squares: MeanSquares
    zh: Floats
    s_x2: ChiSquares
    pv_q1: ChiSquares
    rmsd: Floats
    groups: GroupResiduals
    pairs: Pairs
    model_fit: ModelFit
    person_mean_squares: MeanSquares
    person_fit: PersonFit
    reliability: Reliability
    decisions: tuple[Decisions, ...]
    distractors: Distractors | None
    rapid: RapidGuessing | None
    similarity: Similarity | None
    dif: tuple[DifResult, ...]
    flags: tuple[tuple[str, ...], ...]
    settings: Mapping[str, object]
    notes: tuple[str, ...]

    @property
    def needs_attention(self) -> bool:
        """Whether something needs a person: exit code 3 of the command line."""
        accused = self.similarity is not None and bool(self.similarity.flagged.any())
        rapid = self.rapid is not None and bool(self.rapid.flagged.any())
        return any(self.flags) or accused or rapid

    @property
    def flagged_items(self) -> list[int]:
        """Rows of the flagged items, the gravest first."""
        grave = list(MEANING)
        rows = [j for j, words in enumerate(self.flags) if words]
        return sorted(rows, key=lambda j: min(grave.index(word) for word in self.flags[j]))

    def dif_volume(self) -> list[tuple[str, str, int]]:
        """Return, for each comparison, reference, focal and how many items had a verdict from some method."""
        pairs: dict[tuple[str, str], set[str]] = {}
        for result in self.dif:
            judged = {item for item, word in zip(result.items, result.outcome, strict=True) if word == OK}
            pairs.setdefault((result.reference, result.focal), set()).update(judged)
        return [(*groups, len(items)) for groups, items in pairs.items()]

    def dif_flags(self, item: str) -> tuple[str, ...]:
        """Return which primary methods flag an item: 'mantel_haenszel C', 'likelihood_ratio'."""
        found = []
        for result in self.dif:
            if result.method in PRIMARY and item in result.items:
                row = result.items.index(item)
                if result.flagged[row]:
                    found.append(f"{result.method} {result.classes[row]}".strip())
        return tuple(found)
