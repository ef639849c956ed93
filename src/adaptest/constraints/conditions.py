"""Conditions over item attributes: a small grammar of our own, never `eval`.

::

    condition  = all ("or" all)*
    all        = one ("and" one)*
    one        = "not" one | "(" condition ")" | comparison
    comparison = attribute ("==" | "!=" | "<" | "<=" | ">" | ">=") value
               | attribute ["not"] "in" "(" value ("," value)* ")"
               | text ["not"] "in" attribute            (one of several texts, such as tags)
               | attribute "is" ["not"] "known"         (whether an item has the attribute)
    value      = text in quotes | number | true | false

An attribute's name is matched as it is written, or else without regard to case where that fits one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from adaptest.errors import ExamError
from adaptest.models.base import Bools
from adaptest.pool import Attributes, Value

DEEPEST = 50  # brackets within brackets

TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|(?P<name>[A-Za-z_][\w-]*)"""
    r"""|(?P<mark>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)|(?P<end>$)|(?P<odd>.))""",
    re.DOTALL,
)
ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
}
WORDS = frozenset({"and", "or", "not", "in", "is", "true", "false"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a condition: what it is, as written, and where it begins, from 1."""

    kind: str
    text: str
    at: int


def select(condition: str, attributes: Attributes, n_items: int) -> Bools:
    """Return (J,) which items a condition holds for.

    An item without the attribute (None) equals nothing, is in nothing and is neither less nor more.

    Raises
    ------
    ExamError, with the place where the condition stops making sense.

    Examples
    --------
    >>> items = {"domain": ("INT", "REC"), "level": (None, "recall")}
    >>> select('domain == "INT" and not level in ("recall")', items, 2)
    array([ True, False])
    """
    return _Parser(condition, attributes, n_items).whole()


class _Parser:
    """One reading of one condition: recursive descent, evaluated as it is read."""

    def __init__(self, condition: str, attributes: Attributes, n_items: int) -> None:
        self.condition, self.attributes, self.n_items = condition, attributes, n_items
        self.tokens = [
            Token(str(found.lastgroup), found[str(found.lastgroup)], found.start(str(found.lastgroup)) + 1)
            for found in TOKEN.finditer(condition)
        ]
        self.next = 0
        self.depth = 0

    def whole(self) -> Bools:
        holds = self._any()
        if self._peek().kind != "end":
            raise self._error("'and', 'or' or the end")
        return holds

    def _peek(self) -> Token:
        return self.tokens[self.next]

    def _take(self) -> Token:
        token = self.tokens[self.next]
        self.next += 1
        return token

    def _is(self, *texts: str) -> bool:
        token = self._peek()
        return token.kind in ("name", "mark") and token.text in texts

    def _error(self, expected: str) -> ExamError:
        token = self._peek()
        got = "the end" if token.kind == "end" else repr(token.text)
        return ExamError(f"condition {self.condition!r}: column {token.at} must be {expected}; got {got}")

    def _any(self) -> Bools:
        holds = self._all()
        while self._is("or"):
            self._take()
            holds = holds | self._all()
        return holds

    def _all(self) -> Bools:
        holds = self._one()
        while self._is("and"):
            self._take()
            holds = holds & self._one()
        return holds

    def _one(self) -> Bools:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExamError(f"condition {self.condition[:40]!r}…: must not nest more than {DEEPEST} deep")
        if self._is("not"):
            self._take()
            holds = ~self._one()
        elif self._is("("):
            self._take()
            holds = self._any()
            self._expect(")")
        else:
            holds = self._comparison()
        self.depth -= 1
        return holds

    def _expect(self, mark: str) -> None:
        if not self._is(mark):
            raise self._error(repr(mark))
        self._take()

    def _comparison(self) -> Bools:
        token = self._peek()
        if token.kind == "text":
            text = self._value()
            negated = self._in()
            column = self._attribute()
            return self._each(lambda held: isinstance(held, tuple) and text in held, column, negated)
        column = self._attribute()
        if self._is("is"):
            negated = self._known()
            return self._each(lambda held: held is not None, column, negated)
        if self._is("in", "not"):
            negated = self._in()
            values = self._values()
            return self._each(lambda held: held is not None and _equals_any(held, values), column, negated)
        if not self._is("==", "!=", *ORDER):
            raise self._error("==, !=, <, <=, >, >= or in")
        mark = self._take()
        value = self._value()
        if mark.text in ORDER:
            if isinstance(value, str | bool):
                self.next -= 1
                raise self._error(f"a number after {mark.text!r}")
            return self._each(lambda held: _ordered(mark.text, held, value), column, negated=False)
        return self._each(lambda held: _equals_any(held, (value,)), column, negated=mark.text == "!=")

    def _in(self) -> bool:
        """Take 'in' or 'not in'; return whether it is negated."""
        negated = self._is("not")
        if negated:
            self._take()
        if not self._is("in"):
            raise self._error("'in'")
        self._take()
        return negated

    def _known(self) -> bool:
        """Take 'is known' or 'is not known'; return whether it is negated."""
        self._take()
        negated = self._is("not")
        if negated:
            self._take()
        self._expect("known")
        return negated

    def _attribute(self) -> tuple[Value, ...]:
        token = self._peek()
        if token.kind != "name" or token.text in WORDS:
            raise self._error("an attribute")
        name = token.text
        if name not in self.attributes:
            alike = [one for one in self.attributes if one.lower() == name.lower()]
            if len(alike) != 1:
                raise self._error(f"an attribute among {', '.join(sorted(self.attributes)) or 'none'}")
            (name,) = alike
        self._take()
        return self.attributes[name]

    def _values(self) -> tuple[Value, ...]:
        if not self._is("(", "["):
            raise self._error("a list in brackets")
        closing = ")" if self._take().text == "(" else "]"
        values = [self._value()]
        while self._is(","):
            self._take()
            values.append(self._value())
        self._expect(closing)
        return tuple(values)

    def _value(self) -> str | float | bool:
        token = self._peek()
        if token.kind == "text":
            return self._take().text[1:-1]
        if token.kind == "number":
            return float(self._take().text)
        if self._is("true", "false"):
            return self._take().text == "true"
        raise self._error("text in quotes, a number, true or false")

    def _each(self, test: Callable[[Value], bool], column: tuple[Value, ...], negated: bool) -> Bools:  # noqa: FBT001 (read from the text)
        holds = np.fromiter((test(held) for held in column), dtype=np.bool_, count=self.n_items)
        return ~holds if negated else holds


def _equals_any(held: Value, values: tuple[Value, ...]) -> bool:
    """Return whether the value is one of these; true and 1 are two things."""
    return any(held == value and isinstance(held, bool) == isinstance(value, bool) for value in values)


def _ordered(mark: str, held: Value, value: float) -> bool:
    """Return whether a number stands so to another; what is no number never does."""
    return isinstance(held, int | float) and not isinstance(held, bool) and ORDER[mark](held, value)
