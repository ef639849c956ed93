"""How often a rule about keys fires by chance: with each distractor in the key's place.

A distractor is no key, so a rule that fires on it tells nothing; the share of distractors on which it does
is the rate of false alarms that the same rule must be expected to have on keys. A bank whose rate for keys
is far below was edited until the rule was silent, and the rule's absence may then be a cue itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from adaptest.bank.lint.chance import fisher_p
from adaptest.bank.lint.context import Context, ItemText
from adaptest.bank.lint.cues import clang, convergence
from adaptest.bank.lint.finding import Finding, Measure
from adaptest.bank.lint.options import absolute, longest_is_key

RULES: tuple[tuple[str, str, Callable[[ItemText, Context], Iterator[Finding]]], ...] = (
    ("IW04", "absolute words in distractors only", absolute),
    ("IW06", "keys much longer", longest_is_key),
    ("IW08", "keys alone with a rare stem word", clang),
    ("IW09", "keys that share most", convergence),
)


def rates(context: Context) -> Iterator[Measure]:
    """Yield each rule's share of keys, and in words its share of distractors put in the key's place."""
    texts = [text for text in context.keyed if text.distractors]
    places = [_with_key(text, letter) for text in texts for letter in text.distractors]
    n, m = len(texts), len(places)
    for code, name, rule in RULES if n else ():
        keys = sum(any(True for _ in rule(text, context)) for text in texts)
        others = sum(any(True for _ in rule(text, context)) for text in places)
        note = f"fires on {keys} of {n} items; with a distractor as key on {others / m:.1%}: false alarms"
        yield Measure(code, name, keys / n, n, p=fisher_p(keys, n - keys, others, m - others), note=note)


def _with_key(text: ItemText, letter: str) -> ItemText:
    """Return an item as if this option were its key."""
    return replace(text, item=text.item.model_copy(update={"key": letter}))
