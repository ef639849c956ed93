"""Content and published parameters -> the pool that exams draw from; whatever is left out is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from adaptest.bank.contents import Bank
from adaptest.bank.decisions import Standing, standing
from adaptest.bank.lifecycle import SHOWN
from adaptest.bank.releases import Release, Run, current_release, read_releases, read_run
from adaptest.bank.schema import Item, ItemSet
from adaptest.errors import BankFileError
from adaptest.parameters.errors import ItemErrors
from adaptest.parameters.files import read_parameter_table
from adaptest.parameters.table import ParameterTable
from adaptest.pool import Attributes, Pool, Unscored

TEXT_FORMAT = "adaptest-item/1"
JUDGED = "judged"
PRETEST = "pretest"
REASONS: Mapping[Standing, str] = MappingProxyType(
    {
        "same": "",
        "minor_edit": "",
        "new_item": "another question, as decided, than its parameters are of (release {0.number}, {0.run})",
        "undecided": "changed after its parameters were set (release {0.number}, {0.run})",
    }
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An item that exams cannot use, and why."""

    item: str
    reason: str

    def __str__(self) -> str:
        return f"item {self.item!r}: {self.reason}"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What exams of one bank may use under one release.

    Attributes
    ----------
    pool : items to show, in the bank's order, with the published parameters; pretest items also as unscored
        ones, which need no parameters
    table : the published parameter table, with standard errors and basis
    left_out : items of a status that is shown, which no exam can score
    fingerprints : item -> fingerprint of the content that its parameters were set for
    run : the folder of the release's run
    """

    bank: Bank
    release: Release
    table: ParameterTable
    pool: Pool
    left_out: tuple[LeftOut, ...]
    fingerprints: Mapping[str, str]
    run: Path

    @cached_property
    def item_texts(self) -> dict[str, dict[str, Any]]:
        """Item id -> everything a candidate may be shown of it, as JSON values: what a sitting stores."""
        shown = dict.fromkeys((*self.pool.ids, *self.pool.unscored.ids))
        stimuli = {one.id: one.stimulus for one in self.bank.header.sets}
        texts = {item: item_text(self.bank.item(item)) for item in shown}
        for item, text in texts.items():
            stimulus = stimuli.get(self.bank.item(item).set or "")
            if stimulus is not None:  # candidates read it with every item of its set
                text["stem"] = f"{stimulus}\n\n{text['stem']}"
        return texts


def current_snapshot(bank: Bank, calibration: Path, at: datetime) -> Snapshot:
    """Return the snapshot of a bank under the release in effect at a moment.

    Parameters
    ----------
    calibration : the workspace's calibration folder; the bank's own is below it

    Raises
    ------
    BankFileError, where no release is in effect, or its run is missing or was altered.
    ParameterFileError, where the published parameters break their rules.
    """
    folder = calibration / bank.name
    run = read_run(folder, current_release(read_releases(folder), at, bank=bank.name))
    return take_snapshot(bank, run, read_parameters_of(run))


def read_parameters_of(run: Run) -> ParameterTable:
    """Return the parameter table of a run, D = 1."""
    return read_parameter_table(run.folder / "parameters.csv")


def take_snapshot(bank: Bank, run: Run, table: ParameterTable) -> Snapshot:
    """Return a bank's items with a run's parameters.

    Raises
    ------
    BankFileError, where the run does not say which content its parameters belong to, or fits no item.
    PoolError, where a discrimination is not greater than 0.
    """
    fingerprints = run.item_fingerprints
    kept: list[Item] = []
    left_out: list[LeftOut] = []
    for item in bank.items:
        if item.status not in SHOWN:
            continue
        reason = _reason(item, table, fingerprints, run.release)
        if reason is None:
            kept.append(item)
        else:
            left_out.append(LeftOut(item.id, reason))
    if not kept:
        why = f"; {left_out[0]}" if left_out else ""
        raise BankFileError(
            f"bank {bank.name!r}: release {run.release.number} must have parameters for at least one"
            f" pretest or operational item; got none{why}"
        )
    pretest = tuple(item for item in bank.items if item.status == PRETEST)
    pool = pool_of(
        tuple(kept), table, provisional=run.release.provisional, pretest=pretest, sets=bank.header.sets
    )
    return Snapshot(bank, run.release, table, pool, tuple(left_out), fingerprints, run.folder)


def pool_of(
    items: tuple[Item, ...],
    table: ParameterTable,
    *,
    provisional: bool,
    pretest: tuple[Item, ...] = (),
    sets: tuple[ItemSet, ...] = (),
) -> Pool:
    """Return the pool of some items, in their order, all of which have parameters in the table.

    Parameters
    ----------
    pretest : items that may be shown unscored, with parameters or without
    sets : the bank's item sets; those without any of the items are left out

    Raises
    ------
    PoolError, where a discrimination is not greater than 0.
    """
    ids = frozenset(item.id for item in items)
    rows = np.array([table.items.row[item.id] for item in items], dtype=np.intp)
    shown = ids | {item.id for item in pretest}
    pairs = {
        frozenset({item.id, enemy}) for item in (*items, *pretest) for enemy in item.enemies if enemy in shown
    }
    held = {one.id: tuple(item.id for item in items if item.set == one.id) for one in sets}
    used = tuple(one for one in sets if held[one.id])
    told = dict.fromkeys(name for one in used for name in one.attributes)
    bases = {base for row, base in zip(table.ids, table.basis, strict=True) if row in ids}
    return Pool(
        parameters=table.items.take(rows),
        attributes=_attributes(items),
        enemies=tuple(sorted(pairs, key=sorted)),
        options=tuple(tuple(item.options) for item in items),
        provisional=provisional or JUDGED in bases,
        unscored=Unscored(
            tuple(item.id for item in pretest),
            _attributes(pretest),
            tuple(tuple(item.options) for item in pretest),
        ),
        sets={one.id: held[one.id] for one in used},
        set_attributes={name: tuple(one.attributes.get(name) for one in used) for name in told},
        errors=ItemErrors.of({name: table.se_of_items(name)[rows] for name in table.se}),
    )


def _attributes(items: tuple[Item, ...]) -> Attributes:
    """Return what content rules can ask about, as columns."""
    return {
        "domain": tuple(item.domain for item in items),
        "competency": tuple(item.competency for item in items),
        "level": tuple(item.level for item in items),
        "status": tuple(item.status for item in items),
        "tags": tuple(item.tags for item in items),
        "concepts": tuple(item.concepts for item in items),
    }


def item_text(item: Item) -> dict[str, Any]:
    """Return everything a candidate may be shown of an item, as JSON values."""
    return {
        "format": TEXT_FORMAT,
        "id": item.id,
        "competency": item.competency,
        "domain": item.domain,
        "level": item.level,
        "stem": item.stem,
        "options": dict(item.options),
        "key": item.key,
        "rationale": dict(item.rationale),
        "concepts": list(item.concepts),
        "reference": item.reference,
        "fingerprint": item.fingerprint,
    }


def _reason(
    item: Item, table: ParameterTable, fingerprints: Mapping[str, str], release: Release
) -> str | None:
    """Return why an item cannot be used; None if it can."""
    if item.id not in table.items.row:
        return f"no parameters in release {release.number} ({release.run})"
    if item.id not in fingerprints:
        return f"release {release.number} ({release.run}) does not say which content its parameters are of"
    return REASONS[standing(item, fingerprints[item.id])].format(release) or None
