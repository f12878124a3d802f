"""Parsers of settings: from a text of the environment, or from a value of `satchel.toml`.

Every parser raises ValueError with a message that continues the setting's name: "must be ...".
"""

import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

from satchel.model.mail import MAIL_PORTS, MailServer
from satchel.model.policy import SECRETS_KEY_BYTES
from satchel.outbound.allowed import parse_allowed
from satchel.outbound.trust import check_authorities

Parser = Callable[[object], object]

_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,200}")


def text_of(value: object) -> str:
    """Read a text that is not blank.

    Raises:
        ValueError: it is not valid.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text")
    return value


def token_of(value: object) -> str:
    """Read a token.

    Raises:
        ValueError: it is not valid.
    """
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("must be 16 to 200 letters, digits and any of -._~+/=")
    return value


def path_of(value: object) -> Path:
    """Read a path.

    Raises:
        ValueError: it is not valid.
    """
    if isinstance(value, Path):
        return value.expanduser()
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a path")
    return Path(value).expanduser()


def authorities(value: object) -> Path:
    """Read the path of a file of certificates.

    Raises:
        ValueError: it is not a path, or the file cannot be used.
    """
    try:
        path = path_of(value)
        check_authorities(path)
    except ValueError as error:
        raise ValueError("must be a file of certificates in PEM that can be read") from error
    return path


def database_url(value: object) -> str:
    """Read the address of a PostgreSQL.

    Raises:
        ValueError: it is not valid.
    """
    text = text_of(value)
    if not text.startswith(("postgresql://", "postgres://", "host=", "dbname=", "service=")):
        raise ValueError("must be a PostgreSQL address such as postgresql://user:password@host/database")
    return text


def url_of(value: object) -> str:
    """Read an http or https address.

    Raises:
        ValueError: it is not valid.
    """
    text = text_of(value).rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http or https address without a query")
    return text


def integer(low: int, high: int) -> Parser:
    """Return a parser of whole numbers within bounds."""

    def parse(value: object) -> int:
        try:
            number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None or not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return number

    return parse


def seconds(low: int, high: int) -> Parser:
    """Return a parser of whole seconds within bounds."""
    number = integer(low, high)
    return lambda value: timedelta(seconds=int(str(number(value))))


def one_of(*known: str) -> Parser:
    """Return a parser of one of several words."""

    def parse(value: object) -> str:
        if value not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return str(value)

    return parse


def networks(value: object) -> tuple[str, ...]:
    """Read IP networks.

    Raises:
        ValueError: one is not valid.
    """
    given = cast("list[object]", value) if isinstance(value, list) else str(value).split(",")
    try:
        return tuple(str(ip_network(str(item).strip(), strict=False)) for item in given if str(item).strip())
    except ValueError as error:
        raise ValueError("must be networks separated by commas, such as 10.0.0.0/8,127.0.0.1") from error


def origins(value: object) -> tuple[str, ...]:
    """Read a list of origins, as browsers send them.

    Raises:
        ValueError: one is not valid.
    """
    given = cast("list[object]", value) if isinstance(value, list) else str(value).split(",")
    entries = tuple(str(item).strip() for item in given if str(item).strip())
    for entry in entries:
        if not _ORIGIN.fullmatch(entry):
            raise ValueError(
                "must be origins separated by commas, such as https://app.example or http://127.0.0.1:3000"
            )
    return entries


def destinations(value: object) -> tuple[str, ...]:
    """Read the list of allowed destinations of calls.

    Raises:
        ValueError: one is not valid.
    """
    given = cast("list[object]", value) if isinstance(value, list) else str(value).split(",")
    entries = tuple(str(item).strip() for item in given if str(item).strip())
    try:
        for entry in entries:
            parse_allowed(entry)
    except ValueError as error:
        raise ValueError("must be host:port or network:port separated by commas, such as 127.0.0.1:9000") from error
    return entries


def secret_key(value: object) -> bytes:
    """Read a key of 32 bytes.

    Raises:
        ValueError: it is not valid.
    """
    try:
        key = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        key = b""
    if len(key) != SECRETS_KEY_BYTES:
        raise ValueError(
            f"must be {2 * SECRETS_KEY_BYTES} hexadecimal digits; make one with: openssl rand -hex {SECRETS_KEY_BYTES}"
        )
    return key


def smtp_url(value: object) -> MailServer:
    """Read the address of a mail server.

    Raises:
        ValueError: it is not valid; the message does not repeat it.
    """
    refusal = ValueError("must be a mail server such as smtp+starttls://user:password@mail.example.com:587")
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        port = parts.port
    except ValueError:
        raise refusal from None
    if parts.scheme not in MAIL_PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise refusal
    return MailServer(
        security=parts.scheme,
        host=parts.hostname,
        port=port or MAIL_PORTS[parts.scheme],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
    )
