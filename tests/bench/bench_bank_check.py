"""How long `bank check` takes: python tests/bench/bench_bank_check.py [ITEMS].

The shipped bank, filled up to ITEMS (default 540) with copies whose words are shifted, so that they are no
near-duplicates. Limits: near-duplicates 2 s, the whole check 5 s. Times are the smallest of three.
"""

import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from adaptest.bank.files import load_bank
from adaptest.bank.lint import pairs
from adaptest.bank.lint.check import check
from adaptest.bank.lint.context import Context
from adaptest.bank.overview import published
from adaptest.programme.exam_check import exam_findings

ROOT = Path(__file__).parents[2]
REPEATS = 3


def copies(bank, n):
    """Return the bank with n items."""
    items = list(bank.items[:n])
    for k in range(n - len(items)):
        one = bank.items[k % len(bank.items)]
        stem = " ".join(f"{word}{k}" for word in one.stem.split())
        options = {letter: f"{text} {k}{letter}" for letter, text in one.options.items()}
        items.append(
            one.model_copy(update={"id": f"COPY-{k}", "stem": stem, "options": options, "enemies": ()})
        )
    return replace(bank, items=tuple(items))


def best(function):
    """Return the smallest wall time."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def main(n):
    """Print the two times."""
    bank = copies(load_bank(ROOT / "itembank" / "peer-support"), n)
    snapshot = published(bank, ROOT / "calibration", datetime.now(UTC))
    context = Context.of(bank)
    near = best(
        lambda: (list(pairs.repeated(context)), list(pairs.swapped(context)), list(pairs.given_away(context)))
    )
    whole = best(lambda: check(bank, (), snapshot, tuple(exam_findings(bank, snapshot))))
    print(f"{n} items: near-duplicates {near:.2f} s (limit 2), whole check {whole:.2f} s (limit 5)")  # noqa: T201 (what it is for)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 540)
