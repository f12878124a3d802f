"""Text that comes with a request: pairs of names and values, and whole numbers written in digits."""

from urllib.parse import parse_qsl

from satchel.model.errors import InvalidRequest
from satchel.model.ids import MAX_ID

MAX_PAIRS = 200
"""How many parameters a query string or a form may have."""

_LONGEST_NUMBER = 19


def read_pairs(raw: bytes, what: str) -> list[tuple[str, str]]:
    """Return the pairs of a query string, or of a form that is written like one, in their order.

    Args:
        raw: as it came, percent-encoded.
        what: it is, for refusals: `The form`.

    Raises:
        InvalidRequest: it is not UTF-8, has a NUL character, or too many pairs.
    """
    try:
        found = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_PAIRS, errors="strict")
    except ValueError:
        raise InvalidRequest(f"{what} is malformed.") from None
    if any("\0" in text for pair in found for text in pair):
        raise InvalidRequest(f"{what} has a NUL character.")
    return found


def whole_number(text: str, low: int = 0, high: int = MAX_ID) -> int | None:
    """Return the number that a text is; None where it is anything but ASCII digits for one from `low` to `high`."""
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER:
        return None
    return int(text) if low <= int(text) <= high else None
