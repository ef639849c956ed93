"""Cues inside one item that give its key away: IW08 clang, IW09 convergence, IW10 grammar and form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from adaptest.bank.lint.context import Context, ItemText
from adaptest.bank.lint.finding import Finding, found
from adaptest.bank.lint.words import stemmed, straight

MARGIN = 0.15
ARTICLE = re.compile(r"\b(an?)\s*(?:_+|…|\.{3}|:)?\s*$", re.IGNORECASE)
GERUND = re.compile(
    r"(?!(?:bring|during|nothing|something|everything|anything|spring|string|king|ring|thing|sing|morning"
    r"|evening|feeling|meeting)\b)\w+ing\b",
    re.IGNORECASE,
)
TYPICAL = 3  # options that must agree before one is the odd one out


def clang(text: ItemText, context: Context) -> Iterator[Finding]:
    """IW08: a rare word of the stem in the key only."""
    if not text.keyed:
        return
    shared = clanging(text, text.item.key, context)
    if shared and not any(clanging(text, letter, context) for letter in text.distractors):
        said = sorted({word for word in text.stem_words if stemmed(word) in shared})
        got = f"{', '.join(repr(word) for word in said)} in stem and key and in no distractor"
        yield found("IW08", got, item=text.item.id, place=("options", text.item.key))


def clanging(text: ItemText, letter: str, context: Context) -> frozenset[str]:
    """Return the rare words of the stem that one option shares and no other does."""
    others = frozenset[str]().union(*(said for other, said in text.options.items() if other != letter))
    shared = (text.content & text.options[letter]) - others
    return frozenset(word for word in shared if context.commonness[word] <= context.rare)


def convergence(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW09: the key shares most words with the other options."""
    if text.keyed and (margin := convergence_of(text, text.item.key)) >= MARGIN:
        got = f"a mean share .{round(100 * margin):02d} above that of the next option"
        yield found("IW09", got, item=text.item.id, place=("options", text.item.key))


def convergence_of(text: ItemText, letter: str) -> float:
    """Return by how much an option's mean Jaccard index with the others exceeds that of the next one."""
    means = {one: _mean_jaccard(one, text.options) for one in text.options}
    rest = [mean for one, mean in means.items() if one != letter]
    return means[letter] - max(rest, default=0.0)


def form(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW10: options that do not fit the stem, or one that looks unlike all others."""
    item = text.item
    if match := ARTICLE.search(item.stem.rstrip(" :_….")):
        wanted = match[1].lower() == "an"
        unfit = [o for o, option in item.options.items() if (option[:1].lower() in "aeiou") != wanted]
        if unfit:
            got = f"{match[1]!r} before option {unfit[0]}"
            yield found("IW10", got, item=item.id, place=("options", unfit[0]))
    for name, kind in KINDS.items():
        kinds = {letter: kind(option) for letter, option in item.options.items()}
        counts = Counter(kinds.values())
        if len(kinds) > TYPICAL and sorted(counts.values()) == [1, len(kinds) - 1]:
            odd = next(letter for letter, one in kinds.items() if counts[one] == 1)
            if name in KEY_ONLY and odd != item.key:
                continue
            got = f"option {odd} alone {'with' if kinds[odd] else 'without'} {name}"
            yield found("IW10", got, item=item.id, place=("options", odd))


def _words(option: str) -> str:
    return straight(option).lstrip("\"' ")


KINDS: dict[str, Callable[[str], bool]] = {
    "quotation marks": lambda option: straight(option)[:1] in "\"'",
    "a capital at its beginning": lambda option: (
        _words(option)[:1].isupper() or not _words(option)[:1].isalpha()
    ),
    "a mark at its end": lambda option: straight(option).rstrip("\"')")[-1:] in ".!?",
    "a gerund at its beginning": lambda option: bool(GERUND.match(_words(option))),
    "'to' at its beginning": lambda option: bool(re.match(r"to\b", _words(option), re.IGNORECASE)),
    "a digit at its beginning": lambda option: _words(option)[:1].isdigit(),
    "a question": lambda option: "?" in option,
}
KEY_ONLY = frozenset({"a question", "a gerund at its beginning"})


def _mean_jaccard(letter: str, options: Mapping[str, frozenset[str]]) -> float:
    mine = options[letter]
    shares = [
        len(mine & said) / len(mine | said) if mine | said else 0.0
        for one, said in options.items()
        if one != letter
    ]
    return sum(shares) / len(shares) if shares else 0.0
