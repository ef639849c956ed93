"""Provisional parameters: difficulties that people judged, until responses say more.

Rasch, so that nothing but difficulty has to be judged. The five levels are 1.1 logits apart about 0: each
makes the odds of success three times smaller, so that at theta 0 it is .90, .75, .50, .25 and .10. The
standard error, .80, is what is left of a difficulty's spread of 1 logit when judgements correlate .6 with
it, sqrt(1 - .36): most of a step either way. Both are ours, and no estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from adaptest.bank.contents import Bank
from adaptest.bank.releases import utc
from adaptest.bank.schema import Item, Judged
from adaptest.errors import BankFileError
from adaptest.files import new_folder, readable_json, write_text
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.parameters.files import write_parameter_table
from adaptest.parameters.table import ParameterTable

LEVELS: Mapping[Judged, float] = MappingProxyType(
    {"very_easy": -2.2, "easy": -1.1, "medium": 0.0, "hard": 1.1, "very_hard": 2.2}
)
SE_DIFFICULTY = 0.80
RUN_FORMAT = "adaptest-run/1"
PROVENANCE_FORMAT = "adaptest-provenance/1"
JUDGED_STATUSES = frozenset({"review", "pretest", "operational"})


def judged_table(bank: Bank, scale_id: str) -> ParameterTable:
    """Return Rasch parameters for every item that is neither a draft nor retired.

    Raises
    ------
    BankFileError, naming the first item without a judged difficulty.
    """
    items = _judged(bank)
    ids = tuple(item.id for item in items)
    b = np.array([LEVELS[item.judged_difficulty] for item in items if item.judged_difficulty])
    ones, zeros = np.ones(len(ids)), np.zeros(len(ids))
    block = LogisticItems(ids, ones, b, zeros, ones, ("rasch",) * len(ids))
    return ParameterTable.of(
        ItemParameters.of(block),
        se={"difficulty": np.full(len(ids), SE_DIFFICULTY)},
        n=zeros,
        basis="judged",
        status="at_prior",
        scale_id=scale_id,
    )


def judged_record(bank: Bank, scale_id: str, *, judged_by: str, version: str) -> dict[str, Any]:
    """Return what run.json says of a judged run: nothing was estimated, and who judged."""
    items = _judged(bank)
    return {
        "format": RUN_FORMAT,
        "method": "judged",
        "provisional": True,
        "bank": bank.name,
        "model": "rasch",
        "basis": "judged",
        "judged_by": judged_by,
        "levels": dict(LEVELS),
        "levels_reason": (
            "five ordered levels, 1.1 logits apart about 0: each level makes the odds of success three times"
            " smaller, so that at theta 0 its chance is .90, .75, .50, .25 and .10"
        ),
        "se_difficulty": SE_DIFFICULTY,
        "se_reason": (
            "a spread of difficulty of 1 logit, of which judgements that correlate .6 with it leave"
            " sqrt(1 - .36) = .80; an assumption, not an estimate"
        ),
        "scale_id": scale_id,
        "scale": "theta 0 is the difficulty judged medium; no group of candidates stands behind it",
        "scaling_constant": 1.0,
        "reason": "nothing was estimated: no candidate has answered these items",
        "converged": None,
        "information_positive_definite": None,
        "log_likelihood": None,
        "log_posterior": None,
        "iterations": 0,
        "n_items": len(items),
        "n_persons": 0,
        "n_responses": 0,
        "grid": None,
        "groups": [],
        "options": {},
        "priors": {},
        "seed": None,
        "data_fingerprint": bank.fingerprint,
        "item_fingerprints": {item.id: item.fingerprint for item in items},
        "version": version,
    }


def write_judged_run(
    bank: Bank, folder: Path, scale_id: str, *, judged_by: str, version: str, by: str, at: datetime
) -> None:
    """Write a judged run into a new folder: parameters.csv, run.json, provenance.json.

    Raises
    ------
    BankFileError, naming the first item without a judged difficulty.
    FileError, where the folder exists and is not empty, or cannot be written.
    """
    table = judged_table(bank, scale_id)
    record = judged_record(bank, scale_id, judged_by=judged_by, version=version)
    with new_folder(folder) as new:
        write_parameter_table(new / "parameters.csv", table)
        write_text(new / "run.json", readable_json(record))
        provenance = {"format": PROVENANCE_FORMAT, "by": by, "at": utc(at)}
        write_text(new / "provenance.json", readable_json(provenance))


def _judged(bank: Bank) -> tuple[Item, ...]:
    """Return the items to have parameters; raise where one was not judged."""
    items = tuple(item for item in bank.items if item.status in JUDGED_STATUSES)
    missing = [item.id for item in items if item.judged_difficulty is None]
    if missing:
        more = len(missing) - 1
        others = f" (and {more} more item{'s' if more > 1 else ''})" if more else ""
        raise BankFileError(
            f"item {missing[0]!r}: judged_difficulty must be one of {', '.join(LEVELS)}; got none{others}"
        )
    return items
