"""The page of a judged run: what was assumed, by whom, and for which items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from adaptest.bank.contents import Bank
from adaptest.bank.provisional import JUDGED_STATUSES, LEVELS
from adaptest.report.environment import template


def page(bank: Bank, record: Mapping[str, Any]) -> str:
    """Return the page's HTML: one self-contained file, readable on paper.

    Parameters
    ----------
    bank : the items that were judged
    record : run.json's content, of the same run
    """
    items = [item for item in bank.items if item.status in JUDGED_STATUSES]
    cells = Counter((item.domain, item.judged_difficulty) for item in items)
    return template("judged_run.html").render(
        bank=bank.header,
        record=record,
        levels=LEVELS,
        domains=[
            (
                code,
                title,
                [cells[code, level] for level in LEVELS],
                sum(cells[code, level] for level in LEVELS),
            )
            for code, title in bank.domains.items()
        ],
        totals=[sum(cells[code, level] for code in bank.domains) for level in LEVELS],
        items=items,
    )
