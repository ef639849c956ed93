"""CF01 to CF03: items whose content is not that of their parameters."""

from __future__ import annotations

from collections.abc import Iterator

from adaptest.bank.decisions import standing
from adaptest.bank.lifecycle import SHOWN
from adaptest.bank.lint.context import Context
from adaptest.bank.lint.finding import Finding, found
from adaptest.bank.snapshot import Snapshot

DIGITS = 12


def content(context: Context, snapshot: Snapshot | None) -> Iterator[Finding]:
    """Yield the items that changed after their parameters were set, and those without parameters."""
    if snapshot is None:
        return
    published = snapshot.fingerprints
    release = f"release {snapshot.release.number} ({snapshot.release.run})"
    missing: list[str] = []
    for text in context.texts:
        item = text.item
        if item.status not in SHOWN:
            continue
        if item.id not in published or item.id not in snapshot.table.items.row:
            if item.status == "operational":
                missing.append(item.id)
            continue
        was = published[item.id]
        became = standing(item, was)
        if became == "undecided":
            got = f"content {item.fingerprint[:DIGITS]} where {release} has {was[:DIGITS]}"
            remedy = (
                f"write content_decisions: [{{was: '{was[:DIGITS]}', now: '{item.fingerprint[:DIGITS]}',"
                " decision: minor_edit or new_item, at: …, by: …, why: …}]"
            )
            yield found("CF01", got, item=item.id, place=("stem",), remedy=remedy)
        elif became == "same" and item.content_decisions:
            last = item.content_decisions[-1].now
            if not item.fingerprint.startswith(last):
                got = f"{last[:DIGITS]} where the item is {item.fingerprint[:DIGITS]}"
                yield found("CF03", got, item=item.id, place=("content_decisions",))
    if missing:
        got = f"none in {release} for {missing[0]}"
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        yield found("CF02", got + more, place=("id",), others=tuple(missing))
