"""An exam without a terminal: questions on standard output, one answer a line from standard input."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console

from adaptest.administration.sitting import Sitting
from adaptest.cli import terminal_screens as screens
from adaptest.errors import FileError, OptionError
from adaptest.files import read_text


def take_lines(sitting: Sitting, out: Console, lines: TextIO) -> bool:
    """Ask until the sitting or the input ends, and return whether the sitting did.

    A line holds a letter as the screen shows it; blank lines are passed over.

    Raises
    ------
    OptionError, where a line is no letter of the question; the answers before it are kept.
    """
    says = sitting.exam.says
    number = 0
    while (question := sitting.next_item()) is not None:
        out.print(screens.question(question, says, with_domain=sitting.exam.explains_each))
        letter = ""
        while not letter:
            number += 1
            try:
                line = lines.readline()
            except UnicodeDecodeError:
                raise OptionError(
                    f"standard input: must be UTF-8 text from line {number} on; sitting {sitting.id!r} can be"
                    " resumed"
                ) from None
            if not line:
                return False
            letter = line.strip().upper()
        if letter not in question.screen:
            raise OptionError(
                f"line {number} of standard input: must be one of {', '.join(question.screen)}; got"
                f" {line.strip()[:40]!r}; sitting {sitting.id!r} can be resumed"
            )
        _record(sitting, question.screen[letter])
        if (told := sitting.feedback()) is not None:
            out.print(screens.feedback(told, says))
    _end(sitting, out)
    return True


def take_answers(sitting: Sitting, out: Console, answers: Mapping[str, str], path: str) -> None:
    """Answer each item as `answers` says, item id -> bank letter, to the end of the sitting.

    Raises
    ------
    FileError, where an item that comes up has no answer or no such option; the answers before it are kept.
    """
    while (question := sitting.next_item()) is not None:
        given = answers.get(question.item)
        if given is None or given not in question.options:
            wrong = "must be in the file; got none"
            if given is not None:
                wrong = f"option must be one of {', '.join(sorted(question.options))}; got {given!r}"
            raise FileError(f"{path}: item {question.item!r}: {wrong}; sitting {sitting.id!r} can be resumed")
        _record(sitting, given)
    _end(sitting, out)


def read_answers(path: Path) -> dict[str, str]:
    """Return item id -> bank letter from a file of `item_id,option` lines, with or without that header.

    Raises
    ------
    FileError, where a line has not two fields or an item comes twice with different options.
    """
    answers: dict[str, str] = {}
    for number, row in enumerate(csv.reader(io.StringIO(read_text(path))), start=1):
        fields = [field.strip() for field in row]
        if not any(fields) or (number == 1 and fields == ["item_id", "option"]):
            continue
        if len(fields) != 2 or not all(fields):  # noqa: PLR2004 (item_id and option)
            raise FileError(f"{path}:{number}: must be item_id,option; got {','.join(row)[:60]!r}")
        item, option = fields[0], fields[1].upper()
        if answers.setdefault(item, option) != option:
            raise FileError(
                f"{path}:{number}: item {item!r} must have one answer; got {option!r} after {answers[item]!r}"
            )
    return answers


def _record(sitting: Sitting, letter: str) -> None:
    """Commit an answer, and only then say so."""
    recorded = sitting.answer(letter)
    click.echo(f"recorded {recorded}", err=True)


def _end(sitting: Sitting, out: Console) -> None:
    says = sitting.exam.says
    come_to = sitting.result
    if come_to.status == "held":
        out.print(says.held)
        return
    out.print(screens.result(come_to, says, lessons=sitting.lessons_to_read(), named=sitting.named))
    missed = sitting.missed()
    if missed:
        out.print(says.review_title, style="bold")
    for told in missed:
        out.print(screens.question(told.question, says, with_domain=True))
        out.print(screens.feedback(told, says))
