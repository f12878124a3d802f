"""Texts in CSV that a spreadsheet would run as formulas: escaped so that they are shown, and read back unchanged.

A text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a `'` before it, and so does one that begins
with `'`, so that taking one `'` away gives the text again. A number is none: `-12.50` stays what it is.
"""

import re

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def safe_cell(text: str) -> str:
    """Return a text as it stands in a cell of CSV."""
    if text.startswith("'") or (text.startswith(_FORMULA) and not _NUMBER.fullmatch(text)):
        return f"'{text}"
    return text
