"""An exam without a terminal: questions on standard output, one answer a line from standard input."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console

from adaptest.administration.clock import spelled
from adaptest.administration.sitting import Sitting
from adaptest.cli import terminal_screens as screens
from adaptest.cli.terminal_policy import BREAK, END
from adaptest.errors import FileError, OptionError
from adaptest.files import read_text


def take_lines(sitting: Sitting, out: Console, lines: TextIO) -> bool:
    """Ask until the sitting or the input ends, and return whether the sitting did.

    A line holds a letter as the screen shows it; blank lines are passed over.

    Raises
    ------
    OptionError, where a line is no letter of the question; the answers before it are kept.
    """
    says, source = sitting.exam.says, Lines(sitting, lines)
    wanted = False
    while True:
        if wanted and sitting.time.break_is_open and not _break(sitting, out, source):
            return False
        if sitting.review.is_last and not _last_changes(sitting, out, source):
            return False
        if (question := sitting.next_item()) is None:
            break
        left_s = sitting.time.next_limit_s
        out.print(screens.question(question, says, with_domain=sitting.exam.explains_each, left_s=left_s))
        line, wanted = _answer(sitting, out, source)
        if line is None:
            return False
        if line not in question.screen:
            raise source.fault(f"must be one of {', '.join(question.screen)}")
        _record(sitting, question.screen[line])
        if (told := sitting.feedback()) is not None:
            out.print(screens.feedback(told, says))
    _end(sitting, out)
    return True


def _answer(sitting: Sitting, out: Console, source: Lines) -> tuple[str | None, bool]:
    """Return the line that answers a question (None: the input ended), and whether a break is to follow."""
    wanted = False
    while (line := source.next()) is not None:
        if line == BREAK and sitting.time.break_follows:
            wanted = True
            out.print(sitting.exam.says.break_wanted)
        elif (change := _change(sitting, line)) is not None:
            out.print(change)
        else:
            break
    return line, wanted


class Lines:
    """Standard input, a line at a time, blank ones passed over.

    Parameters
    ----------
    sitting : named where a line cannot be read
    """

    def __init__(self, sitting: Sitting, lines: TextIO) -> None:
        self._sitting = sitting
        self._lines = lines
        self._number = 0
        self._line = ""

    def next(self) -> str | None:
        """Return the next line that is not blank, as upper case; None at the end."""
        while True:
            self._number += 1
            try:
                self._line = self._lines.readline()
            except UnicodeDecodeError:
                raise OptionError(
                    f"standard input: must be UTF-8 text from line {self._number} on; sitting"
                    f" {self._sitting.id!r} can be resumed"
                ) from None
            if not self._line:
                return None
            if told := self._line.strip().upper():
                return told

    def fault(self, rule: str) -> OptionError:
        """Return the sentence that says what the last line should have been."""
        return OptionError(
            f"line {self._number} of standard input: {rule}; got {self._line.strip()[:40]!r}; sitting"
            f" {self._sitting.id!r} can be resumed"
        )


def _break(sitting: Sitting, out: Console, source: Lines) -> bool:
    """Take a break until the next line, and return whether there was one."""
    says, time = sitting.exam.says, sitting.time
    time.begin_break()
    out.print(says.on_break.format(time=spelled(time.break_length_s)))
    if source.next() is None:
        return False
    time.end_break()
    return True


def _last_changes(sitting: Sitting, out: Console, source: Lines) -> bool:
    """Let answers be changed until E, or until the exam goes on; return False where the input ends."""
    says, review = sitting.exam.says, sitting.review
    out.print(screens.answers(review.answers(), says, review.left))
    out.print(says.change_end_line)
    while review.is_last:
        if (line := source.next()) is None:
            return False
        if line == END:
            return True
        if (told := _change(sitting, line)) is None:
            raise source.fault("must be a number and a letter, or E")
        out.print(told)
    return True


def _change(sitting: Sitting, line: str) -> str | None:
    """Change an answer as a line such as 3 B says, and tell so; None where it says no such thing."""
    number, _, letter = line.partition(" ")
    if not (number.isdecimal() and letter.strip()) or not sitting.exam.design.policy.reviews:
        return None
    says = sitting.exam.says
    chosen = next((one for one in sitting.review.answers() if str(one.question.number) == number), None)
    if chosen is None or letter.strip() not in chosen.question.screen or not sitting.review.is_open:
        return says.no_change
    sitting.review.change(chosen.question.item, chosen.question.screen[letter.strip()])
    click.echo(f"changed {number}", err=True)
    return says.changed.format(number=number, letter=letter.strip())


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
