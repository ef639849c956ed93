"""The whole check of a bank: every rule on every item, the bank-level tests, waivers, file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from adaptest.bank.contents import Bank
from adaptest.bank.lint import (
    complete,
    concepts,
    content,
    cues,
    distribution,
    false_alarms,
    guess,
    language,
    options,
    pairs,
    stems,
)
from adaptest.bank.lint.codes import SEVERITIES, Severity
from adaptest.bank.lint.context import Context, ItemText
from adaptest.bank.lint.finding import Finding, Measure
from adaptest.bank.lint.places import Places
from adaptest.bank.lint.waivers import waived
from adaptest.bank.problems import Problem
from adaptest.bank.snapshot import Snapshot

ItemRule = Callable[[ItemText, Context], Iterator[Finding]]
BankRule = Callable[[Context], Iterator[Measure | Finding]]

ITEM_RULES: tuple[ItemRule, ...] = (
    options.numbers,
    options.duplicates,
    options.overlapping,
    options.longest_is_key,
    options.spread,
    options.depends_on_order,
    complete.explained,
    language.markup,
    language.unconfirmed,
)
ENGLISH_ITEM_RULES: tuple[ItemRule, ...] = (
    options.stands_for_others,
    options.absolute,
    options.vague,
    options.common_beginning,
    stems.negative,
    stems.incomplete,
    stems.readability,
    stems.manner,
    cues.clang,
    cues.convergence,
    cues.form,
    language.person_first,
)
BANK_RULES: tuple[BankRule, ...] = (
    distribution.key_lengths,
    distribution.key_letters,
    pairs.repeated,
    guess.from_options,
    guess.from_stems,
    concepts.concepts,
    false_alarms.rates,
)
ENGLISH_BANK_RULES: tuple[BankRule, ...] = (
    distribution.absolute_words,
    distribution.fairness,
    pairs.given_away,
    pairs.swapped,
)
COVERED = ("rationale", "reference is missing", "options must differ", "key must be one of")


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found.

    Attributes
    ----------
    bank : the bank's name
    n_items : items looked at: all that are not retired
    findings : errors first, then warnings, then notes; by file and line within
    measures : the bank-level numbers, whether or not they break a rule
    left_out : groups of rules that were not applied, and why
    """

    bank: str
    n_items: int
    findings: tuple[Finding, ...]
    measures: tuple[Measure, ...]
    left_out: tuple[str, ...] = ()

    def count(self, severity: Severity, *, waived: bool = False) -> int:
        """Return the findings of one severity, those that are waived or those that are not."""
        return sum(one.severity == severity and bool(one.waived) == waived for one in self.findings)


def check(
    bank: Bank,
    problems: Sequence[Problem],
    snapshot: Snapshot | None,
    more: Sequence[Measure | Finding] = (),
    left_out: tuple[str, ...] = (),
) -> Report:
    """Return what is wrong or doubtful in a bank.

    Parameters
    ----------
    problems : what its files break, from `read_bank`
    snapshot : the release in effect, or None where nothing is published
    more : findings and measures from elsewhere: about exams
    left_out : what was not checked elsewhere, and why
    """
    context = Context.of(bank)
    english = bank.header.language.lower().startswith("en")
    found: list[Finding] = []
    measures: list[Measure] = []
    item_rules = (*ITEM_RULES, *(ENGLISH_ITEM_RULES if english else ()))
    for text in context.texts:
        for rule in item_rules:
            found += rule(text, context)
    bank_rules = (*BANK_RULES, *(ENGLISH_BANK_RULES if english else ()))
    for one in chain(more, *(bank_rule(context) for bank_rule in bank_rules)):
        if isinstance(one, Finding):
            found.append(one)
        else:
            measures.append(one)
    found += content.content(context, snapshot)
    if not english:
        why = f"the bank's language is {bank.header.language}"
        left_out = (*left_out, f"rules that know English words: {why}")
    whole = (*file_findings(problems), *_placed(bank, waived(bank, found)))
    measures.sort(key=lambda measure: measure.code)
    return Report(bank.name, len(context.texts), _sorted(whole), tuple(measures), left_out)


def file_findings(problems: Sequence[Problem], *, all_of_them: bool = False) -> tuple[Finding, ...]:
    """Return what a bank's files break as findings, but for what a rule of its own says better."""
    return tuple(
        Finding("BK01", "error", one.item or "", one.sentence, path=one.path, line=one.line)
        for one in problems
        if all_of_them or one.item is None or not one.sentence.startswith(COVERED)
    )


def _placed(bank: Bank, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the findings with file and line."""
    places = Places(bank)
    for one in findings:
        if one.path:
            yield one
            continue
        path, line = places.of(one)
        yield replace(one, path=path, line=line)


def _sorted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(
        sorted(
            findings,
            key=lambda one: (
                SEVERITIES.index(one.severity),
                bool(one.waived),
                one.path,
                one.line or 0,
                one.code,
            ),
        )
    )
