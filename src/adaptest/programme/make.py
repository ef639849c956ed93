"""A whole recalibration on a workspace: task, steps, simulation, and the candidate's folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from adaptest.bank.files import bank_named
from adaptest.errors import FileError
from adaptest.files import new_folder, write_text
from adaptest.programme.candidate import PROVENANCE, content_of, write_candidate
from adaptest.programme.exposure import exposure
from adaptest.programme.keeper import Keeper
from adaptest.programme.page import page_of
from adaptest.programme.policy import read_policy
from adaptest.programme.recalibrate import KEPT, Outcome, digest_of, recalibrate
from adaptest.programme.release import provenance
from adaptest.programme.sources import load_task
from adaptest.workspace import Workspace

WORKING = ".working"  # beside the candidate, until it stands


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What a recalibration came to, and how its exams would run, a row each."""

    outcome: Outcome
    exposure: tuple[Mapping[str, Any], ...]


def make_candidate(
    workspace: Workspace,
    bank: str,
    out: Path,
    *,
    responses: Path | None,
    policy: Path | None,
    force: bool,
    now: Callable[[], datetime],
    tell: Callable[[str], None],
) -> Made:
    """Write a candidate release and return what it came to.

    What each step came to is kept beside `out` until the candidate stands: a run that was killed goes on
    there. Equal input and version give equal bytes in every file but provenance.json.

    Raises
    ------
    AdaptestError, in one sentence; then nothing is written at `out`.
    """
    began = now()
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not force):
        raise FileError(f"{out}: must not exist or be empty; give another folder, or --force to replace it")
    rules = read_policy(policy)
    tell("0-base, 1-freeze")
    start = time.monotonic()
    task = load_task(workspace, bank, rules, responses, began)
    seconds: dict[str, float] = {"0-base, 1-freeze": time.monotonic() - start}
    work = out.with_name(f"{out.name}{WORKING}")
    outcome = recalibrate(task, work=work, tell=tell)
    held = bank_named(workspace.bank, bank)
    keep = Keeper(work, digest_of(task), KEPT)
    rows: Any = keep("8-exposure", lambda: exposure(held, task, outcome.table, tell))
    content = content_of(outcome, rows)
    tell("writing")
    start = time.monotonic()
    with new_folder(out, force=force) as folder:
        write_candidate(folder, content, page_of(content))
        seconds.update(outcome.seconds, **keep.seconds, writing=time.monotonic() - start)
        command = {"bank": bank, "responses": responses.name if responses else None}
        write_text(folder / PROVENANCE, provenance(began, now(), command, seconds))
    keep.done()
    return Made(outcome, tuple(rows))
