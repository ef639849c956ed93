"""Revoking an item, leaked or mis-keyed: what that would do to past sittings, proposed and never applied.

drop         its responses count for nobody
accept_keys  any of several options earns the point
credit       everybody who had it earns the point

The outcome is a candidate like any other: the item without parameters, so that no exam gives it once the
candidate is approved and published; past sittings rescored on the base release's values, old and new beside
each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from adaptest.bank.contents import Bank
from adaptest.bank.files import bank_named
from adaptest.bank.snapshot import pool_of
from adaptest.engine.design import Design
from adaptest.engine.spec import build, read_exam
from adaptest.errors import AdaptestError, OptionError
from adaptest.files import new_folder, write_text
from adaptest.models.base import Bools
from adaptest.programme.candidate import PROVENANCE, Content, collection_digest, write_candidate
from adaptest.programme.collect import Collection, collect
from adaptest.programme.decisions import ACCEPT, KEY_FIX, RETIRE, Decision, table_of
from adaptest.programme.impact import Impacts, impact
from adaptest.programme.page import page_of
from adaptest.programme.policy import read_policy
from adaptest.programme.release import REVOCATION, provenance
from adaptest.programme.sources import load_task
from adaptest.programme.tables import blocks_of
from adaptest.programme.task import Task
from adaptest.workspace import Workspace

How = Literal["drop", "accept_keys", "credit"]
UNCHECKED = "sittings were not held to its content rules"
HOWS: tuple[How, ...] = ("drop", "accept_keys", "credit")


@dataclass(frozen=True, slots=True)
class Revoked:
    """What revoking would do: sittings that had the item, and the changes by kind.

    Attributes
    ----------
    had_it : scored responses to the item, since the moment if one was given
    otherwise : those of them that would count otherwise
    unsupported : sittings that would fall below their exam's minimum length or break its content rules
    unchecked : exam -> why its sittings, which lose a response, could not be held to its content rules
    """

    item: str
    had_it: int
    otherwise: int
    fail_to_pass: tuple[str, ...]
    pass_to_fail: tuple[str, ...]
    unsupported: tuple[str, ...]
    unchecked: Mapping[str, str]


def revoke(
    workspace: Workspace,
    bank: str,
    item: str,
    how: How,
    out: Path,
    *,
    keys: Sequence[str] = (),
    since: str | None = None,
    why: str,
    responses: Path | None = None,
    policy: Path | None = None,
    force: bool = False,
    now: Callable[[], datetime],
) -> Revoked:
    """Write a candidate release without an item, with what that does to past sittings.

    Parameters
    ----------
    keys : for accept_keys: the letters that earn the point
    since : a moment, UTC; only sittings that began then or later are rescored

    Raises
    ------
    OptionError, BankFileError, where the item, the keys or the moment cannot be.
    """
    began = now()
    task = load_task(workspace, bank, read_policy(policy), responses, began)
    held = bank_named(workspace.bank, bank)
    held.item(item)
    _require_keys(task, item, how, keys)
    if item not in task.base.table.items.row:
        raise OptionError(f"item {item!r}: must have parameters in release {task.base.number} to be revoked")
    wide = task.policy.collect.model_copy(update={"window": 10**6})
    practice = frozenset(name for name, rule in task.rules.items() if rule.practice)
    before = collect(task.log, wide, practice=practice, known=tuple(task.rules))
    after, mine = _after(before, item, how, keys, _moment(since, before))
    found = impact(task, before, task.base.table, frozenset(), after=after)
    broken, unchecked = _breaks_blueprint(held, task, before, after, found)
    found = replace(found, unsupported=found.unsupported | broken)
    decisions = _decisions(task, before, item, how, why)
    table = table_of(decisions, task.base.table, None, task.base.scale_id, "decisions")
    covariance = blocks_of(task.base.covariance, table.items.ids)
    names = [before.log.sittings[k] for k in found.sitting]
    revoked = Revoked(
        item,
        int(mine.sum()),
        int((mine & (~after.scored | (after.log.score != before.log.score))).sum()),
        tuple(names[k] for k in np.flatnonzero(found.flips == 1)),
        tuple(names[k] for k in np.flatnonzero(found.flips == -1)),
        tuple(names[k] for k in np.flatnonzero(found.unsupported)),
        unchecked,
    )
    record = _record(task, before, revoked, how, keys, since, why)
    content = Content(task, before, decisions, table, covariance, None, found, record)
    with new_folder(out, force=force) as folder:
        write_candidate(folder, content, page_of(content))
        write_text(
            folder / PROVENANCE, provenance(began, now(), {"bank": bank, "item": item, "how": how}, {})
        )
    return revoked


def _require_keys(task: Task, item: str, how: How, keys: Sequence[str]) -> None:
    """Raise unless keys are given where, and only where, they say something."""
    if how not in HOWS:
        raise OptionError(f"--how must be one of {', '.join(HOWS)}; got {how!r}")
    if (how == "accept_keys") != bool(keys):
        got = ", ".join(keys) or "none"
        raise OptionError(f"--keys must be given with --how accept_keys, and only then; got {got}")
    options = task.items[item].options
    odd = [letter for letter in keys if letter not in options]
    if odd:
        raise OptionError(
            f"item {item!r}: --keys must be among its options {', '.join(options)}; got {odd[0]!r}"
        )


def _moment(since: str | None, before: Collection) -> datetime | None:
    """Return the moment as UTC."""
    if since is None:
        return None
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise OptionError(f"--since must be a time like 2026-11-22T09:30:00Z; got {since!r}") from None
    if not any(before.log.at):
        raise OptionError("--since needs to know when sittings began; the responses have no column at")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _after(
    before: Collection, item: str, how: How, keys: Sequence[str], since: datetime | None
) -> tuple[Collection, Bools]:
    """Return the collection as it would be scored, and (n,) the scored responses to the item."""
    log = before.log
    mine = (
        before.scored & (log.item == log.items.index(item))
        if item in log.items
        else np.zeros(len(log), np.bool_)
    )
    if since is not None:
        late = np.array([bool(at) and _at(at) >= since for at in log.at], dtype=np.bool_)
        mine &= late[log.sitting]
    if how == "drop":
        return replace(before, scored=before.scored & ~mine), mine
    score = log.score.copy()
    if how == "credit":
        score[mine] = 1
    else:
        letters = [k for k, letter in enumerate(log.options) if letter in keys]
        score[mine] = np.isin(log.option[mine], letters)
    return replace(before, log=replace(log, score=score)), mine


def _at(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _breaks_blueprint(
    bank: Bank, task: Task, before: Collection, after: Collection, found: Impacts
) -> tuple[Bools, dict[str, str]]:
    """Return (S,) whether a sitting keeps its exam's content rules with the item and breaks them without it.

    And, by exam, why that could not be told of the sittings that lose a response.
    """
    log = before.log
    broken = np.zeros(len(found.sitting), dtype=np.bool_)
    unchecked: dict[str, str] = {}
    lost = np.isin(found.sitting, log.sitting[before.scored & ~after.scored])
    exam = log.exam[found.sitting]
    for code in np.unique(exam[lost]).tolist():
        name = log.exams[code]
        if name not in bank.exams:
            unchecked[name] = "the bank has no such exam"
            continue
        file = bank.exams[name]
        try:
            design = build(read_exam(file.text, file.path), _pool(bank, task))
        except AdaptestError as problem:
            unchecked[name] = str(problem)
            continue
        rows = np.flatnonzero(lost & (exam == code))
        was, now = (_holds(design, one, found.sitting[rows]) for one in (before, after))
        broken[rows] = was & ~now
    return broken, unchecked


def _pool(bank: Bank, task: Task) -> Any:
    """Return every item of the bank with parameters in the base, retired ones too: old sittings had them."""
    items = tuple(item for item in bank.items if item.id in task.base.table.items.row)
    return pool_of(items, task.base.table, provisional=True)


def _holds(design: Design, collection: Collection, sittings: np.ndarray[Any, Any]) -> Bools:
    """Return (m,) whether the counted items of some sittings keep the blueprint."""
    log = collection.log
    place = np.array([design.pool.row.get(item, -1) for item in log.items], dtype=np.intp)
    kept = np.zeros(len(sittings), dtype=np.bool_)
    for k, sitting in enumerate(sittings.tolist()):
        rows = place[log.item[collection.scored & (log.sitting == sitting)]]
        rows = rows[rows >= 0]
        marked = np.zeros((1, len(design.pool)), dtype=np.bool_)
        marked[0, rows] = True
        kept[k] = design.blueprint.holds(design.blueprint.count(marked), len(rows))[0]
    return kept


def _decisions(task: Task, collection: Collection, item: str, how: How, why: str) -> tuple[Decision, ...]:
    """Return a decision for each item of the release: all stay as they are but one."""
    n = dict(zip(task.items, collection.count(tuple(task.items), collection.used).tolist(), strict=True))
    rows = []
    for name in task.items:
        if name not in task.base.table.items.row:
            continue
        word, reason, detail = ACCEPT, "base_value", ""
        if name == item:
            word, reason, detail = (KEY_FIX if how == "accept_keys" else RETIRE), "revoked", f"{how}: {why}"
        rows.append(Decision(name, "operational", word, reason, detail, word, int(n[name])))
    return tuple(rows)


def _record(
    task: Task,
    collection: Collection,
    found: Revoked,
    how: How,
    keys: Sequence[str],
    since: str | None,
    why: str,
) -> dict[str, Any]:
    """Return run.json of a revocation, but for what follows from the decisions."""
    log = collection.log
    return {
        "format": "adaptest-run/1",
        "kind": REVOCATION,
        "method": f"revocation of {found.item}",
        "provisional": task.base.judged,
        "bank": task.bank,
        "version": task.version,
        "basis": "judged" if task.base.judged else "calibrated",
        "model": task.model,
        "scale_id": task.base.scale_id,
        "scale": f"that of release {task.base.number} ({task.base.run})",
        "new_scale": False,
        "scaling_constant": 1.0,
        "policy": task.policy.model_dump(mode="json"),
        "options": {"item": found.item, "how": how, "keys": list(keys), "since": since, "why": why},
        "data_fingerprint": collection_digest(collection),
        "base": {
            "release": task.base.number,
            "run": task.base.run,
            "scale_id": task.base.scale_id,
            "judged": task.base.judged,
            "parameters_sha256": task.base.digest,
        },
        "revoked": {
            "item": found.item,
            "had_it": found.had_it,
            "otherwise": found.otherwise,
            "fail_to_pass": list(found.fail_to_pass),
            "pass_to_fail": list(found.pass_to_fail),
            "unsupported": list(found.unsupported),
            "unchecked": dict(found.unchecked),
            "applied": False,
        },
        "steps": {"2-collect": None, "3-gates": None, "5-calibrate": None, "6-drift": None, "7-fit": None},
        "exposure": [],
        "scale_event": [],
        "needs_attention": True,
        "log_likelihood": None,
        "log_posterior": None,
        "converged": None,
        "reason": "nothing was estimated: an item is taken out",
        "iterations": 0,
        "information_positive_definite": None,
        "n_persons": len({*log.person[log.sitting[collection.used]].tolist()}),
        "n_responses": int(collection.used.sum()),
        "grid": None,
        "priors": {},
        "groups": [],
        "notes": [
            *task.log.notes,
            *(f"exam {exam or '(not named)'}: {UNCHECKED}: {why}" for exam, why in found.unchecked.items()),
        ],
        "seed": None,
    }
