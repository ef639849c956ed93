"""What a rule finds: a code, where, and a sentence; and what the bank-level tests measured."""

from __future__ import annotations

from dataclasses import dataclass

from adaptest.bank.lint.codes import CODES, Severity

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule.

    Attributes
    ----------
    item : the item's id; "" for the bank or an exam
    sentence : rule; got; remedy
    place : keys and rows from the item (or file) down to the value, for its line
    exam : the exam's name, for a finding about one
    others : ids of further items it is about
    p : p-value, where a test stands behind it
    waived : why it is accepted; "" if it is not
    path, line : file and line; "" and None until they are looked up
    """

    code: str
    severity: Severity
    item: str
    sentence: str
    place: Place = ()
    exam: str = ""
    others: tuple[str, ...] = ()
    p: float | None = None
    waived: str = ""
    path: str = ""
    line: int | None = None

    @property
    def where(self) -> str:
        """File and line."""
        return self.path if self.line is None else f"{self.path}:{self.line}"

    def __str__(self) -> str:
        return f"{self.where}: " + (f"item {self.item!r}: " if self.item else "") + self.sentence


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about the whole bank, whether or not it breaks a rule.

    Attributes
    ----------
    n : items it is from
    limit : the largest value allowed, or None
    p : p-value, where a test stands behind it
    note : what it says in words
    """

    code: str
    name: str
    value: float
    n: int
    limit: float | None = None
    p: float | None = None
    note: str = ""


def found(
    code: str,
    got: str,
    *,
    item: str = "",
    place: Place = (),
    severity: Severity | None = None,
    rule: str = "",
    remedy: str = "",
    exam: str = "",
    others: tuple[str, ...] = (),
    p: float | None = None,
) -> Finding:
    """Return a finding in the house's words: rule; got ...; remedy, the table's where not said otherwise."""
    known = CODES[code]
    sentence = f"{rule or known.rule}; got {got}; {remedy or known.remedy}"
    return Finding(code, severity or known.severities[0], item, sentence, place, exam, others, p)


def shown(text: str, longest: int = 48) -> str:
    """Return a piece of text as a sentence repeats it.

    >>> shown("all of the above"), shown("a" * 60, 5)
    ("'all of the above'", "'aaaaa…'")
    """
    return repr(text if len(text) <= longest else text[:longest] + "…")
