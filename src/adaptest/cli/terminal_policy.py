"""Breaks, changes and time at a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from adaptest.administration.clock import spelled
from adaptest.administration.sentences import Sentences
from adaptest.administration.sitting import Sitting
from adaptest.cli import terminal_screens as screens
from adaptest.cli.terminal_keys import ENTER, TOO_LATE, Keys

BREAK, CHANGE, END = "P", "R", "E"
ERASE = ("\x7f", "\x08")


def intro(sitting: Sitting, says: Sentences) -> list[str]:
    """Return what to know of time, breaks and changes before the first question."""
    time, lines = sitting.time, []
    if time.limit_s is not None:
        lines.append(says.intro_time.format(time=spelled(time.limit_s)))
    if time.item_limit_s is not None:
        lines.append(says.intro_item_time.format(time=spelled(time.item_limit_s)))
    if lines:
        lines = [" ".join([*lines, says.intro_clock])]
    if time.breaks_left:
        breaks = says.intro_breaks.format(number=time.breaks_left, time=spelled(time.break_length_s))
        lines.append(breaks)
    return lines


def finality(sitting: Sitting, says: Sentences) -> str:
    """Return the sentence that says whether there is a way back."""
    policy = sitting.exam.design.policy
    if not policy.reviews:
        return says.intro_exam
    return says.intro_review if policy.edits is None else says.intro_edits.format(edits=policy.edits)


def offer_break(sitting: Sitting, out: Console, keys: Keys, says: Sentences, *, wanted: bool) -> None:
    """Give the break that was asked for, or offer one where the policy names this place."""
    time = sitting.time
    if not time.break_is_open:
        return
    if not wanted:
        if not time.policy.breaks.after:
            return
        out.clear()
        offer = says.break_offer.format(time=spelled(time.break_length_s))
        out.print(Text(f" {offer} ", style="bold"), end="")
        if keys.press(time.left_s) != BREAK:
            return
    time.begin_break()
    out.clear()
    out.print(Text(f" {says.on_break.format(time=spelled(time.break_length_s))} ", style="bold"), end="")
    if keys.press(time.break_length_s) == TOO_LATE:
        out.print(f"\n {says.break_over}")
        keys.press(time.left_s)
    time.end_break()


def last_changes(sitting: Sitting, out: Console, keys: Keys, says: Sentences) -> None:
    """Let answers be changed before the end, until the person ends the exam or it goes on."""
    while sitting.review.is_last:
        out.clear()
        out.print(screens.answers(sitting.review.answers(), says, sitting.review.left))
        out.print(Text(f" {says.change_end} ", style="bold"), end="")
        key = keys.press(sitting.time.left_s)
        if key in (END, TOO_LATE):
            return
        if key == CHANGE:
            out.print()
            change(sitting, out, keys, says)


def change(sitting: Sitting, out: Console, keys: Keys, says: Sentences) -> None:
    """Let one answer be changed; nothing happens where the person thinks better of it."""
    answers = sitting.review.answers()
    out.clear()
    out.print(screens.answers(answers, says, sitting.review.left))
    out.print(Text(f" {says.change_which} ", style="bold"), end="")
    typed = _number(sitting, out, keys)
    chosen = next((one for one in answers if str(one.question.number) == typed), None)
    if chosen is None:
        return
    out.clear()
    out.print(screens.question(chosen.question, says, with_domain=False, left_s=sitting.time.left_s))
    screen = chosen.question.screen
    letters = tuple(screen)
    given = next(letter for letter, bank in screen.items() if bank == chosen.given)
    shown = f"{letters[0]}-{letters[-1]}"
    out.print(Text(f" {says.choose_confirm.format(letters=shown)} ", style="bold"), end="")
    while True:
        screens.instead(out, f" {says.chosen.format(letter=given)} ")
        key = keys.press(sitting.time.left_s)
        if key == TOO_LATE:
            return
        if key in ENTER:
            break
        given = key if key in letters else given
    out.print()
    sitting.review.change(chosen.question.item, screen[given])


def _number(sitting: Sitting, out: Console, keys: Keys) -> str:
    """Return the digits typed before Enter."""
    typed = ""
    while True:
        key = keys.press(sitting.time.left_s)
        if key in ENTER or key == TOO_LATE:
            return typed
        if key in ERASE and typed:
            typed = typed[:-1]
        elif key.isdecimal():
            typed += key
        screens.instead(out, f" {sitting.exam.says.change_which} {typed}")
