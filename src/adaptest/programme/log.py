"""A programme's log of responses as columns, from the store's sittings or from a file of the same columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import ResponseFileError
from adaptest.models.base import Bools, Floats
from adaptest.responses.coding import CellCodes, Coder, as_text
from adaptest.responses.key import answer_key
from adaptest.responses.long import ITEM, LongRows
from adaptest.responses.reading import Reading
from adaptest.responses.sources import Source, source_of
from adaptest.responses.table import NOT_PRESENTED
from adaptest.store.collected import CollectedSitting

if TYPE_CHECKING:
    import polars as pl

Codes = NDArray[np.int32]
STANDINGS = ("finished", "unfinished", "below_minimum", "void")
ALL = "all"
OF_SITTINGS = ("exam", "administration", "at", "release", "status")
OF_RESPONSES = ("response", "position", "time_s", "role", "first_exposure", "after_rationale")


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """n responses of S sittings, in the order in which they came.

    Attributes
    ----------
    persons, sittings, items, exams, options, groups : ids and words that the codes count through
    person, exam, group : (S,) codes of each sitting; group -1 where none is known
    administration : (S,) its name as the file says; "" where it says none
    at, release : (S,) when it began (UTC, "" where not known) and what it ran on
    status : (S,) one of STANDINGS
    sitting, item : (n,) codes of each response
    score : (n,) from 0, or OMITTED, NOT_REACHED
    option : (n,) code of the bank letter, -1 where not known
    time_s : (n,) seconds, nan where not known
    position : (n,) items presented before it in its sitting
    pretest : (n,) whether it was shown unscored, at a place drawn at random
    repeat, explained, changed : (n,) the person saw the item before; its rationale; other content than now
    notes : what reading decided, a sentence each
    """

    persons: tuple[str, ...]
    sittings: tuple[str, ...]
    items: tuple[str, ...]
    exams: tuple[str, ...]
    options: tuple[str, ...]
    groups: tuple[str, ...]
    person: Codes
    exam: Codes
    group: Codes
    administration: tuple[str, ...]
    at: tuple[str, ...]
    release: tuple[str, ...]
    status: tuple[str, ...]
    sitting: Codes
    item: Codes
    score: NDArray[np.int8]
    option: Codes
    time_s: Floats
    position: Codes
    pretest: Bools
    repeat: Bools
    explained: Bools
    changed: Bools
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.score)


def log_of_store(sittings: Iterable[CollectedSitting], now: Mapping[str, Sequence[str]], bank: str) -> Log:
    """Return the log of stored sittings of one bank.

    Parameters
    ----------
    now : item -> content fingerprints that are the same question as the bank's
    """
    persons: dict[str, int] = {}
    items: dict[str, int] = {}
    exams: dict[str, int] = {}
    options: dict[str, int] = {}
    kept: list[CollectedSitting] = []
    rows: dict[str, list[Any]] = {name: [] for name in _ROWS}
    seen: dict[str, set[str]] = {}
    explained: dict[str, set[str]] = {}
    for one in sittings:
        before, told = seen.setdefault(one.person, set()), explained.setdefault(one.person, set())
        if one.exam.startswith(f"{bank}/"):
            for given in one.responses:
                rows["sitting"].append(len(kept))
                rows["item"].append(_code(items, given.item))
                rows["score"].append(given.score)
                rows["option"].append(_code(options, given.response))
                rows["time_s"].append(np.nan if given.time_s is None else given.time_s)
                rows["position"].append(given.position)
                rows["pretest"].append(given.role == "pretest")
                rows["repeat"].append(given.item in before)
                rows["explained"].append(given.item in told)
                rows["changed"].append(not _same(given.fingerprint, now.get(given.item, ("",))))
            kept.append(one)
        before |= set(one.shown)
        if one.explains:
            told |= {given.item for given in one.responses}
    return Log(
        person=_array([_code(persons, one.person) for one in kept]),
        exam=_array([_code(exams, one.exam.partition("/")[2]) for one in kept]),
        group=np.full(len(kept), -1, np.int32),
        administration=("",) * len(kept),
        at=tuple(one.at for one in kept),
        release=tuple(one.release for one in kept),
        status=tuple(one.status for one in kept),
        persons=tuple(persons),
        sittings=tuple(one.sitting for one in kept),
        items=tuple(items),
        exams=tuple(exams),
        options=tuple(options),
        groups=(),
        notes=(f"read from the store: {len(rows['score'])} responses of {len(kept)} sittings",),
        **{name: np.array(rows[name], dtype=kind) for name, kind in _ROWS.items()},
    )


_ROWS: Mapping[str, Any] = {
    "sitting": np.int32, "item": np.int32, "score": np.int8, "option": np.int32, "time_s": np.float64,
    "position": np.int32, "pretest": np.bool_, "repeat": np.bool_, "explained": np.bool_, "changed": np.bool_,
}  # fmt: skip


def log_of_file(
    path: str, keys: Mapping[str, str], unscored: frozenset[str], *, group: str | None = None
) -> Log:
    """Return the log that a long response file holds.

    Columns: person, item, score (or response, scored by the bank's keys); as wanted sitting, position,
    time_s, role, at, release, exam, administration (or group), status, first_exposure, after_rationale.

    Parameters
    ----------
    keys : item -> letter of the key, for every item of the bank
    unscored : items that count as pretest where no column role says
    group : a column that names each sitting's group, for DIF

    Raises
    ------
    ResponseFileError, with file, line, rule and value.
    """
    table = source_of(path)
    scored = "score" in table.columns
    key = None if scored else answer_key({item: [letter] for item, letter in keys.items()})
    rows = LongRows(table, Reading(CellCodes(), key))
    reader = _FileReader(table, rows, group)
    for part in rows.read(reader.columns):
        reader.take(part)
    reader.require_known(keys)
    return reader.log(unscored, scored=scored)


@dataclass(slots=True)
class _FileReader:
    """The further columns of a file, coded part by part."""

    table: Source
    rows: LongRows
    group: str | None
    sittings: Coder = field(default_factory=Coder)
    options: Coder = field(default_factory=Coder)
    _sitting: list[Codes] = field(default_factory=list)
    _parts: dict[str, list[NDArray[Any]]] = field(default_factory=dict)
    _of_sitting: dict[str, list[str]] = field(default_factory=dict)
    _person: list[int] = field(default_factory=list)
    _read: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The further columns that the file has, of those that mean something."""
        wanted = ["sitting", *OF_SITTINGS, "group", *OF_RESPONSES]
        if self.group is not None:
            if self.group not in self.table.columns:
                raise ResponseFileError(
                    f"{self.table.header}: must have a column {self.group!r}, as the policy says"
                )
            wanted.append(self.group)
        return tuple(dict.fromkeys(name for name in wanted if name in self.table.columns))

    def take(self, part: pl.DataFrame) -> None:
        """Code one part."""
        person = self.rows.person[-1]
        if "sitting" in part.columns:
            sitting = self.sittings.codes(_text(part["sitting"]))
        else:
            self.sittings.ids[:] = self.rows.persons.ids
            sitting = person
        self._sitting.append(sitting)
        fresh, first = np.unique(sitting[sitting >= len(self._person)], return_index=True)
        at = np.flatnonzero(sitting >= len(self._person))[first] if len(fresh) else first
        self._person += person[at].tolist()
        of_sittings = [name for name in (*OF_SITTINGS, "group", self.group) if name in part.columns]
        for name in of_sittings:
            cells = _text(part[str(name)].gather(at)).to_list()
            self._of_sitting.setdefault(str(name), []).extend(cells)
        mine = np.asarray(self._person, dtype=np.int32)
        if (wrong := np.flatnonzero(mine[sitting] != person)).size:
            row = int(wrong[0])
            raise ResponseFileError(
                f"{self.table.where(self._read + row)}: sitting {self.sittings.ids[sitting[row]]!r} must be"
                f" of one person; got {self.rows.persons.ids[person[row]]!r} and another"
            )
        for name in ("position", "time_s"):
            if name in part.columns:
                self._keep(name, self._numbers(part[name], name))
        if "response" in part.columns:
            self._keep("response", self.options.codes(_text(part["response"])))
        for name in ("role", "first_exposure", "after_rationale"):
            if name in part.columns:
                self._keep(name, self._words(part[name], name))
        self._read += len(part)

    def _keep(self, name: str, values: NDArray[Any]) -> None:
        self._parts.setdefault(name, []).append(values)

    def _numbers(self, column: pl.Series, name: str) -> Floats:
        import polars as pl

        text = _text(column).str.strip_chars()
        values = text.cast(pl.Float64, strict=False)
        wrong = (values.is_null() & (text != "")).to_numpy()
        if wrong.any():
            row = int(wrong.argmax())
            raise ResponseFileError(
                f"{self.table.where(self._read + row)}: {name} must be a number; got {text[row]!r}"
            )
        return values.to_numpy().astype(np.float64)

    def _words(self, column: pl.Series, name: str) -> Bools:
        """Return whether each cell says the marked thing: role pretest, not first, after a rationale."""
        marked, plain = _WORDS[name]
        text = _text(column).str.strip_chars().str.to_lowercase()
        known = text.is_in([*marked, *plain, ""])
        if not known.all():
            row = int((~known).arg_max() or 0)
            raise ResponseFileError(
                f"{self.table.where(self._read + row)}: {name} must be {plain[0]} or {marked[0]};"
                f" got {text[row]!r}"
            )
        return np.asarray(text.is_in(list(marked)).to_numpy(), dtype=np.bool_)

    def require_known(self, keys: Mapping[str, str]) -> None:
        """Raise where the bank does not know an item."""
        unknown = [item for item in self.rows.items.ids if item not in keys]
        if unknown:
            code = self.rows.items.ids.index(unknown[0])
            row = int((np.concatenate(self.rows.item) == code).argmax())
            more = f" (and {len(unknown) - 1} more items)" if len(unknown) > 1 else ""
            raise ResponseFileError(
                f"{self.table.where(row)}: item {unknown[0]!r}: must be an item of the bank{more}; give its"
                " id as the bank has it, or leave its responses out"
            )

    def log(self, unscored: frozenset[str], *, scored: bool) -> Log:
        """Return everything that was read."""
        _, item, score = self.rows.rows()
        sitting = np.concatenate(self._sitting).astype(np.int32)
        n, count = len(score), len(self.sittings.ids)

        def of(name: str, missing: Any, kind: Any) -> NDArray[Any]:
            parts = self._parts.get(name)
            return np.full(n, missing, kind) if parts is None else np.concatenate(parts).astype(kind)

        def by_sitting(name: str) -> list[str]:
            return self._of_sitting.get(name, [""] * count)

        exams: dict[str, int] = {}
        groups: dict[str, int] = {}
        exam = _array([_code(exams, text.rpartition("/")[2]) for text in by_sitting("exam")])
        named = by_sitting(self.group) if self.group else []
        group = _array([_code(groups, text) if text else -1 for text in named]) if named else None
        status = [text or "finished" for text in by_sitting("status")]
        odd = [text for text in status if text not in STANDINGS]
        if odd:
            raise ResponseFileError(
                f"{self.table.name}: status must be one of {', '.join(STANDINGS)}; got {odd[0]!r}"
            )
        names = tuple(self.rows.items.ids)
        role = of("role", missing=False, kind=np.bool_)
        if "role" not in self._parts:
            role = np.isin(item, [k for k, name in enumerate(names) if name in unscored])
        whole = Log(
            persons=tuple(self.rows.persons.ids),
            sittings=tuple(self.sittings.ids),
            items=names,
            exams=tuple(exams),
            options=tuple(self.options.ids),
            groups=tuple(groups),
            person=_array(self._person),
            exam=exam,
            group=np.full(count, -1, np.int32) if group is None else group,
            administration=tuple(
                by_sitting("administration" if "administration" in self._of_sitting else "group")
            ),
            at=tuple(by_sitting("at")),
            release=tuple(by_sitting("release")),
            status=tuple(status),
            sitting=sitting,
            item=item.astype(np.int32),
            score=score,
            option=of("response", -1, np.int32),
            time_s=of("time_s", np.nan, np.float64),
            position=np.nan_to_num(of("position", -1, np.float64), nan=-1).astype(np.int32),
            pretest=role,
            repeat=of("first_exposure", missing=False, kind=np.bool_),
            explained=of("after_rationale", missing=False, kind=np.bool_),
            changed=np.zeros(n, np.bool_),
            notes=(
                f"read from {_name(self.table.name)} as long ({self.rows.cell}): {n} rows, {count} sittings",
            ),
        )
        whole = _presented(whole)
        if "first_exposure" not in self._parts:
            whole = replace(whole, repeat=_again(whole))
        return whole if scored else replace(whole, notes=(*whole.notes, "scored by the bank's keys"))


_WORDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "role": (("pretest",), ("scored", "operational")),
    "first_exposure": (("0", "false", "no"), ("1", "true", "yes")),
    "after_rationale": (("1", "true", "yes"), ("0", "false", "no")),
}


