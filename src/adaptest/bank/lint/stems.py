"""Rules about stems: IW02, IW03, IW16, IW18, IW23."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adaptest.bank.lint.codes import Severity
from adaptest.bank.lint.context import Context, ItemText
from adaptest.bank.lint.finding import Finding, found, shown
from adaptest.bank.lint.words import reading_grade, sentences, unquoted

NEGATIVE = re.compile(
    r"\b(?:not|except|incorrect|incorrectly|false|untrue|never"
    r"|least (?:likely|appropriate|helpful|effective|useful|suitable|important|consistent|true))\b"
    r"|n't\b",
    re.IGNORECASE,
)
RELATIVE = re.compile(  # a negative that does not turn the question round
    r"\b(?:who|whom|that|because|if|when|though|although|whether|since|and|but|he|she|they|it|as)(?: \w+)?"
    r" (?:(?:do|does|did|is|are|was|were|has|have|had|will|would|can|could|may)(?:n't| not)|cannot)\b"
    r"|\b(?:whether or|why|or|if|and|but|rather|instead|to) not\b|, not\b|\bnot (?:yet|alone|only|to)\b"
    r"|\bcannot\b",
    re.IGNORECASE,
)
NEGATIVE_OPTION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|nothing|nobody|cannot)\b|n't\b", re.IGNORECASE
)
EMPHASISED = re.compile(r"\b(?:NOT|EXCEPT|LEAST|INCORRECT|FALSE|NEVER)\b|<(?:strong|b|em|u)>|\*\*")
BLANK = re.compile(r"_{2,}\s*[^\s_.?!:;,\"')]")
SUPERLATIVE = re.compile(
    r"\b(?:is|are|be|was|do|does|should|would|shows?|describes?|explains?|fits|meets|serves|supports|which|what)"
    r" (?:the |is the |\w+ the )?(best|most|first|least)\b"
    r"|\bthe (best|most|first|least) (?:\w+ )?(?:response|reply|step|action|answer|reason|way|thing"
    r"|choice|description|question)\b"
)
TRICK = re.compile(r"!|\btrick\b|\bhaha\b|\bjust kidding\b", re.IGNORECASE)
YOU = re.compile(r"\b(?:you|your|yours|yourself)\b", re.IGNORECASE)
THIRD = re.compile(r"\b(?:specialist|supporter|peer worker|worker|facilitator)s?\b", re.IGNORECASE)
PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being|gets?|got) (?:\w+ly )?"
    r"(?:\w+ed|\w+en|made|told|held|kept|sent|put|said|known|shown|done)\b",
    re.IGNORECASE,
)
FEWEST_WORDS = 6
MOST_WORDS = 120
HIGHEST_GRADE = 10.0
GRADED_WORDS = 30
PASSIVE_SENTENCES = 3
PASSIVE_SHARE = 0.5


def negative(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW02 and IW03: a negative question, and negative options to it."""
    word = negative_word(text)
    if word is None:
        return
    item = text.item
    emphasised = EMPHASISED.search(text.lead_in)
    remedy = "ask for what is right if you can" if emphasised else ""
    severity: Severity = "warning" if emphasised else "error"
    yield found("IW02", repr(word), item=item.id, place=("stem",), severity=severity, remedy=remedy)
    for letter, option in item.options.items():
        if match := NEGATIVE_OPTION.search(unquoted(option)):
            got = f"{word!r} in the question and {match[0]!r} in option {letter}"
            yield found("IW03", got, item=item.id, place=("options", letter))
            return


def negative_word(text: ItemText) -> str | None:
    """Return the negative word of the question; None if it asks for what is right."""
    match = NEGATIVE.search(RELATIVE.sub(" … ", text.lead_in))
    return match[0] if match else None


def incomplete(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW16: no question and no complete problem."""
    stem = text.item.stem
    if "?" not in stem and len(text.stem_words) < FEWEST_WORDS:
        yield found("IW16", shown(stem), item=text.item.id, place=("stem",))
    elif BLANK.search(stem):
        yield found("IW16", "a blank in the middle", item=text.item.id, place=("stem",))


def readability(text: ItemText, context: Context) -> Iterator[Finding]:
    """IW18: long, hard or passive stems."""
    item, n = text.item, len(text.stem_words)
    got = []
    if n > MOST_WORDS:
        got.append(f"{n} words, more than {MOST_WORDS}")
    grade = reading_grade(plain(item.stem, context))
    if n >= GRADED_WORDS and grade > HIGHEST_GRADE:
        got.append(f"reading grade {grade:.1f}, above {HIGHEST_GRADE:.0f}")
    said = sentences(unquoted(item.stem))
    passive = sum(bool(PASSIVE.search(sentence)) for sentence in said)
    if passive >= PASSIVE_SENTENCES and passive > PASSIVE_SHARE * len(said):
        got.append(f"{passive} of {len(said)} sentences passive")
    if got:
        yield found("IW18", "; ".join(got), item=item.id, place=("stem",))


def plain(stem: str, context: Context) -> str:
    """Return a stem with the terms of the trade, which its readers know, as one short word each."""
    for term in context.bank.header.plain_terms:
        stem = re.sub(rf"\b{re.escape(term)}", "peer", stem, flags=re.IGNORECASE)
    return stem


def manner(text: ItemText, context: Context) -> Iterator[Finding]:
    """IW23: tricks, jokes, two addressees, a hidden criterion."""
    item, said = text.item, unquoted(text.item.stem)
    if match := SUPERLATIVE.search(text.lead_in):
        rule = "what a question asks for must stand out"
        got = f"{match[1] or match[2]!r} in small letters"
        remedy = "write BEST, MOST, FIRST, LEAST in capitals"
        yield found("IW23", got, item=item.id, place=("stem",), rule=rule, remedy=remedy)
    if match := TRICK.search(said):
        rule, remedy = "a stem must not trick or joke", "write it plainly"
        yield found("IW23", repr(match[0]), item=item.id, place=("stem",), rule=rule, remedy=remedy)
    if YOU.search(said) and speaks_of_a_third_person(context):
        rule = "stems must speak of one person throughout the bank"
        got = f"{YOU.findall(said)[0]!r} where most stems speak of a third person"
        remedy = "name who acts"
        yield found("IW23", got, item=item.id, place=("stem",), rule=rule, remedy=remedy)


def speaks_of_a_third_person(context: Context) -> bool:
    """Whether more stems name the peer worker than address the reader."""
    third = sum(bool(THIRD.search(text.item.stem)) for text in context.texts)
    second = sum(bool(YOU.search(unquoted(text.item.stem))) for text in context.texts)
    return third > second
