"""Items that were read become part of a bank: new ones are added, changed ones replaced, all or none.

The text of a bank file is kept: only the lines of a replaced item are written anew, with every comment
outside them.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adaptest.bank.contents import Bank
from adaptest.bank.files import read_bank
from adaptest.bank.formats.completion import Defaults, complete, same
from adaptest.bank.formats.record import Imported, Remark
from adaptest.bank.formats.yamlitem import item_yaml
from adaptest.bank.problems import Problem, require_none, shown_path
from adaptest.bank.schema import ITEMS_FORMAT, Item
from adaptest.bank.yamltext import Mark, parse
from adaptest.bank.yamltext import Path as Place
from adaptest.errors import BankFileError
from adaptest.files import new_folder, read_text, write_text

Action = Literal["add", "replace", "unchanged"]


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done with one item."""

    action: Action
    item: Item


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do.

    Attributes
    ----------
    steps : one for each item of the file
    files : name in items/ -> its new text
    remarks : what was not taken over, set or dropped
    """

    steps: tuple[Step, ...]
    files: Mapping[str, str]
    remarks: tuple[Remark, ...]


def plan_import(bank: Bank, imported: Imported, defaults: Defaults, *, replace: bool = False) -> Plan:
    """Return what importing these items would do; nothing is written.

    Parameters
    ----------
    replace : whether an item of the file may take the place of one of the bank with the same id

    Raises
    ------
    BankFileError, with the place of the first item that cannot be in this bank, and how many more there
    are; or where the bank has another item of an id and `replace` is not given.
    """
    completed, problems = complete(imported.records, bank, defaults)
    there = {item.id: item for item in bank.items}
    contents = {item.fingerprint: item.id for item in bank.items}
    steps: list[Step] = []
    for placed in completed.placed:
        item, old = placed.item, there.get(placed.item.id)
        if old is not None and old.set is not None:  # no format has a place for it: it stays
            item = item.model_copy(update={"set": old.set})
        where = placed.source.path
        if old is not None and same(old, item):
            steps.append(Step("unchanged", item))
        elif old is not None and not replace:
            rule = "the bank has another item of this id; give --replace to put this one in its place"
            problems.append(Problem(where, None, item.id, rule))
        elif old is None and item.fingerprint in contents:
            twin = contents[item.fingerprint]
            rule = f"must not have stem, options and key of another item; {twin!r} has the same"
            problems.append(Problem(where, None, item.id, rule))
        else:
            steps.append(Step("replace" if old is not None else "add", item))
            contents[item.fingerprint] = item.id
    require_none(problems)
    files = _files(bank, steps, there)
    return Plan(tuple(steps), files, (*imported.remarks, *completed.remarks))


def apply_import(bank: Bank, plan: Plan) -> None:
    """Write a plan into the bank's folder, all of it or nothing.

    Raises
    ------
    BankFileError, where the bank would break its own rules; FileError, where it cannot be written.
    """
    if not plan.files:
        return
    with tempfile.TemporaryDirectory() as scratch:
        trial = Path(scratch) / bank.name
        shutil.copytree(bank.folder, trial)
        _write(trial / "items", plan.files)
        _, problems = read_bank(trial)
        shown = shown_path(bank.folder)
        require_none([_elsewhere(problem, shown_path(trial), shown) for problem in problems])
    with new_folder(bank.folder / "items", force=True) as folder:
        if (bank.folder / "items").is_dir():
            shutil.copytree(bank.folder / "items", folder, dirs_exist_ok=True)
        _write(folder, plan.files)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        write_text(folder / name, text)


def _elsewhere(problem: Problem, trial: str, shown: str) -> Problem:
    """Return a problem of the trial copy as one of the bank itself."""
    return Problem(problem.path.replace(trial, shown), problem.line, problem.item, problem.sentence)


def _files(bank: Bank, steps: Sequence[Step], there: Mapping[str, Item]) -> dict[str, str]:
    """Return the new text of each item file that changes."""
    texts: dict[str, _Text] = {}

    def text(competency: str) -> _Text:
        if competency not in texts:
            texts[competency] = _Text.read(bank.folder / "items" / f"{competency}.yaml", competency)
        return texts[competency]

    for step in steps:
        if step.action == "unchanged":
            continue
        old = there.get(step.item.id)
        if old is not None and old.competency != step.item.competency:
            text(old.competency).remove(old.id)
            text(step.item.competency).add(step.item)
        elif old is not None:
            text(old.competency).replace(step.item)
        else:
            text(step.item.competency).add(step.item)
    return {f"{competency}.yaml": one.text() for competency, one in texts.items()}


@dataclass(slots=True)
class _Text:
    """The text of one item file: what stands above the items, and each item's own lines."""

    head: str
    indent: str
    blocks: dict[str, str]  # id -> its lines, with what follows them

    @classmethod
    def read(cls, path: Path, competency: str) -> _Text:
        """Return a file of the bank; an empty one where there is none."""
        head = f"format: {ITEMS_FORMAT}\ncompetency: {competency}\n\nitems:\n"
        if not path.exists():
            return cls(head, "  ", {})
        text = read_text(path, error=BankFileError)
        marks: dict[Place, Mark] = {}
        items = parse(text, marks)["items"]
        if not items:
            return cls(head, "  ", {})
        lines = text.splitlines(keepends=True)
        first = [marks["items", row].line - 1 for row in range(len(items))]
        begins = re.match(r"( *)- ", lines[first[0]])
        if begins is None:
            shown = shown_path(path)
            raise BankFileError(f"{shown}:{first[0] + 1}: items must begin with '- id: ...' for an import")
        ends = [*first[1:], len(lines)]
        blocks = {
            item["id"]: "".join(lines[begin:end]) for item, begin, end in zip(items, first, ends, strict=True)
        }
        return cls("".join(lines[: first[0]]), begins[1], blocks)

    def add(self, item: Item) -> None:
        """Put an item at the end, an empty line before it."""
        if self.blocks:
            last = next(reversed(self.blocks))
            self.blocks[last] = self.blocks[last].rstrip("\n") + "\n\n"
        self.blocks[item.id] = item_yaml(item, self.indent)

    def replace(self, item: Item) -> None:
        """Write an item anew; comments and empty lines after it stay."""
        self.blocks[item.id] = item_yaml(item, self.indent) + _after(self.blocks[item.id])

    def remove(self, name: str) -> None:
        """Take an item out."""
        del self.blocks[name]

    def text(self) -> str:
        """Return the whole file."""
        if not self.blocks:
            return re.sub(r"items:\s*\Z", "items: []\n", self.head)
        return self.head + "".join(self.blocks.values()).rstrip("\n") + "\n"


def _after(block: str) -> str:
    """Return the empty lines and comments at the end of an item's lines."""
    lines = block.splitlines(keepends=True)
    k = len(lines)
    while k and (not lines[k - 1].strip() or lines[k - 1].lstrip().startswith("#")):
        k -= 1
    return "".join(lines[k:])