def _name(path: str) -> str:
    """Return a file's name without its folders, so that equal input gives equal bytes anywhere."""
    return path.replace("\\", "/").rpartition("/")[2]


def _presented(log: Log) -> Log:
    """Return the log without rows that say an item was not presented."""
    kept = log.score != NOT_PRESENTED
    if kept.all():
        return log
    note = f"{int((~kept).sum())} rows of items that were not presented are left out"
    columns = {name: getattr(log, name)[kept] for name in _ROWS}
    return replace(log, notes=(*log.notes, note), **columns)


def _again(log: Log) -> Bools:
    """Return (n,) whether the person met the item in an earlier sitting: by time, else as the file goes."""
    order = np.argsort(np.array(log.at), kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    pair = log.person[log.sitting].astype(np.int64) * len(log.items) + log.item
    first = np.lexsort((rank[log.sitting], pair))
    again = np.zeros(len(pair), np.bool_)
    again[first[1:]] = pair[first[1:]] == pair[first[:-1]]
    return again


def require_once(log: Log, where: str) -> None:
    """Raise where one sitting has an item twice."""
    pair = np.sort(log.sitting.astype(np.int64) * max(len(log.items), 1) + log.item)
    twice = pair[1:][pair[1:] == pair[:-1]]
    if twice.size:
        sitting, item = divmod(int(twice[0]), len(log.items))
        more = f" (and {twice.size - 1} more)" if twice.size > 1 else ""
        raise ResponseFileError(
            f"{where}: sitting {log.sittings[sitting]!r}: must have one row for {ITEM} {log.items[item]!r};"
            f" got another{more}; give every sitting an id of its own in column sitting"
        )


def _text(column: pl.Series) -> pl.Series:
    """Return a column as text, an empty cell as an empty text."""
    text = as_text(column)
    return (column.cast(str) if text is None else text).fill_null("")


def _same(fingerprint: str, known: Sequence[str]) -> bool:
    """Return whether a fingerprint is one of the known ones, which may be shortened."""
    return any(fingerprint.startswith(one) for one in known)


def _code(known: dict[str, int], text: str) -> int:
    """Return the number of a text; a new one gets the next."""
    return known.setdefault(text, len(known))


def _array(codes: Sequence[int]) -> Codes:
    return np.asarray(codes, dtype=np.int32)
