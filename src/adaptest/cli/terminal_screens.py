"""What a candidate reads, laid out for 80 columns; colour helps, and never carries meaning alone."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rich import box
from rich.console import Console, Group, RenderableType
from rich.control import Control
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.segment import ControlType
from rich.table import Table
from rich.text import Text

from adaptest.administration.clock import spelled
from adaptest.administration.review import Answered
from adaptest.administration.sentences import Sentences
from adaptest.administration.views import Feedback, Question, Result

WIDTH = 80
Z_95 = 1.959964  # of a two-sided 95 % interval


def console(*, terminal: bool) -> Console:
    """Return a console on standard output: the terminal's width but never wider than is pleasant to read."""
    out = Console(highlight=False, width=None if terminal else WIDTH)
    return Console(highlight=False, width=min(out.width, WIDTH))


def instead(out: Console, text: str) -> None:
    """Write a line in place of the one that the cursor is on; it stays there."""
    out.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))
    out.print(text, end="", markup=False)


def intro(title: str, lines: Iterable[str]) -> RenderableType:
    """Return what stands before the first question."""
    body = Text("\n\n").join(Text(line) for line in lines)
    return Panel(body, title=Text(title, style="bold"), title_align="left", box=box.ROUNDED, padding=(1, 2))


def question(
    shown: Question, says: Sentences, *, with_domain: bool, left_s: float | None = None
) -> RenderableType:
    """Return a question with its options.

    Parameters
    ----------
    left_s : seconds that are left for it; None where no clock runs
    """
    sentence = says.question if shown.at_least < shown.at_most else says.question_of
    head = sentence.format(number=shown.number, at_most=shown.at_most)
    if with_domain and shown.domain:
        head = f"{head} · {shown.domain}"
    if left_s is not None:
        head = f"{head} · {says.time_left.format(time=spelled(math.ceil(left_s)))}"
    return Group(
        Rule(Text(head, style="bold"), align="left", style="cyan"),
        Padding(Text(shown.stem), (1, 1)),
        _options((letter, shown.options[bank], "", "") for letter, bank in shown.screen.items()),
        Text(""),
    )


def answers(given: Iterable[Answered], says: Sentences, left: int | None) -> RenderableType:
    """Return the answers that may be changed: number, letter as shown, and the beginning of the question."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(width=4, justify="right", no_wrap=True)
    table.add_column(width=1, no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for one in given:
        screen = {bank: letter for letter, bank in one.question.screen.items()}
        table.add_row(
            Text(str(one.question.number)), Text(screen[one.given], style="bold"), Text(one.question.stem)
        )
    parts: list[RenderableType] = [
        Rule(Text(says.change_title, style="bold"), align="left", style="cyan"),
        table,
        Text(""),
    ]
    if left is not None:
        parts.append(Padding(Text(says.changes_left.format(left=left)), (0, 1)))
    return Group(*parts)


def feedback(told: Feedback, says: Sentences) -> RenderableType:
    """Return why the key, why each other option, and where to read on."""
    screen = {bank: letter for letter, bank in told.question.screen.items()}
    if told.correct:
        head = Text(says.correct.format(letter=screen[told.key]), style="bold green")
    else:
        sentence = says.incorrect.format(given=screen[told.given], key=screen[told.key])
        head = Text(sentence, style="bold yellow")
    order = [told.key, *(bank for bank in told.question.options if bank != told.key)]
    rows = []
    for bank in order:
        tag, style = ("", "")
        if bank == told.key:
            tag, style = says.tag_key, "green"
        elif bank == told.given:
            tag, style = says.tag_given, "yellow"
        rows.append((screen[bank], told.rationale.get(bank) or says.no_rationale, tag, style))
    parts: list[RenderableType] = [Padding(head, (0, 1)), Text(""), _options(rows)]
    if told.lesson:
        parts += [Text(""), Padding(Text(says.read_on.format(title=told.lesson_title), style="cyan"), (0, 1))]
    return Group(*parts, Text(""))


def _options(rows: Iterable[tuple[str, str, str, str]]) -> Table:
    """Return lettered texts with a hanging indent; a tag stands before its text."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=3, justify="right", no_wrap=True)
    table.add_column()
    for letter, text, tag, style in rows:
        body = Text.assemble((f"{tag}: ", f"bold {style}"), text) if tag else Text(text)
        table.add_row(Text(letter, style=f"bold {style}"), body)
    return table


