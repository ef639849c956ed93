"""An exam at a terminal: a question, a key, and in practice the explanation right after it."""

from __future__ import annotations

import time

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.segment import Segment, Segments
from rich.text import Text

from adaptest.administration.clock import spelled
from adaptest.administration.sentences import Sentences
from adaptest.administration.sitting import Sitting
from adaptest.administration.views import Feedback, Question
from adaptest.cli import terminal_policy as policy
from adaptest.cli import terminal_screens as screens
from adaptest.cli.terminal_keys import ENTER, TOO_LATE, Keys

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
    wanted = False
    while True:
        policy.offer_break(sitting, out, keys, says, wanted=wanted)
        policy.last_changes(sitting, out, keys, says)
        wanted = False
        if (question := sitting.next_item()) is None:
            break
        began = time.monotonic()
        letter = ""
        while not letter and not sitting.expire():
            letter, wanted = _asked(sitting, question, out, keys, wanted=wanted)
        if not letter:
            out.print(f"\n {says.time_over if sitting.ended else says.item_time_over}")
            _wait(out, keys, says.press_next if not sitting.ended else says.press_more)
            continue
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
    lines.append(says.intro_practice if exam.explains_each else policy.finality(sitting, says))
    lines += policy.intro(sitting, says)
    if about.pretest:
        lines.append(says.intro_pretest.format(pretest=about.pretest))
    lines.append(says.intro_pause)
    if about.provisional:
        lines.append(about.provisional_note or says.provisional)
    if about.disclaimer:
        lines.append(about.disclaimer)
    return lines


def _asked(
    sitting: Sitting, question: Question, out: Console, keys: Keys, *, wanted: bool
) -> tuple[str, bool]:
    """Show a question and return the letter chosen, and whether a break is to follow.

    No letter comes back where a limit ran out, or an earlier answer was changed instead.
    """
    says, explains = sitting.exam.says, sitting.exam.explains_each
    out.clear()
    left_s = sitting.time.next_limit_s
    out.print(screens.question(question, says, with_domain=explains, left_s=left_s))
    others = {}
    if sitting.review.is_open:
        others[policy.CHANGE] = says.change_key
    if sitting.time.breaks_left and not sitting.time.policy.breaks.after:
        others[policy.BREAK] = says.break_key
    if others:
        out.print(Text(f" {' · '.join(others.values())}", style="dim"))
    while True:
        key = _choice(sitting, question, out, keys, tuple(others))
        if key == policy.CHANGE and key in others:
            out.print()
            policy.change(sitting, out, keys, says)
            return "", wanted
        if key == policy.BREAK and key in others:
            wanted = True
            screens.instead(out, f" {says.break_wanted}\n")
            continue
        return key, wanted


def _choice(sitting: Sitting, question: Question, out: Console, keys: Keys, others: tuple[str, ...]) -> str:
    """Return the screen letter chosen: at once in practice, after Enter where there is no explanation.

    Another key that means something here comes back at once; nothing where a limit ran out.
    """
    says, confirm = sitting.exam.says, not sitting.exam.explains_each
    letters = tuple(question.screen)
    shown = f"{letters[0]}-{letters[-1]}"
    prompt = says.choose_confirm if confirm else says.choose
    out.print(Text(f" {prompt.format(letters=shown)} ", style="bold"), end="")
    letter = ""
    while True:
        key = _key(sitting, out, keys)
        if key == TOO_LATE or key in others:
            return key
        if key in letters:
            letter = key
            if not confirm:
                break
            screens.instead(out, f" {says.chosen.format(letter=letter)} ")
        elif letter and key in ENTER:
            break
    out.print("" if confirm else letter)
    return letter


def _key(sitting: Sitting, out: Console, keys: Keys) -> str:
    """Return the next key, or nothing once a limit has run out; a warning comes in between."""
    left_s, warning_s = sitting.time.left_s, sitting.time.policy.time.warning_s
    limit_s = sitting.time.next_limit_s
    if left_s is not None and limit_s is not None and 0 < left_s - warning_s < limit_s:
        key = keys.press(left_s - warning_s)
        if key != TOO_LATE:
            return key
        told = sitting.exam.says.time_warning.format(time=spelled(warning_s))
        screens.instead(out, f" {told}\n ")
        limit_s = sitting.time.next_limit_s
    return keys.press(limit_s)


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
