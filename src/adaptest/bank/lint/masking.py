"""Stems without what is easily swapped: names, pronouns, people, numbers and ages, settings."""

from __future__ import annotations

import re

from adaptest.bank.lint.words import WORD, listed, straight

PRONOUNS = listed("he him his himself she her hers herself they them their theirs themselves")
PEOPLE = listed(
    """
    man men woman women person people client clients member members participant participants guest guests
    resident residents patient patients veteran veterans student students teenager teen youth young adult
    adults elder older grandmother grandfather grandparent mother father mom dad parent parents son sons
    daughter daughters sister brother aunt uncle cousin niece nephew husband wife partner spouse widow
    widower girl boy child children friend friends neighbor roommate caller callers worker workers
    specialist specialists supporter peer support family
    """
)
SETTINGS = listed(
    """
    drop-in center centre clinic hospital ward unit shelter jail prison school college campus church
    temple mosque library park home house apartment kitchen porch office lobby hallway room waiting van
    bus car phone line warmline warm telehealth video call visit clubhouse residence program programme
    agency group meeting session rural county city town street mobile crisis respite outpatient inpatient
    emergency department recovery community wellness health mental behavioral
    """
)
NUMBERS = listed(
    """
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred first second
    third fourth fifth once twice dozen year years year-old old month months week weeks day days hour
    hours minute minutes monday tuesday wednesday thursday friday saturday sunday morning afternoon
    evening night today yesterday tomorrow
    """
)
PLACEHOLDERS = {
    **dict.fromkeys(PRONOUNS, "<pronoun>"),
    **dict.fromkeys(PEOPLE, "<person>"),
    **dict.fromkeys(SETTINGS, "<setting>"),
    **dict.fromkeys(NUMBERS, "<number>"),
}
CAPITAL = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+(?:'s)?\b")


def masked(stem: str) -> tuple[str, ...]:
    """Return the words of a stem, placeholders for what could be swapped.

    >>> masked("At a shelter, Rosa, 34, says she is tired.")
    ('at', 'a', '<setting>', '<name>', '<number>', 'says', '<pronoun>', 'is', 'tired')
    """
    plain = CAPITAL.sub("nameplaceholder", straight(stem)).lower()
    said = []
    for word in WORD.findall(plain):
        if word.startswith("nameplaceholder"):
            said.append("<name>")
        elif word[0].isdigit():
            said.append("<number>")
        else:
            said.append(PLACEHOLDERS.get(word, word))
    return tuple(said)
