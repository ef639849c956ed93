"""A candidate release as a folder: parameters, record, decisions, impact, report, and what they rest on."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adaptest.bank.problems import json_mapping, shown_path
from adaptest.calibration.result import CovarianceBlock
from adaptest.errors import BankFileError
from adaptest.files import read_bytes, readable_json, write_bytes, write_text
from adaptest.parameters import ParameterTable
from adaptest.parameters.files import write_parameter_table
from adaptest.programme.checks import Checked
from adaptest.programme.collect import Collection
from adaptest.programme.decisions import Decision, changed, decisions_csv
from adaptest.programme.impact import Impacts, impact_csv, rules_changed, summary
from adaptest.programme.keeper import Keeper
from adaptest.programme.log import Log
from adaptest.programme.moved import Moved
from adaptest.programme.recalibrate import KEPT, Outcome, log_digest
from adaptest.programme.screen import Screened
from adaptest.programme.sources import COVARIANCE, covariance_data
from adaptest.programme.task import Task

RUN_FORMAT = "adaptest-run/1"
PROVENANCE_FORMAT = "adaptest-provenance/1"
KIND = "recalibration"
PARAMETERS, RECORD, DECISIONS, IMPACT, REPORT = (
    "parameters.csv", "run.json", "decisions.csv", "impact.csv", "report.html",
)  # fmt: skip
ESTIMATES, EVIDENCE, SEEN, APPROVALS, PROVENANCE = (
    "estimates.csv", "evidence", "seen", "approvals.json", "provenance.json",
)  # fmt: skip
UNSIGNED = frozenset({APPROVALS, PROVENANCE})  # what approving and publishing write


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the steps saw of each item; the report shows it, also after a reviewer's edit."""

    screened: Screened
    moved: Moved
    checked: Checked


WITH_LOG = {**KEPT, Log.__name__: Log, Seen.__name__: Seen}


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What a candidate's folder is written from; also when a reviewer decided otherwise.

    Attributes
    ----------
    decisions : as they are now; their `proposed` is what the loop said
    table, covariance : the release, so decided
    estimates, new_covariance : values that may be accepted or put in place
    record : run.json, but for what follows from the decisions
    seen : what the steps saw; None where there were none, as in a revocation
    """

    task: Task
    collection: Collection
    decisions: tuple[Decision, ...]
    table: ParameterTable
    covariance: tuple[CovarianceBlock, ...]
    estimates: ParameterTable | None
    impacts: Impacts
    record: Mapping[str, Any]
    seen: Seen | None = None


def content_of(outcome: Outcome, exposure: Sequence[Mapping[str, Any]] = ()) -> Content:
    """Return what a fresh candidate holds."""
    return Content(
        outcome.task,
        outcome.collection,
        outcome.decisions,
        outcome.table,
        outcome.covariance,
        outcome.final.table,
        outcome.impacts,
        _record(outcome, exposure),
        Seen(outcome.screened, outcome.moved, outcome.checked),
    )


def write_candidate(folder: Path, content: Content, page: str) -> None:
    """Write a candidate into an existing empty folder, all but provenance.json."""
    covariance = covariance_data(content.covariance)
    table = folder / PARAMETERS
    write_parameter_table(table, content.table)
    write_bytes(folder / COVARIANCE, covariance)
    write_text(folder / DECISIONS, decisions_csv(content.decisions))
    write_text(folder / IMPACT, impact_csv(content.task, content.collection, content.impacts))
    if content.estimates is not None:
        write_parameter_table(folder / ESTIMATES, content.estimates)
    write_text(folder / RECORD, readable_json(plain(full_record(content, covariance))))
    write_text(folder / REPORT, page)
    keep = Keeper(folder, EVIDENCE, WITH_LOG)
    keep(EVIDENCE, lambda: content.collection)
    if content.seen is not None:
        keep(SEEN, lambda: content.seen)


def read_evidence(folder: Path) -> Collection:
    """Return the responses that a candidate rests on.

    Raises
    ------
    BankFileError, where they are missing or damaged.
    """
    collection: Collection = _read_kept(folder, EVIDENCE)
    return collection


def read_seen(folder: Path) -> Seen:
    """Return what the steps saw of a candidate's items; a revocation has no steps.

    Raises
    ------
    BankFileError, where it is missing or damaged.
    """
    seen: Seen = _read_kept(folder, SEEN)
    return seen


def _read_kept(folder: Path, name: str) -> Any:
    """Return what was kept in a candidate's folder."""

    def none() -> Any:
        raise BankFileError(
            f"{shown_path(folder)}/{name}: must be as it was written; recalibrate again into another folder"
        )

    return Keeper(folder, EVIDENCE, WITH_LOG)(name, none)


