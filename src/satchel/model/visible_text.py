"""Texts that people give to things (names) and write beside them (comments): what they may not contain."""

import re

from satchel.model.errors import FieldFault, InvalidValues

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What no text has; line breaks and tabs are for texts of several lines."""


def is_line(text: str) -> bool:
    """Return whether a name can be this text: visible characters on one line, and not blanks alone."""
    return text.isprintable() and bool(text.strip())


def refuse_control(field: str, text: str) -> None:
    """Require a text of any number of lines, such as a comment, to have no control characters.

    Raises:
        InvalidValues: it has one; `field` is what the text is called.
    """
    if has_control(text):
        message = "It has no control characters but line breaks and tabs."
        raise InvalidValues([FieldFault(field=field, code="type", message=message)])


def has_control(text: str) -> bool:
    """Return whether a text of any number of lines has a control character."""
    return CONTROL.search(text) is not None
