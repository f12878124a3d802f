"""Durations and working time, as app.yaml writes them."""

import re
from datetime import timedelta

from satchel.model.durations import is_negative, is_repeating
from satchel.model.working_time import MAX_WORKING_DAYS, MAX_WORKING_SPAN, Due, WorkingDays, WorkingSpan

MAX_DUE = timedelta(days=3660)

DURATION = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,5})W)?(?:([0-9]{1,5})D)?(?:T(?=[0-9])(?:([0-9]{1,6})H)?(?:([0-9]{1,7})M)?(?:([0-9]{1,8})S)?)?"
)
WORKING = re.compile(r"([0-9]{1,9}) working days?|(PT(?=[0-9])(?:[0-9]{1,6}H)?(?:[0-9]{1,7}M)?) working", re.ASCII)


class UnfitError(ValueError):
    """A text is no such time; the message begins with it.

    Attributes:
        code: of the finding.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_duration(text: str) -> timedelta:
    """Return a duration such as `P3D`.

    Raises:
        UnfitError: the text is none, or it is too short or too long.
    """
    match = DURATION.fullmatch(text)
    if match is None:
        odd = "repeats" if is_repeating(text) else "is negative" if is_negative(text) else ""
        if odd:
            raise UnfitError("format", f"{text[:40]!r}, which {odd}; write one such as P3D or PT8H.")
        raise UnfitError(
            "format",
            f"{text[:40]!r}; write an ISO 8601 duration in weeks, days, hours, minutes or seconds such as P3D or PT8H "
            "(months and years have no fixed length).",
        )
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    duration = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < duration <= MAX_DUE:
        raise UnfitError("duration_range", f"{text}; more than zero and at most {MAX_DUE.days} days are allowed.")
    return duration


def read_due(text: str) -> Due:
    """Return a duration, or working time such as `2 working days` or `PT4H working`.

    Raises:
        UnfitError: the text is neither, or it is too short or too long.
    """
    if not text.endswith(("working", "working day", "working days")):
        return read_duration(text)
    match = WORKING.fullmatch(text)
    if match is None:
        raise UnfitError("format", f"{text[:40]!r}; write 2 working days, or PT4H working.")
    if match[1] is not None:
        if not 1 <= int(match[1]) <= MAX_WORKING_DAYS:
            raise UnfitError("duration_range", f"{text}; 1 to {MAX_WORKING_DAYS} working days are allowed.")
        return WorkingDays(count=int(match[1]))
    span = read_duration(match[2])
    if span > MAX_WORKING_SPAN:
        most = MAX_WORKING_SPAN // timedelta(hours=1)
        raise UnfitError("duration_range", f"{text}; at most PT{most}H working is allowed.")
    return WorkingSpan(span=span)