def lesson(text: str) -> RenderableType:
    """Return a lesson, laid out from its Markdown."""
    return Padding(Markdown(text, hyperlinks=False), (0, 1))


def result(
    come_to: Result, says: Sentences, *, lessons: Iterable[tuple[str, str]], named: bool
) -> RenderableType:
    """Return the last page: result with its interval, content areas, what to read and do next."""
    reason = says.reason.get(come_to.reason, come_to.reason.replace("_", " "))
    parts: list[RenderableType] = [
        Rule(Text(come_to.title, style="bold"), align="left", style="cyan"),
        Padding(Text(says.ended.format(reason=reason)), (1, 1, 0, 1)),
        Padding(Group(*(Text(line) for line in _score(come_to, says))), (1, 1)),
    ]
    if come_to.provisional:
        parts.append(Padding(Text(says.provisional, style="yellow"), (0, 1, 1, 1)))
    parts += _domains(come_to, says)
    if titles := list(lessons):
        commands = Text("\n").join(
            Text.assemble(title, "\n  ", (command, "cyan")) for title, command in titles
        )
        parts += [Text(f" {says.lessons_title}", style="bold"), Padding(commands, (0, 1, 1, 1))]
    if come_to.stakes == "practice":
        page = f"adaptest exam report {come_to.sitting} --out report.html"
        parts.append(Padding(Text.assemble(f"{says.report}: ", (page, "cyan")), (0, 1)))
        if not named:
            parts.append(Padding(Text(says.new_questions, style="dim"), (0, 1)))
        parts.append(Text(""))
    return Group(*parts)


def _score(come_to: Result, says: Sentences) -> list[str]:
    """Return the result in sentences."""
    if come_to.theta is None or come_to.sem is None:
        told_so = {"pass": [says.decision_pass], "fail": [says.decision_fail]}.get(come_to.decision or "", [])
        return [says.no_score.format(outcome=come_to.outcome.replace("_", " ")), *told_so]
    from adaptest.report.score_report import Measured  # the page and the terminal write numbers alike

    if come_to.scale_score is None or come_to.scale_low is None or come_to.scale_high is None:
        half = Z_95 * come_to.sem
        told = Measured(
            come_to.theta, come_to.theta - half, come_to.theta + half, come_to.cut, decimals=2, unit="logits"
        )
        sentence = says.score_without_scale
    else:
        told = Measured(
            come_to.scale_score, come_to.scale_low, come_to.scale_high, come_to.cut_score, decimals=0, unit=""
        )
        sentence = says.score
    numbers = told.written(come_to.decision)
    lines = [sentence.format(**numbers)]
    if come_to.level is not None:
        lines.append(says.level.format(level=come_to.level))
    if come_to.cut is not None and come_to.decision is not None:
        lines.append(says.cut.format(cut=numbers["cut"], label=come_to.cut_label))
        lines.append(says.decision_pass if come_to.decision == "pass" else says.decision_fail)
        if told.holds_cut:
            lines.append(says.decision_open)
    return lines


def _domains(come_to: Result, says: Sentences) -> list[RenderableType]:
    """Return content areas: counts for study in practice, bands where it counts."""
    if not come_to.domains:
        return []
    practice = come_to.stakes == "practice"
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column()
    table.add_column(justify="right" if practice else "left")
    for domain in come_to.domains:
        counts = says.study_line.format(correct=domain.correct, answered=domain.answered)
        table.add_row(Text(domain.title), Text(counts if practice else says.band[domain.band]))
    return [
        Text(f" {says.study_title if practice else says.bands_title}", style="bold"),
        Padding(Text(says.study_note if practice else says.bands_note, style="dim"), (0, 1)),
        Padding(table, (0, 1, 1, 1)),
    ]
