"""Texts that are ISO 8601, but no length of time that something can wait: intervals that repeat, negative durations."""

import re

_REPEATS = re.compile(r"R[0-9]*/", re.ASCII)
_NEGATIVE = re.compile(r"-P|P[0-9WDTHMYS.,]*-", re.ASCII)


def is_repeating(text: str) -> bool:
    """Return whether a text begins as an interval that repeats: `R3/PT1S`."""
    return _REPEATS.match(text.strip()) is not None


def is_negative(text: str) -> bool:
    """Return whether a text begins as a negative duration: `-P1D`, `PT-5M`."""
    return _NEGATIVE.match(text.strip()) is not None
