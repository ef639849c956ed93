"""An exam at a terminal: a question, a key, and in practice the explanation right after it."""

from __future__ import annotations

import time

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.segment import Segments
from rich.text import Text

from adaptest.administration.sentences import Sentences
from adaptest.administration.sitting import Sitting
from adaptest.administration.views import Feedback, Question
from adaptest.cli import terminal_screens as screens
from adaptest.cli.terminal_keys import ENTER, Keys, one_of

LESSON, QUIT = "L", "Q"


def take(sitting: Sitting, out: Console, keys: Keys) -> None:
    """Ask until the sitting ends, then show what it came to.

    Raises
    ------
    KeyboardInterrupt, EOFError, where the person leaves; every answer so far is kept.
    """
    says = sitting.exam.says
    out.clear()
    out.print(screens.intro(sitting.exam.title, _intro(sitting, says)))
    _wait(out, keys, says.press_start)
    while (question := sitting.next_item()) is not None:
        out.clear()
        out.print(screens.question(question, says, with_domain=sitting.exam.explains_each))
        began = time.monotonic()
        letter = _choice(question, out, keys, says, confirm=not sitting.exam.explains_each)
        sitting.answer(question.screen[letter], time_s=round(time.monotonic() - began, 3))
        if (told := sitting.feedback()) is not None:
            _explain(told, sitting, out, keys)
    out.clear()
    _end(sitting, out, keys)


def _intro(sitting: Sitting, says: Sentences) -> list[str]:
    """Return what to know before the first question."""
    exam = sitting.exam
    lines = [says.intro_items.format(at_least=exam.about.at_least, at_most=exam.about.at_most)]
    if sitting.recorded:
        lines = [says.resumed.format(recorded=sitting.recorded)]
    lines.append(says.intro_practice if exam.explains_each else says.intro_exam)
    lines.append(says.intro_pause)
    if exam.about.provisional:
        lines.append(says.provisional)
    if exam.about.disclaimer:
        lines.append(exam.about.disclaimer)
    return lines


def _choice(question: Question, out: Console, keys: Keys, says: Sentences, *, confirm: bool) -> str:
    """Return the screen letter chosen: at once in practice, after Enter where there is no way back."""
    letters = tuple(question.screen)
    shown = f"{letters[0]}-{letters[-1]}"
    prompt = says.choose_confirm if confirm else says.choose
    out.print(Text(f" {prompt.format(letters=shown)} ", style="bold"), end="")
    letter = one_of(keys, letters)
    while confirm:
        out.print(f"\r\x1b[K {says.chosen.format(letter=letter)} ", end="", markup=False)
        key = one_of(keys, (*letters, *ENTER))
        if key in ENTER:
            break
        letter = key
    out.print("" if confirm else letter)
    return letter


def _explain(told: Feedback, sitting: Sitting, out: Console, keys: Keys) -> None:
    """Show why, and the lesson for who asks for it."""
    says = sitting.exam.says
    out.print()
    out.print(screens.feedback(told, says))
    if not told.lesson:
        _wait(out, keys, says.press_next)
        return
    while _wait(out, keys, says.press_next_lesson) == LESSON:
        out.clear()
        _page(screens.lesson(sitting.exam.lesson(told.lesson)), out, keys, says)
        out.clear()
        out.print(screens.question(told.question, says, with_domain=True))
        out.print(screens.feedback(told, says))


def _end(sitting: Sitting, out: Console, keys: Keys) -> None:
    """Show the result, what to read, and what was missed."""
    says = sitting.exam.says
    come_to = sitting.result
    if come_to.status == "held":
        out.print(Padding(Text(says.held), (1, 1)))
        return
    missed = sitting.missed()
    titles = sitting.lessons_to_read()
    out.print(screens.result(come_to, says, lessons=titles, named=sitting.named))
    if not sitting.exam.explains:
        return
    if not missed:
        out.print(Padding(Text(says.review_none), (0, 1, 1, 1)))
        return
    left = len(missed)
    for told in missed:
        if _wait(out, keys, says.review_left.format(left=left)) == QUIT:
            return
        out.clear()
        out.print(screens.question(told.question, says, with_domain=True))
        out.print(screens.feedback(told, says))
        left -= 1


def _page(text: RenderableType, out: Console, keys: Keys, says: Sentences) -> None:
    """Show a long text a screen at a time."""
    lines = out.render_lines(text, pad=False)
    height = max(out.size.height - 2, 5)
    for start in range(0, len(lines), height):
        for line in lines[start : start + height]:
            out.print(Segments(line))
        _wait(out, keys, says.press_back if start + height >= len(lines) else says.press_more)


def _wait(out: Console, keys: Keys, prompt: str) -> str:
    """Show what a key does, and return the key."""
    out.print(Text(f" {prompt} ", style="dim"), end="")
    key = keys.press()
    out.print()
    return key
