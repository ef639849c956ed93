"""Every sentence a candidate reads, in one language each; the bank's language chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adaptest.errors import BankFileError


@dataclass(frozen=True, slots=True)
class Sentences:
    """The candidate-facing sentences of one language; braces name what is filled in."""

    intro_items: str
    intro_fixed: str
    intro_practice: str
    intro_exam: str
    intro_pretest: str
    intro_pause: str
    intro_time: str
    intro_item_time: str
    intro_clock: str
    intro_breaks: str
    intro_review: str
    intro_edits: str
    provisional: str
    press_start: str
    resumed: str

    question: str
    question_of: str
    choose: str
    choose_confirm: str
    chosen: str
    not_a_letter: str

    correct: str
    incorrect: str
    tag_key: str
    tag_given: str
    no_rationale: str
    read_on: str
    press_next: str
    press_next_lesson: str
    press_more: str
    press_back: str

    time_left: str
    time_warning: str
    time_over: str
    item_time_over: str
    break_key: str
    break_wanted: str
    break_offer: str
    on_break: str
    break_over: str
    change_key: str
    change_title: str
    change_which: str
    change_end: str
    change_end_line: str
    changes_left: str
    changed: str
    no_change: str

    paused: str
    how_to_resume: str

    ended: str
    score: str
    score_without_scale: str
    no_score: str
    cut: str
    level: str
    decision_pass: str
    decision_fail: str
    decision_open: str
    held: str
    study_title: str
    study_note: str
    study_line: str
    bands_title: str
    bands_note: str
    band: Mapping[str, str]
    lessons_title: str
    review_title: str
    review_none: str
    review_first: str
    review_next: str
    review_done: str
    new_questions: str
    report: str
    reason: Mapping[str, str]


def sentences(language: str) -> Sentences:
    """Return the sentences of a bank's language, by its first part: `en` for `en-US`.

    Raises
    ------
    BankFileError, where there is no catalogue in that language.
    """
    from adaptest.administration.sentences_en import ENGLISH

    catalogues = {"en": ENGLISH}
    main = language.partition("-")[0].lower()
    if main not in catalogues:
        raise BankFileError(f"bank.yaml: language must be one of {', '.join(catalogues)}; got {language!r}")
    return catalogues[main]
