"""An exam at a terminal: a question, a key, and in practice the explanation right after it."""

from __future__ import annotations

import time

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.segment import Segment, Segments
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
    about = exam.about
    sentence = says.intro_items if about.at_least < about.at_most else says.intro_fixed
    lines = [sentence.format(at_least=about.at_least, at_most=about.at_most)]
    if sitting.recorded:
        lines = [says.resumed.format(recorded=sitting.recorded)]
    lines.append(says.intro_practice if exam.explains_each else says.intro_exam)
    if about.pretest:
        lines.append(says.intro_pretest.format(pretest=about.pretest))
    lines.append(says.intro_pause)
    if about.provisional:
        lines.append(about.provisional_note or says.provisional)
    if about.disclaimer:
        lines.append(about.disclaimer)
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
        _page(screens.lesson(sitting.exam.lesson(told.lesson)), out, keys, says, says.press_back)
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
    page = screens.result(come_to, says, lessons=sitting.lessons_to_read(), named=sitting.named)
    if not missed:
        _page(page, out, keys, says, None)
        if sitting.exam.explains:
            out.print(Padding(Text(says.review_none), (0, 1, 1, 1)))
        return
    left = len(missed)
    key = _page(page, out, keys, says, says.review_first.format(left=left))
    for told in missed:
        if key == QUIT:
            break
        left -= 1
        out.clear()
        out.print(screens.question(told.question, says, with_domain=True))
        out.print(screens.feedback(told, says))
        key = _wait(out, keys, says.review_next.format(left=left) if left else says.review_done)
    out.clear()
    out.print(page)  # what is left on the screen


def _page(text: RenderableType, out: Console, keys: Keys, says: Sentences, last: str | None) -> str:
    """Show a text a screen at a time, with `last` as the last prompt, and return the last key."""
    lines = out.render_lines(text, pad=False)
    height = max(out.size.height - 2, 5)
    key = ""
    for start in range(0, len(lines), height):
        for line in lines[start : start + height]:
            out.print(Segments([*line, Segment.line()]), end="")
        more = start + height < len(lines)
        if more or last is not None:
            key = _wait(out, keys, says.press_more if more else str(last))
    return key


def _wait(out: Console, keys: Keys, prompt: str) -> str:
    """Show what a key does, and return the key."""
    out.print(Text(f" {prompt} ", style="dim"), end="")
    key = keys.press()
    out.print()
    return key
