"""Text as the rules see it: words, content words, sentences, quotations, syllables."""

from __future__ import annotations

import re

WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
STRAIGHT = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
QUOTED = re.compile(r"\"[^\"]*\"|(?<!\w)'[^']{12,}?'(?!\w)")
INSIDE = re.compile(r"([.!?])\s")  # an end of sentence inside a quotation
END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"')]))\s+(?=[\"'(]?[A-Z0-9])|\n+")
VOWELS = re.compile(r"[aeiouy]+")
ENDINGS = ("ments", "ment", "ness", "ingly", "edly", "ing", "ies", "ied", "ed", "es", "ly", "s", "y", "e")
SHORTEST_STEM = 4


def listed(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


STOP_WORDS = listed(
    """
    a about after again all also am an and another any anybody anyone are as ask asks at away back be
    because been before being best better between both but by can cannot could did do does doing done down
    each either else even ever every first for from get gets give gives go goes going had has have having
    he her here hers herself him himself his how i if in into is it its itself just know knows last least
    let like likely made make makes many may me might mine more most much must my myself no nor not now of
    off on once one only onto or other others our ours out over own people person peer rather said same
    say says see sees she should since so some somebody someone soon specialist still such support
    supporter take takes tell tells than that the their theirs them themselves then there these they thing
    things this those though through to together too toward two under until up upon us use used very want
    wants was way we well were what when where whether which while who whom whose why will with without
    would yes yet you your yours yourself i'm i've i'd i'll don't doesn't didn't isn't it's that's can't
    won't you're you've let's there's what's he's she's they're we're wouldn't
    """
)


def straight(text: str) -> str:
    """Return a text with straight quotation marks and apostrophes."""
    return text.translate(STRAIGHT)


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in small letters; curly apostrophes are straight ones.

    >>> words("Don't wait: call 911")
    ("don't", 'wait', 'call', '911')
    """
    return tuple(WORD.findall(straight(text).lower()))


def stemmed(word: str) -> str:
    """Return a word without its ending, so that forms of one word are equal.

    >>> stemmed("listening"), stemmed("listens"), stemmed("this"), stemmed("plan's")
    ('listen', 'listen', 'this', 'plan')
    """
    word = word.removesuffix("'s")
    for ending in ENDINGS:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= SHORTEST_STEM:
            word = word.removesuffix(ending)
            return word.removesuffix("e") if len(word) > SHORTEST_STEM else word
    return word


def content_words(text: str) -> frozenset[str]:
    """Return the stems of the words that carry meaning."""
    return frozenset(stemmed(word) for word in words(text) if word not in STOP_WORDS)


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a text; what is quoted is not divided.

    >>> sentences('He says, "Go. Now." Then he waits. What next?')
    ('He says, "Go. Now."', 'Then he waits.', 'What next?')
    """
    hidden = QUOTED.sub(lambda found: INSIDE.sub("\\1\0", found[0]), straight(text))
    parts = END.sub("\n", hidden).split("\n")
    return tuple(part.replace("\0", " ").strip() for part in parts if part.strip())


def unquoted(text: str) -> str:
    """Return a text without what is quoted in it."""
    return QUOTED.sub(" … ", straight(text))


def syllables(word: str) -> int:
    """Return about how many syllables a word has: groups of vowels, a silent e left out.

    >>> [syllables(word) for word in ("make", "little", "recovery", "the")]
    [1, 2, 4, 1]
    """
    n = len(VOWELS.findall(word))
    if word.endswith("e") and not word.endswith("le") and n > 1:
        n -= 1
    if word.endswith("ed") and not word.endswith(("ted", "ded")) and n > 1:
        n -= 1
    return max(n, 1)


def reading_grade(text: str) -> float:
    """Return the Flesch-Kincaid grade: .39 words a sentence + 11.8 syllables a word - 15.59."""
    said, n = words(text), max(len(sentences(text)), 1)
    if not said:
        return 0.0
    return 0.39 * len(said) / n + 11.8 * sum(map(syllables, said)) / len(said) - 15.59
