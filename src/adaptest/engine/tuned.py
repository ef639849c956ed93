"""What a simulation found out for an exam's exposure rule: read beside the exam, kept with its design."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adaptest.errors import ExamError
from adaptest.exposure import Eligibility, SympsonHetter
from adaptest.models.base import Floats
from adaptest.pool import Pool

FORMAT = "adaptest-exposure/1"
SUFFIX = ".exposure.json"  # of the file beside EXAM.yaml
RATED = ("sympson_hetter", "eligibility")  # rules that probabilities are tuned for
TOLD = ("id", "title", "stakes", "demo", "secure", "options", "feedback", "reporting", "pretest", "tuned")

Chance = Annotated[float, Field(ge=0, le=1)]


class Tuned(BaseModel):
    """The probabilities of one rule, and what they were tuned for.

    Attributes
    ----------
    rule, rate, bands : those of the exam's rule
    design : of everything in the exam file that choices depend on
    pool : of the items, their parameters and attributes
    probabilities : item -> one in each band, from the lowest
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal["adaptest-exposure/1"]
    rule: Literal["sympson_hetter", "eligibility"]
    rate: float
    bands: tuple[float, ...] = ()
    design: str
    pool: str
    seed: int
    simulees: int
    rounds: int
    fresh_simulees: int
    largest_rate: float
    largest_rate_in_band: tuple[float, ...] = ()
    probabilities: dict[str, tuple[Chance, ...]]

    def table(self, pool: Pool) -> Floats:
        """Return (B, J) the probabilities in the order of the pool; 1 for an item that is not named."""
        whole = (1.0,) * (len(self.bands) + 1)
        return np.array([self.probabilities.get(item, whole) for item in pool.ids]).T.copy()


def read_tuned(text: str, where: str) -> Tuned:
    """Return what a tuned file holds.

    Raises
    ------
    ExamError, where it is not one, or one of another format.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise ExamError(f"{where}: must be JSON; {error}") from None
    got = body.get("format") if isinstance(body, dict) else body
    if got != FORMAT:
        raise ExamError(f"{where}: format must be {FORMAT}; got {got!r}; tune the exam again")
    try:
        tuned = Tuned.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ExamError(f"{where}: {name}: {first['msg'].lower()}; tune the exam again") from None
    wrong = [item for item, chances in tuned.probabilities.items() if len(chances) != len(tuned.bands) + 1]
    if wrong:
        raise ExamError(
            f"{where}: item {wrong[0]!r}: must have a probability in each of {len(tuned.bands) + 1} bands;"
            f" got {len(tuned.probabilities[wrong[0]])}"
        )
    return tuned


def tuned_for(definition: dict[str, Any]) -> str:
    """Return SHA-256 of everything in a definition that choices depend on: what a tuned file is for.

    Parameters
    ----------
    definition : an exam definition as JSON values, as in a design artifact
    """
    body = {name: value for name, value in definition.items() if name not in TOLD}
    others = [rule for rule in body.pop("exposure", ()) if rule.get("rule") not in RATED]
    if others:  # the rule itself is compared word by word
        body["exposure"] = others
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def mismatch(tuned: Tuned, rule: str, settings: SympsonHetter | Eligibility, design: str, pool: Pool) -> str:
    """Return why a tuned file is not for this exam; empty where it is."""
    if tuned.pool != pool.fingerprint:
        return f"must be tuned for the {len(pool)} items of this exam and their parameters; got another pool"
    pairs = (
        ("rule", tuned.rule, rule),
        ("rate", tuned.rate, settings.rate),
        ("bands", tuned.bands, settings.bands),
    )
    for name, got, wanted in pairs:
        if got != wanted:
            return f"must be tuned for {name} {wanted}; got {got}"
    if tuned.design != design:
        return (
            "must be tuned for this exam as it is; its length, blueprint, selection or stopping has changed"
        )
    return ""
