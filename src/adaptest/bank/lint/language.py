"""Rules about language and markup: IW22 person-first words, IW25 safe and perceivable HTML, CO01 facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from adaptest.bank.lint.context import Context, ItemText
from adaptest.bank.lint.finding import Finding, Place, found
from adaptest.bank.lint.words import QUOTED, listed

# what stigmatises -> what to write instead
WORDS = {
    r"(?:drug |substance |sex |ex-?)?addicts?": "a person with an addiction",
    r"(?:drug|substance|alcohol) abusers?|substance abuse|drug abuse": "a person who uses, substance use",
    r"junk(?:ie|y)s?|crackheads?|drunks?\b(?! driv)|winos?": "a person who uses drugs or alcohol",
    r"alcoholics?(?! anonymous)": "a person with an alcohol use disorder",
    r"commit(?:s|ted|ting)? suicide": "died by suicide",
    r"(?:successful|failed|unsuccessful) suicides?(?: attempts?)?": "died by, or survived, a suicide attempt",
    r"mentally ill|mental patients?|the disabled"
    r"|the homeless(?= (?:are|is|who|in|need)\b|[.,;?])": "people with, people who are",
    r"(?:a|an|the|most|many|two|three|these|those) (?:bipolars?|borderlines?|psychotics?|anorexics?)"
    r"(?=[.,;:?!]| (?:who|is|was|has|needs?|and|or|in|at|on)\b|$)"
    r"|schizophrenics?(?! (?:disorder|spectrum|symptom))": "a person with schizophrenia, or the like",
    r"(?:is|are|was|were) (?:a |an )?(?:schizophrenic|bipolar|borderline)\b": "lives with",
    r"suffer(?:s|ed|ing)? from|(?:is|are|was) a victim of (?:mental|bipolar|schizo)"
    r"|afflicted with|stricken with": "has, lives with",
    r"wheelchair[- ]bound|confined to (?:a|his|her|their) wheelchair": "uses a wheelchair",
    r"craz(?:y|ies)|lunatics?|psychos?|insane|nut ?case|retard(?:ed|s)?"
    r"|cripples?|crippled|handicapped": "what the person lives with, in plain words",
    r"(?:was|is|got|getting|be|been|being|stay|stayed|staying) (?:clean|dirty)"
    r"(?= (?:for|since|from|and sober|again))|dirty (?:urine|test)s?": "in recovery, a positive test",
    r"inmates?|convicts?|felons?|ex-cons?": "a person in jail, a person with a conviction",
    r"illegal (?:aliens?|immigrants?)|illegals": "a person without immigration papers",
}
STIGMA = re.compile(
    "|".join(rf"(?P<w{k}>\b(?:{word})(?!\w))" for k, word in enumerate(WORDS))
)  # of small letters
INSTEAD = tuple(WORDS.values())
ALLOWED = listed(
    """
    a abbr b blockquote br caption cite code dd div dl dt em h3 h4 i img li ol p q s small span strong sub sup
    table tbody td tfoot th thead tr u ul
    """
)
ATTRIBUTES = listed("alt cite colspan dir height href lang rowspan scope src title width")
TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--|<!DOCTYPE|<\?", re.IGNORECASE)
COLOUR = re.compile(
    r"\b(?:the|a|in) (?:red|green|blue|yellow|orange|purple)(?:[- ]colou?red)?"
    r" (?:option|answer|choice|box|text|line|bar|circle|word|words|part|area|button)s?\b"
    r"|\b(?:marked|shown|highlighted|printed|written) in (?:red|green|blue|yellow|orange|purple)\b",
    re.IGNORECASE,
)


def person_first(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW22: words that stigmatise, in stem and options; quoted words in a stem may be what it is about."""
    item = text.item
    places = [(("stem",), item.stem), *((("options", o), said) for o, said in item.options.items())]
    for place, said in places:
        if match := STIGMA.search(said.lower()):
            instead = INSTEAD[int((match.lastgroup or "w0")[1:])]
            quoted = " in a quotation" if any(match[0] in one for one in QUOTED.findall(said)) else ""
            got = f"{match[0]!r} in {' '.join(place)}{quoted}"
            yield found("IW22", got, item=item.id, place=place, remedy=f"write: {instead}")
            return


def markup(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW25: unsafe or inaccessible HTML, and meaning by colour alone."""
    item = text.item
    places = [(("stem",), item.stem), *((("options", o), said) for o, said in item.options.items())]
    places += [(("rationale", o), said) for o, said in item.rationale.items()]
    for place, said in places:
        got = html_fault(said) if TAG.search(said) else ""
        if not got and (match := COLOUR.search(said)):
            got = repr(match[0])
        if got:
            yield found("IW25", f"{got} in {' '.join(place)}", item=item.id, place=place)
            return


def html_fault(text: str) -> str:
    """Return what is unsafe or inaccessible in a piece of HTML; "" if nothing is.

    >>> html_fault('<b>no</b>'), html_fault('<script>x</script>'), html_fault('<img src="a.png">')
    ('', '<script>', '<img> without alt')
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if not reader.fault and reader.tables > reader.headers:
        return "<table> without th"
    return reader.fault


def unconfirmed(text: ItemText, context: Context) -> Iterator[Finding]:
    """CO01: a fact that nobody has confirmed, in the stem or as the key."""
    item = text.item
    places: list[tuple[Place, str]] = [(("stem",), item.stem)]
    if text.keyed:
        places.append((("options", item.key), item.options[item.key]))
    for fact, why in context.bank.header.unconfirmed_facts.items():
        for place, said in places:
            if re.search(rf"(?<!\w){re.escape(fact)}(?!\w)", said, re.IGNORECASE):
                where = "the stem" if place == ("stem",) else "the key"
                yield found("CO01", f"{fact!r} in {where} ({why})", item=item.id, place=place)
                return


class _Reader(HTMLParser):
    """Looks at tags and attributes only."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.fault = ""
        self.tables = self.headers = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tables += tag == "table"
        self.headers += tag == "th" and self.headers < self.tables
        bad = next((name for name in given if name not in ATTRIBUTES), None)
        if tag not in ALLOWED:
            self.fault = self.fault or f"<{tag}>"
        elif bad:
            self.fault = self.fault or f"attribute {bad!r} of <{tag}>"
        elif any(
            (given.get(name) or "").strip().lower().startswith(("javascript:", "data:", "vbscript:"))
            for name in ("href", "src")
        ):
            self.fault = self.fault or f"a script in a link of <{tag}>"
        elif tag == "img" and not (given.get("alt") or "").strip():
            self.fault = self.fault or "<img> without alt"

    def handle_comment(self, data: str) -> None:
        self.fault = self.fault or f"comment <!--{data[:12]}"

    def handle_decl(self, decl: str) -> None:
        self.fault = self.fault or f"<!{decl[:12]}"

    def handle_pi(self, data: str) -> None:
        self.fault = self.fault or f"<?{data[:12]}"
