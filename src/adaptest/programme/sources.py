"""Steps 0 and 1: the workspace's bank, its base release frozen, its exams and responses, as one task."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from adaptest import __version__
from adaptest.bank.contents import Bank
from adaptest.bank.decisions import standing
from adaptest.bank.files import bank_named
from adaptest.bank.problems import shown_path
from adaptest.bank.releases import Run, current_release, read_releases, read_run
from adaptest.bank.schema import Item
from adaptest.bank.snapshot import JUDGED, read_parameters_of
from adaptest.calibration.result import CovarianceBlock
from adaptest.engine.schema import ExamSpec
from adaptest.engine.spec import read_exam
from adaptest.errors import BankFileError
from adaptest.files import read_bytes
from adaptest.programme.log import Log, log_of_file, log_of_store, require_once
from adaptest.programme.policy import Policy
from adaptest.programme.task import BankItem, Base, ScoringRule, Task
from adaptest.store.collected import CollectedSitting, collected
from adaptest.store.opening import open_store
from adaptest.workspace import Workspace

COVARIANCE = "covariance.npz"


def load_task(workspace: Workspace, name: str, policy: Policy, responses: Path | None, at: datetime) -> Task:
    """Return everything that decides a recalibration of a bank, from its workspace.

    Parameters
    ----------
    responses : a long response file; None takes the store's sittings
    at : UTC, now: the release in effect is the base

    Raises
    ------
    BankFileError, where the bank or its base release is missing or was altered.
    ResponseFileError, StoreError, where the responses cannot be read.
    """
    bank = bank_named(workspace.bank, name)
    folder = workspace.calibration / name
    run = read_run(folder, current_release(read_releases(folder), at, bank=name))
    base = base_of(run)
    items = bank_items(bank, base)
    rules = {exam: rule_of(read_exam(file.text, file.path).spec) for exam, file in bank.exams.items()}
    task = Task(name, base, items, _nothing(), policy, rules, version=__version__)
    if responses is not None:
        keys = {item: one.key for item, one in items.items()}
        unscored = frozenset(item for item, one in items.items() if one.status == "pretest") & set(task.new)
        log = log_of_file(str(responses), keys, unscored, group=policy.checks.group)
        require_once(log, str(responses))
        return replace(task, log=log)
    database = open_store(workspace.database)
    try:
        with database.read() as connection:
            sittings = tuple(collected(connection))
    finally:
        database.close()
    log = log_of_store(sittings, _same_question(bank), name)
    require_once(log, "the store")
    return replace(task, log=log, rules_then=_rules_then(sittings, name))


def base_of(run: Run) -> Base:
    """Return a published run as the base of a recalibration."""
    table = read_parameters_of(run)
    bases = {basis for item, basis in zip(table.ids, table.basis, strict=True) if item in table.items.row}
    scales = {one for item, one in zip(table.ids, table.scale_id, strict=True) if item in table.items.row}
    if len(scales - {""}) > 1:
        raise BankFileError(
            f"{shown_path(run.folder)}/parameters.csv: must be on one scale; got {', '.join(sorted(scales))}"
        )
    return Base(
        run.release.number,
        run.release.run,
        run.release.scale_id,
        run.release.provisional or JUDGED in bases,
        table,
        run.item_fingerprints,
        read_covariance(run.folder, run.record),
        hashlib.sha256(run.parameters).hexdigest(),
    )


def read_covariance(folder: Path, record: Mapping[str, Any]) -> tuple[CovarianceBlock, ...]:
    """Return the covariance blocks of a run whose record names their file's SHA-256; none otherwise.

    Raises
    ------
    BankFileError, where the file is not the one that the record names.
    """
    named = record.get("covariance_sha256")
    if not named:
        return ()
    data = read_bytes(folder / COVARIANCE, error=BankFileError)
    if hashlib.sha256(data).hexdigest() != named:
        raise BankFileError(
            f"{shown_path(folder)}/{COVARIANCE}: must be as it was written with its run; restore it"
        )
    blocks = []
    with np.load(io.BytesIO(data)) as arrays:
        for k in range(sum(name.startswith("matrix_") for name in arrays.files)):
            names = tuple((str(item), str(column)) for item, column in arrays[f"parameters_{k}"])
            blocks.append(CovarianceBlock(names, arrays[f"matrix_{k}"]))
    return tuple(blocks)


def covariance_data(blocks: tuple[CovarianceBlock, ...]) -> bytes:
    """Return covariance blocks as an .npz."""
    arrays: dict[str, Any] = {}
    for k, block in enumerate(blocks):
        arrays[f"parameters_{k}"] = np.array(block.parameters, dtype=np.str_).reshape(-1, 2)
        arrays[f"matrix_{k}"] = block.matrix
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    return packed.getvalue()


def bank_items(bank: Bank, base: Base) -> dict[str, BankItem]:
    """Return what the loop needs to know of each item's content, in the bank's order."""
    return {
        item.id: BankItem(
            item.id,
            item.status,
            item.key,
            tuple(item.options),
            item.fingerprint,
            standing(item, base.fingerprints[item.id]) if item.id in base.fingerprints else "",
        )
        for item in bank.items
    }


def rule_of(spec: ExamSpec) -> ScoringRule:
    """Return how an exam scores and decides."""
    prior, cut, scale = spec.estimation.prior, spec.reporting.cut, spec.reporting.scale
    return ScoringRule(
        spec.estimation.final,
        prior.mean,
        prior.sd,
        None if cut is None else cut.theta,
        scale.slope,
        scale.intercept,
        spec.length.minimum,
        spec.stakes == "practice",
    )


def _same_question(bank: Bank) -> dict[str, tuple[str, ...]]:
    """Return item -> fingerprints, perhaps shortened, of contents that are the same question as now."""
    return {item.id: _fingerprints(item) for item in bank.items}


def _fingerprints(item: Item) -> tuple[str, ...]:
    """Return an item's fingerprint, and those before it that only minor edits lie between."""
    same = [item.fingerprint]
    for decision in reversed(item.content_decisions):
        reaches = any(one.startswith(decision.now) or decision.now.startswith(one) for one in same)
        if decision.decision == "minor_edit" and reaches:
            same.append(decision.was)
    return tuple(same)


def _rules_then(sittings: tuple[CollectedSitting, ...], bank: str) -> dict[str, ScoringRule]:
    """Return how each exam scored its latest sitting, as that was stored."""
    texts = {one.exam.partition("/")[2]: one.rules for one in sittings if one.exam.startswith(f"{bank}/")}
    return {exam: rule_of(ExamSpec.model_validate(json.loads(text))) for exam, text in texts.items()}


def _nothing() -> Log:
    """Return a log without responses."""
    return log_of_store((), {}, "")
