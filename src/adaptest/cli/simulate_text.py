"""The terminal's summary of a simulation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adaptest.report.simulation_page import doubts, key_measures, told

if TYPE_CHECKING:
    from adaptest.simulation.exams import Comparison
    from adaptest.simulation.study import Study

WIDE = 62  # columns of the words, before the numbers


def said(study: Study, name: str) -> str:
    """Return a study in a dozen lines."""
    who = "people's answers" if study.real else f"synthetic simulees: {study.who}"
    lines = [f"{name}: {study.n:,} sittings, seed {study.seed}; {who}"]
    lines += [_line(words, told(value, decimals)) for words, value, decimals in key_measures(study)]
    lines.append(_line("sittings that broke a hard rule", str(study.hard_violations)))
    endings = ", ".join(
        f"{reason.replace('_', ' ')} {share.value:.1%}" for reason, share in study.measures.endings.items()
    )
    lines.append(f"  ended by: {endings}")
    for one in study.yardsticks[1:]:
        right = (
            "" if one.accuracy.value != one.accuracy.value else f", right decisions {told(one.accuracy, 3)}"
        )
        lines.append(f"  beside {one.words}: RMSE {told(one.rmse, 3)}{right}")
    bank = study.adequacy
    lines.append(
        f"  bank: {bank.to_write} items to write so that none exceeds an exposure of {bank.cap:g}"
        f"{' (assumed)' if bank.assumed else ''} at {bank.length} items"
    )
    lines += [f"  note: {note}" for note in study.notes]
    lines += [f"  required: {one.sentence}" for one in study.requirements if one.met]
    lines += [f"  look: {sentence}" for sentence in doubts(study)]
    return "\n".join(lines) + "\n"


def said_of_comparison(found: Comparison, names: Sequence[str]) -> str:
    """Return how the other exams differ from the first, in lines."""
    from adaptest.simulation.exams import WORDS

    lines = ["the same simulees and the same answers; in brackets the paired standard error"]
    for one in found.differences:
        lines.append(f"{names[one.exam]} minus {names[0]}:")
        lines += [_line(WORDS[name], told(value, 4)) for name, value in one.measures.items()]
        if one.same_decision.value == one.same_decision.value:
            lines.append(_line("simulees on whom both decide alike", told(one.same_decision, 4)))
    return "\n".join(lines) + "\n"


def _line(words: str, value: str) -> str:
    return f"  {words:<{WIDE}} {value}"
