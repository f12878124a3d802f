"""Why a call to the outside failed: the one error that leaves this package.

Each reason is stable and plain; the message is for a person and names no secret, no query string and no content.
"""

from collections.abc import Mapping
from types import MappingProxyType

from satchel.model.errors import ErrorKind, SatchelError

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "bad_url": "The address, with the values that were filled in, is none that can be called; nothing was sent.",
        "forbidden_address": "The address is not public, and the administrator has not allowed it; nothing was sent.",
        "forbidden_port": "The port belongs to another service than HTTP; nothing was sent.",
        "dns": "The host has no address, or no name server said one in time; nothing was sent.",
        "unreachable": "The host does not take the connection, or broke it.",
        "tls": "The other side could not be verified, or speaks no TLS.",
        "timeout": "The other side did not answer, or the call was not done, within its time.",
        "protocol": "The other side does not speak HTTP, or closed the connection without a reply.",
        "redirect": "The reply leads elsewhere, to where or more often than the task follows.",
        "status": "The reply's status is none that counts as success; the record holds it, and the reply's beginning.",
        "too_large": "The call or mail would have more bytes than may be sent, of both of which it tells; nothing was.",
        "reply_too_large": "The reply has more bytes than the task takes; it was discarded.",
        "reply_cut_short": "The reply ended before it was whole; it was discarded.",
        "reply_without_length": "The reply does not say where it ends, so it might not be whole; it was discarded.",
        "reply_encoding": "The reply, or the file in it, is compressed or encoded in a way that cannot be undone.",
        "reply_partial": "The reply says that it is a part of something (206); it was discarded.",
        "nothing_came": "The reply has no file, or not every value, and the task requires them.",
        "reply_type": "The reply is no JSON, from which values or a file were to be taken.",
        "reply_path": "The file that was to be kept is not where the task says in the reply.",
        "field": "A value or file cannot be sent in the way that the task says; nothing was.",
        "secret": "The secret is not there, may not go to that host, or no token was given for it.",
        "format": "The server knows no webhook format of that name.",
        "mail": "The mail server cannot be reached, is not set, or refused the mail.",
        "not_waiting": "The other instance does not wait for this message yet.",
        "fault": "The server failed in a way that it did not foresee; its log says more.",
    }
)
"""What each reason means."""


class CallFailed(SatchelError):
    """An outgoing call could not be made, or its reply cannot be used; `reason` says why.

    Attributes:
        reason: one of `REASONS`.
        is_temporary: whether the same call may succeed later, so that trying again makes sense.
        retry_after_s: how long the other side asked to wait, in seconds, or None.
        is_sent: whether any of the request may have reached the other side.
    """

    code = "call_failed"
    kind = ErrorKind.UNAVAILABLE

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        is_temporary: bool = False,
        retry_after_s: float | None = None,
        is_sent: bool = False,
        **members: object,
    ) -> None:
        super().__init__(message, reason=reason, **members)
        self.reason = reason
        self.is_temporary = is_temporary
        self.retry_after_s = retry_after_s
        self.is_sent = is_sent
