"""Step 2: which responses count, over which administrations, and what was set aside, all of it counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import CalibrationError, ResponseFileError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.programme.log import Codes, Log
from adaptest.programme.policy import Collect
from adaptest.responses import Responses
from adaptest.responses.assembly import assembled

ALL = "all"
MONTHS_A_QUARTER = 3


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """A log with what counts marked.

    Attributes
    ----------
    administrations : those in the window, the oldest first
    administration : (S,) index into them; -1 outside the window
    attempt : (S,) which of the person's sittings in the log it is, from 1
    used : (n,) whether a response counts in the calibration
    scored : (n,) whether it counted in its sitting's score, of a sitting whose result can change
    set_aside : kind of sitting or response -> how many were left out
    """

    log: Log
    administrations: tuple[str, ...]
    administration: Codes
    attempt: Codes
    used: Bools
    scored: Bools
    set_aside: Mapping[str, int]

    def last(self, administrations: int) -> Bools:
        """Return (n,) which used responses are of the last administrations."""
        first = max(len(self.administrations) - administrations, 0)
        recent: Bools = self.used & (self.administration[self.log.sitting] >= first)
        return recent

    def count(self, items: Sequence[str], keep: Bools) -> Rows:
        """Return (J,) how many of the kept responses each of some items has."""
        by_code = np.bincount(self.log.item[keep], minlength=len(self.log.items))
        row = {item: k for k, item in enumerate(self.log.items)}
        return np.array([by_code[row[item]] if item in row else 0 for item in items], dtype=np.intp)

    def responses(self, items: Sequence[str], keep: Bools, *, groups: Sequence[str] | None = None,
                  group: Codes | None = None) -> Responses:  # fmt: skip
        """Return the kept responses to some items, a row a sitting that has any, grouped by administration.

        Parameters
        ----------
        items : their order in the result; all of them, whether answered or not
        groups, group : other groups of sittings than the administrations, (S,)
        """
        place = np.full(len(self.log.items), -1, np.int32)
        known = {item: k for k, item in enumerate(self.log.items)}
        for j, item in enumerate(items):
            if item in known:
                place[known[item]] = j
        kept = keep & (place[self.log.item] >= 0)
        rows = np.flatnonzero(kept)
        sittings, row = np.unique(self.log.sitting[rows], return_inverse=True)
        of = self.administration if group is None else group
        names = self.administrations if groups is None else tuple(groups)
        present, code = np.unique(of[sittings], return_inverse=True)
        cells = assembled(
            row.astype(np.int32),
            place[self.log.item[rows]],
            self.log.score[rows],
            (len(sittings), len(items)),
        )
        if cells is None:
            raise CalibrationError("a sitting must have one response for an item; got two")
        return Responses.of(
            cells,
            tuple(items),
            tuple(self.log.sittings[k] for k in sittings),
            group=code.astype(np.int32),
            groups=tuple(names[k] for k in present) or (ALL,),
        )


def collect(log: Log, rules: Collect, *, practice: frozenset[str], known: Sequence[str]) -> Collection:
    """Return the log with what counts marked.

    Parameters
    ----------
    practice : names of the exams that are practice
    known : names of the bank's exams

    Raises
    ------
    ResponseFileError, where nothing is left, or the policy names an exam that there is not.
    """
    odd = [name for name in rules.exams if name not in {*known, *log.exams}]
    if odd:
        raise ResponseFileError(
            f"policy: collect.exams must name exams of the bank, {', '.join(known) or 'none'}; got {odd[0]!r}"
        )
    aside: dict[str, int] = {}
    status = np.array(log.status, dtype=object)
    good = np.ones(len(log.sittings), np.bool_)

    def set_aside(kind: str, out: NDArray[np.bool_]) -> None:
        aside[kind] = int((good & out).sum())
        good[out] = False

    if rules.exams:
        named = np.isin(log.exam, [k for k, name in enumerate(log.exams) if name in rules.exams])
        set_aside("sittings of other exams", ~named)
    if not rules.practice:
        practised = [k for k, name in enumerate(log.exams) if name in practice and name not in rules.exams]
        set_aside("practice sittings", np.isin(log.exam, practised))
    set_aside("void sittings", status == "void")
    set_aside("unfinished sittings", status == "unfinished")
    results = good.copy()
    set_aside("sittings that ended below the minimum length", status == "below_minimum")
    set_aside("sittings with rapid responses", _rapid_share(log, rules) > rules.rapid_share)
    names, administration = _administrations(log, rules, good)
    window = names[-rules.window :]
    administration = np.where(administration >= 0, administration - (len(names) - len(window)), -1)
    set_aside("sittings before the window", administration < 0)
    placed = np.where(administration < 0, -1, administration).astype(np.int32)
    used = good[log.sitting]

    def drop(kind: str, out: Bools) -> None:
        aside[kind] = int((used & out).sum())
        used[out] = False

    drop("responses to content that was changed since", log.changed)
    if not rules.after_rationale:
        drop("responses after the rationale was shown", log.explained)
    if not rules.repeats:
        drop("responses to items seen before", log.repeat)
    if not used.any():
        counted = ", ".join(f"{n} {kind}" for kind, n in aside.items() if n) or "nothing at all"
        raise ResponseFileError(
            f"no response is left to calibrate from; set aside were {counted}; exams to collect from are"
            " named in the policy's collect.exams"
        )
    scored = results[log.sitting] & ~log.pretest
    return Collection(log, window, placed, _attempts(log), used, scored, aside)


def _rapid_share(log: Log, rules: Collect) -> Floats:
    """Return (S,) the share of each sitting's timed responses that were rapid; 0 where no time is known."""
    timed = np.flatnonzero(np.isfinite(log.time_s))
    if not timed.size:
        return np.zeros(len(log.sittings))
    item, seconds = log.item[timed], log.time_s[timed]
    order = np.lexsort((seconds, item))
    count = np.bincount(item, minlength=len(log.items))
    start = np.concatenate([[0], count.cumsum()[:-1]])
    ordered = seconds[order]
    low = np.minimum(start + np.maximum(count - 1, 0) // 2, len(ordered) - 1)
    high = np.minimum(start + count // 2, len(ordered) - 1)
    median = (ordered[low] + ordered[high]) / 2
    limit = np.minimum(rules.rapid_of_median * median, rules.rapid_most_s)
    sitting = log.sitting[timed]
    rapid = np.bincount(sitting, weights=seconds < limit[item], minlength=len(log.sittings))
    total = np.bincount(sitting, minlength=len(log.sittings))
    return np.asarray(rapid / np.maximum(total, 1), dtype=np.float64)


def _administrations(log: Log, rules: Collect, good: Bools) -> tuple[tuple[str, ...], Rows]:
    """Return the administrations of good sittings, the oldest first, and each sitting's; -1: none."""
    if rules.administration == "all":
        words = [ALL] * len(log.sittings)
    elif rules.administration == "auto" and any(log.administration):
        words = [name or ALL for name in log.administration]
    elif not any(log.at):
        if rules.administration != "auto":
            raise ResponseFileError(
                f"policy: collect.administration {rules.administration!r} needs a column at;"
                " the responses have none"
            )
        words = [ALL] * len(log.sittings)
    else:
        period = "month" if rules.administration == "auto" else rules.administration
        words = [_period(at, period, log.sittings[k]) for k, at in enumerate(log.at)]
    first: dict[str, tuple[str, int]] = {}
    for k in np.flatnonzero(good):
        begun = (log.at[k], int(k))
        first[words[k]] = min(first.get(words[k], begun), begun)
    names = sorted(first, key=lambda name: first[name])
    place = {name: k for k, name in enumerate(names)}
    return tuple(names), np.array([place.get(word, -1) for word in words], dtype=np.intp)


def _period(at: str, period: str, sitting: str) -> str:
    """Return the month, quarter or year of a moment."""
    year, month = at[:4], at[5:7]
    if not (year.isdecimal() and month.isdecimal() and at[4:5] == "-" and 1 <= int(month) <= 12):  # noqa: PLR2004
        raise ResponseFileError(
            f"sitting {sitting!r}: at must be a time like 2026-11-22T09:30:00Z; got {at!r}"
        )
    if period == "year":
        return year
    return f"{year}-{month}" if period == "month" else f"{year}-Q{(int(month) - 1) // MONTHS_A_QUARTER + 1}"


def _attempts(log: Log) -> Codes:
    """Return (S,) which of its person's sittings each one is, from 1: by time, else as the file goes."""
    order = np.lexsort((np.argsort(np.argsort(np.array(log.at), kind="stable")), log.person))
    person = log.person[order]
    new = np.concatenate([[True], person[1:] != person[:-1]]) if len(person) else np.zeros(0, np.bool_)
    start = np.maximum.accumulate(np.where(new, np.arange(len(person)), 0))
    attempt = np.empty(len(person), np.int32)
    attempt[order] = np.arange(len(person)) - start + 1
    return attempt