def full_record(content: Content, covariance: bytes) -> dict[str, Any]:
    """Return run.json."""
    decisions = content.decisions
    return {
        **content.record,
        "decisions": dict(sorted(Counter(one.decision for one in decisions).items())),
        "decided": {one.item: one.decision for one in decisions},
        "edited": {item: list(words) for item, words in changed(decisions).items()},
        "proposals": [[one.item, one.role, one.proposed, one.reason, one.detail, one.n] for one in decisions],
        "impact": summary(content.task, content.collection, content.impacts),
        "n_items": len(content.table.items),
        "covariance_sha256": hashlib.sha256(covariance).hexdigest(),
        "item_fingerprints": fingerprints(content.task, content.table),
    }


def fingerprints(task: Task, table: ParameterTable) -> dict[str, str]:
    """Return the content that each released item's parameters are of."""
    return {
        item: task.items[item].fingerprint
        for item in table.items.ids
        if item in task.items and task.items[item].fingerprint
    }


def _scale(task: Task) -> str:
    """Return what theta 0 means on the release's scale."""
    if not task.base.judged:
        return f"that of release {task.base.number} ({task.base.run})"
    centre = (
        "item difficulties of the base calibration have mean 0"
        if task.model == "rasch"
        else "theta has mean 0 and variance 1 in the first attempts of the collection"
    )
    return f"{centre}; cuts must be set anew, and theta under earlier releases is not comparable"


