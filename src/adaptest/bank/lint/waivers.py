"""Warnings that somebody accepts, with a reason beside the item; WV01: waivers that waive nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from adaptest.bank.contents import Bank
from adaptest.bank.lint.finding import Finding, found


def waived(bank: Bank, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings, those that an item or bank.yaml waives marked so, and unused waivers added.

    An error is never waived: it is mended, or the rule is wrong.
    """
    by_item: Mapping[str, Mapping[str, str]] = {item.id: item.waivers for item in bank.items}
    used: set[tuple[str, str]] = set()
    marked: list[Finding] = []
    for one in findings:
        reason = by_item.get(one.item, bank.header.waivers if not one.item else {}).get(one.code, "")
        if reason and one.severity != "error":
            used.add((one.item, one.code))
            marked.append(replace(one, waived=reason))
        else:
            marked.append(one)
    return (*marked, *_unused(bank, findings, used))


def _unused(bank: Bank, findings: Sequence[Finding], used: set[tuple[str, str]]) -> Iterator[Finding]:
    """Yield the waivers that waive nothing."""
    errors = {(one.item, one.code) for one in findings if one.severity == "error"}
    given = [("", code) for code in bank.header.waivers]
    given += [(item.id, code) for item in bank.items for code in item.waivers if item.status != "retired"]
    for item, code in given:
        if (item, code) in used:
            continue
        got = (
            f"{code}, an error, which cannot be waived"
            if (item, code) in errors
            else f"{code}, not found here"
        )
        yield found("WV01", got, item=item, place=("waivers", code))
