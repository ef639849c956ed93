"""One page for the candidate, of a stored sitting."""

from __future__ import annotations

from adaptest.administration.records import Stored
from adaptest.administration.result import as_page
from adaptest.administration.sitting import lessons_for
from adaptest.errors import SittingError
from adaptest.report.score_report import render


def page(stored: Stored) -> str:
    """Return the page's HTML.

    Raises
    ------
    SittingError, where the sitting has not ended.
    """
    result, about = stored.result, stored.exam.about
    if result.status == "unfinished":
        raise SittingError(
            f"sitting {stored.row.sitting!r}: must have ended to be reported; it is unfinished"
        )
    told = result.status in ("finished", "released")
    lessons = lessons_for(stored.exam, stored.events) if told else ()
    return render(
        {
            **as_page(result),
            "disclaimer": about.disclaimer,
            "provisional_note": about.provisional_note,
            "lessons": [{"title": about.lessons[name], "name": name} for name in lessons],
        }
    )
