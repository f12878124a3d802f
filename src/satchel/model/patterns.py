"""Regular expressions of app authors, matched in linear time.

Python's own `re` backtracks: a pattern of twenty characters can run for years. RE2 is always linear, so
patterns need no list of forbidden constructs; it has no look-around and no back references, which patterns of values
do not need.
"""

from typing import Protocol, cast

import re2 as _untyped  # type: ignore[import-untyped]  # ships no types; `_Engine` has the used part

MAX_PATTERN_CHARS = 500

_MEMORY_BYTES = 1 << 20


class BadPatternError(ValueError):
    """The text is not a usable pattern; the message states why."""


class _Options(Protocol):
    max_mem: int
    log_errors: bool


class _Pattern(Protocol):
    def fullmatch(self, text: str) -> object | None: ...


class _Engine(Protocol):
    error: type[Exception]

    def Options(self) -> _Options: ...  # noqa: N802  # re2's name

    def compile(self, pattern: str, options: _Options) -> _Pattern: ...


_re2 = cast("_Engine", _untyped)


def check_pattern(pattern: str) -> None:
    """Check that a pattern can be used.

    Raises:
        BadPatternError: it is too long, not a regular expression, or needs look-around or back references.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        raise BadPatternError(f"the pattern has {len(pattern)} characters; {MAX_PATTERN_CHARS} are allowed")
    try:
        _compiled(pattern)
    except _re2.error as error:
        reason: object = error.args[0] if error.args else "it cannot be read"
        raise BadPatternError(reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)) from error


def matches(pattern: str, text: str) -> bool:
    """Return whether the whole `text` matches a pattern that `check_pattern` accepted."""
    return _compiled(pattern).fullmatch(text) is not None


def _compiled(pattern: str) -> _Pattern:
    """Return the compiled pattern; the library keeps the last 128."""
    options = _re2.Options()
    options.max_mem = _MEMORY_BYTES
    options.log_errors = False
    return _re2.compile(pattern, options)
