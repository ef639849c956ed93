"""The fit that a calibration case is about: model, priors and grid as its words say."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np

from adaptest.calibration import CalibrationResult, calibrate
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.programme.verify.case import Case, Context, NotComputedError
from adaptest.programme.verify.data import responses_of
from adaptest.responses import Responses

GRID = (-6.0, 6.0, 61)
TIGHT = 1e-6  # logits: the sources' own numbers are the larger error
GAUSS_HERMITE = 21  # ltm's nodes, whose numbers are not always the integral's
MODELS = {  # first words of a case's model -> ours
    "2pl": "2pl", "1pl": "1pl", "3pl": "3pl", "4pl": "4pl", "rasch": "rasch", "grm": "grm", "pcm": "pcm",
    "gpcm_pcm": "pcm", "gpcm": "gpcm", "rsm": "rsm", "nrm": "nrm", "sequential": "sequential",
    "sim_rasch": "rasch", "fipc": "2pl",
}  # fmt: skip
REAL = r"(-?\d*\.?\d+)"


def model_of(case: Case) -> str:
    """Return our name of a case's model.

    Raises
    ------
    NotComputedError, where it is none of ours.
    """
    text = case.model.lower()
    for words in sorted(MODELS, key=len, reverse=True):
        if text.startswith(words):
            return MODELS[words]
    raise NotComputedError(f"model {case.model!r} is not computed here")


def fitted(case: Case, context: Context, se: str = "louis", model: str | None = None) -> CalibrationResult:
    """Return the case's fit."""
    responses = responses_of(case, context)
    options = _options(case)
    anchors = _anchors(case, responses)
    name = model or model_of(case)
    if anchors is not None:
        return calibrate(responses, name, anchors=anchors, se=se, **options)  # type: ignore[arg-type]
    return _fit(responses, name, se, tuple(options.items()))


@lru_cache(maxsize=64)
def _fit(
    responses: Responses, model: str, se: str, options: tuple[tuple[str, Any], ...]
) -> CalibrationResult:
    return calibrate(responses, model, se=se, **dict(options))  # type: ignore[arg-type]


def _options(case: Case) -> dict[str, Any]:
    """Return the settings with which the source's numbers were made."""
    text = case.model.lower()
    options: dict[str, Any] = {
        "grid": GAUSS_HERMITE if case.program == "ltm" else GRID,
        "tolerance": TIGHT,
        "prior_discrimination": "none",
        "prior_guessing": "none",
    }
    if match := re.search(rf"logit\(g\)\s*~\s*n\({REAL},\s*{REAL}\)", text):
        options["prior_guessing"] = f"normal:{match[1]},{match[2]}"
    if match := re.search(rf"c\s*~\s*beta\({REAL},\s*{REAL}\)", text):
        options["prior_guessing"] = f"beta:{match[1]},{match[2]}"
    if text.startswith("rasch") and "n(0,1)" in text:
        options["latent_variance"] = "fixed"
    return options


def _anchors(case: Case, responses: Responses) -> ItemParameters | None:
    """Return the items that a fixed-parameter case holds, by its words or by its table of results."""
    if "FIPC" not in case.model:
        return None
    pairs = [(float(a), float(d)) for a, d in re.findall(rf"\({REAL},\s*{REAL}\)", case.model)]
    ids = responses.items[: len(pairs)]
    if not pairs:
        rows = list(enumerate(case.expected.get("items", ())))
        common = [(k, row) for k, row in rows if str(row.get("_row", "")).startswith("C")]
        pairs = [(row["a1"], row["d"]) for _, row in common]
        ids = tuple(responses.items[k] for k, _ in common if k < len(responses.items))
    if not pairs or len(pairs) != len(ids):
        raise NotComputedError("its anchors are not given")
    a, d = np.array(pairs).T
    return ItemParameters.of(LogisticItems(tuple(ids), a, -d / a, np.zeros(len(a)), np.ones(len(a))))