def _record(outcome: Outcome, exposure: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return run.json, but for what follows from the decisions."""
    task, collection = outcome.task, outcome.collection
    judged, facts, moved = task.base.judged, dict(outcome.final.facts), outcome.moved
    return {
        "format": RUN_FORMAT,
        "kind": KIND,
        "method": "base calibration" if judged else "fixed-parameter calibration",
        "provisional": False,
        "bank": task.bank,
        "version": task.version,
        "basis": "calibrated",
        "model": task.model if judged else _models(outcome.table),
        "scale_id": outcome.scale_id,
        "scale": _scale(task),
        "new_scale": judged,
        "scaling_constant": 1.0,
        "policy": task.policy.model_dump(mode="json"),
        "options": {"model": task.policy.model},
        "data_fingerprint": collection_digest(collection),
        "base": {
            "release": task.base.number,
            "run": task.base.run,
            "scale_id": task.base.scale_id,
            "judged": judged,
            "parameters_sha256": task.base.digest,
        },
        "steps": steps_of(outcome),
        "exposure": list(exposure),
        "scale_event": list(moved.scale_event),
        "needs_attention": outcome.needs_attention,
        "log_likelihood": facts.get("log_likelihood"),
        "log_posterior": facts.get("log_posterior"),
        "converged": facts.get("converged"),
        "reason": facts.get("reason", "no item was estimated"),
        "iterations": facts.get("iterations", 0),
        "information_positive_definite": facts.get("information_positive_definite"),
        "n_persons": len({*collection.log.person[collection.log.sitting[collection.used]].tolist()}),
        "n_responses": int(collection.used.sum()),
        "grid": facts.get("grid"),
        "priors": facts.get("priors", {}),
        "groups": [asdict(one) for one in outcome.groups],
        "notes": list(task.log.notes),
        "seed": None,
    }


def steps_of(outcome: Outcome) -> dict[str, Any]:
    """Return the numbers of each step."""
    task, collection, gated, moved = outcome.task, outcome.collection, outcome.gated, outcome.moved
    log = collection.log
    volume = collection.count(log.items, collection.used)
    return {
        "0-base": {
            "judged": task.base.judged,
            "what": "base calibration: every item free"
            if task.base.judged
            else "fixed-parameter calibration",
        },
        "1-freeze": {
            "release": task.base.number,
            "run": task.base.run,
            "items": len(task.base.table.items),
            "calibrated_items_that_hold": len(task.calibrated),
            "covariance": bool(task.base.covariance),
        },
        "2-collect": {
            "administrations": list(collection.administrations),
            "sittings": len(np.unique(log.sitting[collection.used])),
            "responses": int(collection.used.sum()),
            "pretest_responses": int((collection.used & log.pretest).sum()),
            "items": int((volume > 0).sum()),
            "median_responses_an_item": float(np.median(volume[volume > 0])) if (volume > 0).any() else 0.0,
            "set_aside": dict(collection.set_aside),
        },
        "3-gates": {
            "new_items": len(gated.items),
            "above": len(gated.passed),
            "below": len(gated.items) - len(gated.passed),
            "needed": int(gated.needed.max(initial=0)),
            "calibrated_above_in_drift_window": len(outcome.operational.passed),
            "calibrated_below_in_drift_window": len(outcome.operational.items)
            - len(outcome.operational.passed),
        },
        "4-screen": {
            "looked_at": int((outcome.screened.n > 0).sum()),
            "flags": dict(sorted(Counter(w for words in outcome.screened.flags for w in words).items())),
        },
        "5-calibrate": {
            "rounds": outcome.first.rounds,
            "estimated": 0 if outcome.first.table is None else len(outcome.first.table),
            "dropped": dict(outcome.first.dropped),
            **outcome.first.facts,
        },
        "6-drift": {
            "tested": len(moved.items),
            "flagged": [item for item, out in zip(moved.items, moved.flagged, strict=True) if out],
            "scale_event": list(moved.scale_event),
            **moved.record,
            "final": {"rounds": outcome.final.rounds, **outcome.final.facts},
        },
        "7-fit": {
            "misfit": [
                item for item, out in zip(outcome.checked.items, outcome.checked.misfit, strict=True) if out
            ],
            "pairs": [list(pair) for pair in outcome.checked.pairs],
            "dif": [dict(row) for row in outcome.checked.dif if row["flagged"]],
            "refused": list(outcome.checked.refused),
        },
        "8-impact": {
            "sittings": len(outcome.impacts.sitting),
            "comparable": outcome.impacts.comparable,
            "rules_changed": list(rules_changed(task.rules_then, task.rules)),
            "fail_to_pass": int((outcome.impacts.flips == 1).sum()),
            "pass_to_fail": int((outcome.impacts.flips == -1).sum()),
        },
        "9-decide": dict(sorted(Counter(one.decision for one in outcome.decisions).items())),
    }


def collection_digest(collection: Collection) -> str:
    """Return the SHA-256 of the responses that counted."""
    text = hashlib.sha256(log_digest(collection.log).encode())
    text.update(np.packbits(collection.used).tobytes())
    return text.hexdigest()


def run_fingerprint(folder: Path) -> str:
    """Return the SHA-256 of everything in a candidate that an approval is given for."""
    text = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in UNSIGNED:
            text.update(f"{len(name)}:{name}".encode())
            text.update(hashlib.sha256(read_bytes(path)).digest())
    return text.hexdigest()


def read_record(folder: Path) -> dict[str, Any]:
    """Return a candidate's run.json.

    Raises
    ------
    BankFileError, where there is none, or it is no candidate's.
    """
    shown = shown_path(folder)
    if not (folder / RECORD).is_file():
        raise BankFileError(f"{shown}: must be a run, with a file {RECORD}; got none")
    record = json_mapping(read_bytes(folder / RECORD, error=BankFileError), f"{shown}/{RECORD}")
    if record.get("format") != RUN_FORMAT or "proposals" not in record:
        raise BankFileError(
            f"{shown}/{RECORD}: must be of a candidate that 'adaptest recalibrate' or 'release revoke' wrote"
        )
    return record


def _models(table: ParameterTable) -> str:
    models = {table.items.models[k] for k in range(len(table.items))}
    return models.pop() if len(models) == 1 else "mixed"


def plain(value: Any) -> Any:
    """Return plain JSON values; what is not a finite number is null."""
    match value:
        case Mapping():
            return {str(key): plain(part) for key, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
        case np.ndarray():
            return plain(value.tolist())
        case np.generic():
            return plain(value.item())
        case float() if not math.isfinite(value):
            return None
    return value
