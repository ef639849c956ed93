"""A bank prepared for the rules: every item's words once, and how common each word is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adaptest.bank.contents import Bank
from adaptest.bank.lint.words import content_words, sentences, unquoted, words
from adaptest.bank.schema import Item

RARE_SHARE = 0.02
RARE_ITEMS = 3


@dataclass(frozen=True, slots=True)
class ItemText:
    """One item's words.

    Attributes
    ----------
    lead_in : the question: the last sentence of the stem, without quotations
    content : stems of the meaning words of the stem
    options : letter -> stems of the meaning words of the option
    lengths : letter -> characters
    """

    item: Item
    lead_in: str
    stem_words: tuple[str, ...]
    content: frozenset[str]
    option_words: Mapping[str, tuple[str, ...]]
    options: Mapping[str, frozenset[str]]
    lengths: Mapping[str, int]

    @classmethod
    def of(cls, item: Item) -> ItemText:
        """Return an item's words."""
        parts = sentences(item.stem)
        return cls(
            item,
            unquoted(parts[-1] if parts else item.stem),
            words(item.stem),
            content_words(item.stem),
            {letter: words(text) for letter, text in item.options.items()},
            {letter: content_words(text) for letter, text in item.options.items()},
            {letter: len(text) for letter, text in item.options.items()},
        )

    @property
    def keyed(self) -> bool:
        """Whether the key is one of the options: the rules about keys need it."""
        return self.item.key in self.item.options

    @property
    def distractors(self) -> tuple[str, ...]:
        """The letters of the options that are not the key."""
        return tuple(letter for letter in self.item.options if letter != self.item.key)


@dataclass(frozen=True, slots=True)
class Context:
    """A bank's items that are not retired, and its vocabulary.

    Attributes
    ----------
    commonness : word stem -> items whose stem has it
    rare : a word in at most so many stems is rare
    usual_options : number of options that most items have
    """

    bank: Bank
    texts: tuple[ItemText, ...]
    commonness: Mapping[str, int]
    rare: int
    usual_options: int

    @classmethod
    def of(cls, bank: Bank) -> Context:
        """Return a bank prepared for the rules; retired items are history and not looked at."""
        texts = tuple(ItemText.of(item) for item in bank.items if item.status != "retired")
        commonness = Counter(word for text in texts for word in text.content)
        numbers = Counter(len(text.item.options) for text in texts)
        usual = max(numbers, key=lambda n: (numbers[n], -n), default=0)
        return cls(bank, texts, commonness, max(RARE_ITEMS, int(RARE_SHARE * len(texts))), usual)

    @property
    def keyed(self) -> Iterator[ItemText]:
        """The items whose key is one of their options."""
        return (text for text in self.texts if text.keyed)
