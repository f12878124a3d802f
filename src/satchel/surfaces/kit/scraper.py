"""Who may read the counts: clients that have the configured token, or (without one) a program of this machine."""

import hmac
from ipaddress import ip_address

from satchel.model.errors import Forbidden, Unauthenticated
from satchel.surfaces.kit.exchange import Exchange

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
"""Signs of a proxy: its own address, or one that its client made up, says nothing of who asks."""


def require_scraper(exchange: Exchange, token: str | None) -> None:
    """Pass only those who may read the counts.

    Args:
        exchange: the request.
        token: which to send as `Authorization: Bearer`; None where only loopback clients are answered.

    Raises:
        Unauthenticated: the token is missing or wrong.
        Forbidden: none is configured, and the request is not of this machine or came through a proxy.
    """
    if token is not None:
        scheme, given = exchange.authorization or ("", "")
        if scheme != "bearer" or not hmac.compare_digest(given.encode(), token.encode()):
            raise Unauthenticated("Send the server's metrics token as Authorization: Bearer.")
        return
    if not _is_loopback(exchange.address) or any(exchange.header(name) is not None for name in _FORWARDED):
        raise Forbidden("Without SATCHEL_METRICS_TOKEN, only programs of the server's own machine may read this.")


def _is_loopback(address: str | None) -> bool:
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
