"""Items beside each other: IW19 repetition, IW20 one gives another away, GU03 swapped names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from adaptest.bank.lint.context import Context, ItemText
from adaptest.bank.lint.finding import Finding, Measure, found
from adaptest.bank.lint.masking import masked
from adaptest.bank.lint.similarity import pairs_above, shared_shingles, tfidf
from adaptest.bank.lint.words import STOP_WORDS

REPEATED, ALIKE = 0.8, 0.5
SHINGLE = 5
SHINGLES_REPEATED, SHINGLES_ALIKE = 0.5, 0.2
MASKED_LIMIT = 0.6
SMALL = 100  # items below which shares say little
CLUE, CLUE_CONTENT = 5, 2  # words in a row, and how many of them carry meaning
NAMED = 10  # pairs named one by one; the rest is counted


def repeated(context: Context) -> Iterator[Measure | Finding]:
    """IW19: items that repeat another, and proposals for enemies."""
    texts = context.texts
    documents = [[*text.stem_words, *_options(text)] for text in texts]
    alike = {(i, j): (x, "a TF-IDF cosine of") for i, j, x in pairs_above(tfidf(documents), ALIKE)}
    errors = {pair for pair, (x, _) in alike.items() if x > REPEATED}
    for i, j, x in shared_shingles(documents, SHINGLE, SHINGLES_ALIKE):
        alike.setdefault((i, j), (x, "a share of five-word shingles of"))
        if x > SHINGLES_REPEATED:
            errors.add((i, j))
    largest = max((x for x, how in alike.values() if "cosine" in how), default=0.0)
    note = "" if alike else f"none above {ALIKE}"
    yield Measure("IW19", "two items, largest cosine", largest, len(texts), limit=REPEATED, note=note)
    for (i, j), (x, how) in alike.items():
        one, other = texts[i].item, texts[j].item
        if (i, j) in errors:
            got = f"{how} {x:.2f} with {one.id!r}"
            yield found("IW19", got, item=other.id, place=("stem",), others=(one.id,))
        elif other.id not in one.enemies:
            rule, remedy = "items as alike must be enemies", f"add {one.id} to its enemies, or change one"
            got = f"{how} {x:.2f} with {one.id!r}"
            yield found(
                "IW19", got, item=other.id, place=("stem",), others=(one.id,), severity="info", rule=rule,
                remedy=remedy,
            )  # fmt: skip


def given_away(context: Context) -> Iterator[Finding]:
    """IW20: a phrase of one item's key in the stem of another."""
    phrases: dict[tuple[str, ...], list[ItemText]] = defaultdict(list)
    for text in context.keyed:
        others = {one for letter in text.distractors for one in _phrases(text.option_words[letter])}
        own = set(_phrases(text.stem_words))
        for phrase in _phrases(text.option_words[text.item.key]):
            if phrase not in others and phrase not in own:
                phrases[phrase].append(text)
    told: set[tuple[str, str]] = set()
    for text in context.texts:
        for phrase in _phrases(text.stem_words):
            for keyed in phrases.get(phrase, ()):
                item, pair = keyed.item, (keyed.item.id, text.item.id)
                if item.id == text.item.id or text.item.id in item.enemies or pair in told:
                    continue
                told.add(pair)
                got = f"{' '.join(phrase)!r} of its key in the stem of {text.item.id!r}"
                yield found("IW20", got, item=item.id, place=("options", item.key), others=(text.item.id,))


def swapped(context: Context) -> Iterator[Measure | Finding]:
    """GU03: stems that are one stem with names, ages or settings swapped."""
    texts = context.texts
    rows = tfidf([masked(text.item.stem) for text in texts])
    above = pairs_above(rows, MASKED_LIMIT)
    near = above or pairs_above(rows, MASKED_LIMIT / 2)
    largest = near[0][2] if near else 0.0
    note = f"{texts[near[0][0]].item.id} and {texts[near[0][1]].item.id}" if near else ""
    yield Measure(
        "GU03", "two masked stems, largest cosine", largest, len(texts), limit=MASKED_LIMIT, note=note
    )
    small = len(texts) < SMALL
    for i, j, x in above:
        one, other = texts[i].item.id, texts[j].item.id
        yield found(
            "GU03", f"{x:.2f} with {one!r}", item=other, place=("stem",), others=(one,),
            severity="warning" if small else "error",
        )  # fmt: skip


def _options(text: ItemText) -> Iterator[str]:
    for words in text.option_words.values():
        yield from words


def _phrases(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the runs of words that can be a clue: long enough, with enough words that carry meaning."""
    for k in range(len(words) - CLUE + 1):
        run = words[k : k + CLUE]
        if sum(word not in STOP_WORDS for word in run) >= CLUE_CONTENT:
            yield run
