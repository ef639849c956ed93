"""Whether a candidate may take an exam now: attempts, window and waiting days of its policy."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from adaptest.engine.policy import AttemptPolicy
from adaptest.errors import SittingError
from adaptest.store.sittings import begun


def require_attempt(
    connection: Connection,
    policy: AttemptPolicy,
    *,
    exam: str,
    pseudonym: str,
    candidate: str | None,
    at: str,
) -> None:
    """Raise unless the candidate may begin a sitting; sittings that are void do not count.

    Parameters
    ----------
    exam : bank/exam
    candidate : by name; None where nobody gave one
    at : the moment, UTC

    Raises
    ------
    SittingError, with the day from which it is allowed, where there is one.
    """
    if not policy.limits:
        return
    if candidate is None:
        raise SittingError(f"exam {exam!r}: limits how often it is taken; say who takes it with --candidate")
    moment = datetime.fromisoformat(at)
    earlier = [datetime.fromisoformat(one) for one in begun(connection, exam, pseudonym)]
    if earlier and (free := earlier[-1] + timedelta(days=policy.waiting_days)) > moment:
        raise SittingError(
            f"candidate {candidate!r}: must wait {_days(policy.waiting_days)} between attempts at {exam!r};"
            f" the last began {_day(earlier[-1])}; the next may begin {_day(free)}"
        )
    if policy.maximum is None:
        return
    window = policy.window_days
    counted = [one for one in earlier if window is None or one + timedelta(days=window) > moment]
    if len(counted) < policy.maximum:
        return
    within, later = "", ""
    if window is not None:
        within = f" in {_days(window)}"
        later = f"; the next may begin {_day(counted[-policy.maximum] + timedelta(days=window))}"
    raise SittingError(
        f"candidate {candidate!r}: may take {exam!r} at most {_times(policy.maximum)}{within} and did"
        f" {_times(len(counted))}{later}"
    )


def _day(moment: datetime) -> str:
    """Return a moment to the minute, UTC."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
