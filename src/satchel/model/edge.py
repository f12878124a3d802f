"""The limits of a listening server: set by the settings, enforced by the protocol."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The limits of one listening server.

    Attributes:
        header_deadline_s: from a request's first byte (or the connection's start) to the end of its headers.
        header_bytes: request line and headers together.
        keep_alive_s: how long an idle connection stays open.
        stall_s: how long a client may read nothing of a waiting answer.
        linger_s: how long a client has to read an answer that was sent before its request was complete.
        grace_s: how long running requests may take when the server stops.
        trusted_proxies: addresses or networks whose X-Forwarded-For and -Proto are trusted.
    """

    header_deadline_s: float = 10.0
    header_bytes: int = 32 * 1024
    keep_alive_s: int = 15
    stall_s: float = 60.0
    linger_s: float = 2.0
    grace_s: int = 30
    trusted_proxies: tuple[str, ...] = ()
