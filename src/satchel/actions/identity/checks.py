"""What accounts, users and groups may be called, and what else is asked of what is said of them."""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from satchel.model.errors import FieldFault, InvalidValues
from satchel.model.visible_text import is_line

MAX_NAME_CHARS = 200
MAX_EMAIL_CHARS = 254
MAX_QUOTA_BYTES = 2**62 - 1
"""Far from where sums of bytes would leave a bigint."""

_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


def check_user(email: str, name: str, time_zone: str, locale: str) -> None:
    """Check what is said of a user.

    Raises:
        InvalidValues: the e-mail, name, time zone or locale is wrong.
    """
    check_name("name", name)
    if (
        len(email) > MAX_EMAIL_CHARS
        or not email.isprintable()
        or " " in email
        or "@" not in email[1:-1]
        or ":" in email
    ):
        raise InvalidValues(
            [FieldFault(field="email", code="type", message=f"{email[:80]!r} is not an e-mail address.")]
        )
    try:
        ZoneInfo(time_zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        message = f"{time_zone[:80]!r} is not an IANA time zone, such as Europe/Berlin."
        raise InvalidValues([FieldFault(field="time_zone", code="type", message=message)]) from None
    if not _LOCALE.fullmatch(locale):
        message = f"{locale[:80]!r} is not a language tag, such as en or pt-BR."
        raise InvalidValues([FieldFault(field="locale", code="type", message=message)])


def check_name(field: str, name: str) -> None:
    """Check what an account, user or group is to be called.

    Raises:
        InvalidValues: it is empty or too long.
    """
    if len(name) > MAX_NAME_CHARS or not is_line(name):
        message = f"It has 1 to {MAX_NAME_CHARS} printable characters."
        raise InvalidValues([FieldFault(field=field, code="length", message=message)])


def check_quota(field: str, size_bytes: int) -> None:
    """Check how much an account is to have.

    Raises:
        InvalidValues: it is negative, or more than can be counted.
    """
    if size_bytes < 0:
        raise InvalidValues([FieldFault(field=field, code="too_small", message="A quota is 0 or more bytes.")])
    if size_bytes > MAX_QUOTA_BYTES:
        message = f"A quota is {MAX_QUOTA_BYTES} bytes at most."
        raise InvalidValues([FieldFault(field=field, code="too_large", message=message)])
