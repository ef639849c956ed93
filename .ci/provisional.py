"""Write a judged run of the shipped bank and publish it: python .ci/provisional.py 2026-12-provisional.

Needed whenever an item's stem, options, key or judged difficulty changed, or an item was added. With
--replace the releases begin anew, which is right only for releases that nobody was ever given.
"""

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from adaptest import __version__
from adaptest.bank.files import load_bank
from adaptest.bank.provisional import write_judged_run
from adaptest.bank.releases import publish
from adaptest.files import write_text
from adaptest.report.judged_run import page

ROOT = Path(__file__).parents[1]
NAME = "peer-support"
SCALE = "peer-support-judged-1"
BY = "the authors of adaptest"
JUDGED_BY = (
    "the authors of this bank, who drafted the items and judged their difficulty with the help of a language"
    " model; no panel of experts has judged them, and no candidate has answered them"
)
FIRST = (
    "the bank's first parameters, judged and not calibrated, so that it can be used for practice before"
    " anybody has answered; in effect from the beginning, since there is nothing earlier"
)
LATER = "judged parameters for items that are new or were changed; those of the others stay as they were"
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def main(run: str, *, replace: bool) -> None:
    """Write and publish `run`."""
    folder = ROOT / "calibration" / NAME
    if replace:
        shutil.rmtree(folder, ignore_errors=True)
    first = not (folder / "releases.json").exists()
    now = datetime.now(UTC).replace(microsecond=0)
    bank = load_bank(ROOT / "itembank" / NAME)
    write_judged_run(
        bank,
        folder / run,
        SCALE,
        judged_by=JUDGED_BY,
        version=__version__,
        by=BY,
        at=now,
    )
    record = json.loads((folder / run / "run.json").read_text(encoding="utf-8"))
    write_text(folder / run / "report.html", page(bank, record))
    publish(
        folder,
        run,
        scale_id=SCALE,
        provisional=True,
        effective=BEGINNING if first else now,
        at=now,
        by=BY,
        why=FIRST if first else LATER,
    )


if __name__ == "__main__":
    main(sys.argv[1], replace="--replace" in sys.argv[2:])
