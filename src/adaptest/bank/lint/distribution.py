"""Tests of a whole bank: absolute words (IW04), key lengths (IW06), key letters (IW15), fairness (IW24)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from adaptest.bank.lint.chance import binomial_p, chi_square_p, fisher_p
from adaptest.bank.lint.context import Context, ItemText
from adaptest.bank.lint.finding import Finding, Measure, found
from adaptest.bank.lint.options import ABSOLUTE
from adaptest.bank.lint.words import listed, unquoted, words

CERTAIN = 0.01  # below it an error: a bank is tested at every change, and should not fail by chance
DOUBTFUL = 0.05
LEAST_EXPECTED = 5.0  # below it chi-square is no approximation (Cochran 1954, Biometrics 10(4), 417-451)
HE = frozenset({"he", "him", "his", "himself"})
SHE = frozenset({"she", "her", "hers", "herself"})
NAME = re.compile(r"(?<![.!?\"…]\s)(?<!…\s\s)(?<!^)\b([A-Z][a-z]{2,})\b")
NO_NAMES = listed(
    """
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April June July August
    September October November December English Spanish American California Black Asian Latino Latina
    Native Mexican Vietnamese Chinese Korean Russian Arabic Somali Hmong Christian Muslim Jewish Medicaid
    Medicare Medi Cal Internet Facebook Wellness Recovery Action Plan Alcoholics Narcotics Anonymous
    Supplemental Security Income Social He She They His Her It Which What How When Why Who The This That
    """
)
NAME_SHARE, NAME_ITEMS = 0.02, 4


def absolute_words(context: Context) -> Iterator[Measure | Finding]:
    """IW04: absolute words in distractors more often than in keys."""
    keys = distractors = in_keys = in_distractors = 0
    for text in context.keyed:
        for letter, option in text.item.options.items():
            has = ABSOLUTE.search(option) is not None
            if letter == text.item.key:
                keys, in_keys = keys + 1, in_keys + has
            else:
                distractors, in_distractors = distractors + 1, in_distractors + has
    if not keys or not distractors:
        return
    p = fisher_p(in_distractors, distractors - in_distractors, in_keys, keys - in_keys)
    got = f"{in_distractors} of {distractors} distractors and {in_keys} of {keys} keys"
    yield Measure(
        "IW04", "absolute words, share of distractors", in_distractors / distractors, keys, p=p, note=got
    )
    if p < CERTAIN:
        rule = "absolute words must be as rare in distractors as in keys"
        yield found("IW04", f"{got}, p = {p:.2g}", severity="error", rule=rule, p=p)


def key_lengths(context: Context) -> Iterator[Measure | Finding]:
    """IW06: of the items in which one option is longest, the key is it about as often as chance has it."""
    texts = [text for text in context.keyed if text.distractors and _longest(text)]
    n = len(texts)
    if not n:
        return
    longest = sum(_longest(text) == text.item.key for text in texts)
    chance = sum(1 / len(text.item.options) for text in texts) / n
    p = binomial_p(longest, n, chance)
    got = f"{longest} of {n} items with one longest option, {longest / n:.1%}, where chance has {chance:.1%}"
    yield Measure("IW06", "key strictly longest, share of items", longest / n, n, p=p, note=got)
    if p < CERTAIN:
        rule = "the key must be the longest option about as often as chance has it"
        remedy = "lengthen or shorten distractors of some items"
        yield found("IW06", f"{got}, p = {p:.2g}", severity="error", rule=rule, remedy=remedy, p=p)


def key_letters(context: Context) -> Iterator[Measure | Finding]:
    """IW15: chi-square of the key letters, among items with as many options."""
    statistic, degrees, n = 0.0, 0, 0
    shares: list[str] = []
    for size in sorted({len(text.item.options) for text in context.keyed}):
        keys = [text.item.key for text in context.keyed if len(text.item.options) == size]
        letters = "ABCDEFGHIJ"[:size]
        counts, expected = Counter(keys), len(keys) / size
        if expected < LEAST_EXPECTED:
            continue
        statistic += sum((counts[letter] - expected) ** 2 / expected for letter in letters)
        degrees, n = degrees + size - 1, n + len(keys)
        shares.append(", ".join(f"{letter} {counts[letter]}" for letter in letters))
    if not degrees:
        return
    p = chi_square_p(statistic, degrees)
    got = f"{'; '.join(shares)}: chi-square {statistic:.2f} on {degrees} degrees of freedom"
    yield Measure("IW15", "key letters, chi-square", statistic, n, p=p, note="; ".join(shares))
    if p < DOUBTFUL:
        rule = "keys must be spread evenly over the letters"
        yield found("IW15", f"{got}, p = {p:.2g}", rule=rule, remedy="move keys to the rarer letters", p=p)


def fairness(context: Context) -> Iterator[Measure | Finding]:
    """IW24: items about him and about her, and names that come again."""
    said = [set(words(text.item.stem)) for text in context.texts]
    he = sum(bool(one & HE) and not one & SHE for one in said)
    she = sum(bool(one & SHE) and not one & HE for one in said)
    if he + she:
        p = binomial_p(he, he + she, 0.5)
        got = f"{he} stems with he and {she} with she"
        yield Measure(
            "IW24", "stems with he, of those with he or she", he / (he + she), he + she, p=p, note=got
        )
        if p < DOUBTFUL:
            rule = "stems with he and stems with she must be about as many"
            yield found("IW24", f"{got}, p = {p:.2g}", rule=rule, p=p)
    names = Counter(name for text in context.texts for name in _names(text.item.stem))
    most = max(NAME_ITEMS, int(NAME_SHARE * len(context.texts)))
    for name, n in names.most_common():
        if n > most:
            rule = f"a name must not stand in more than {most} stems"
            yield found("IW24", f"{name} in {n}", rule=rule, remedy="give some of these people other names")


def _longest(text: ItemText) -> str:
    """Return the letter of the longest option; "" where two are as long."""
    most = max(text.lengths.values())
    letters = [letter for letter, length in text.lengths.items() if length == most]
    return letters[0] if len(letters) == 1 else ""


def _names(stem: str) -> frozenset[str]:
    """Return the words in capitals inside a sentence that are no days, languages and the like."""
    return frozenset(NAME.findall(unquoted(stem))) - NO_NAMES
