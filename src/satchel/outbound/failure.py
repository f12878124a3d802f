"""Failures of outbound calls: the one error that this package raises.

Each reason is stable; the message is for a person and contains no secret, no query string and no content.
"""

from collections.abc import Mapping
from types import MappingProxyType

from satchel.model.errors import ErrorKind, SatchelError

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "bad_url": "The address, with its values inserted, is not valid for a call; nothing was sent.",
        "forbidden_address": "The address is not public, and the administrator has not allowed it; nothing was sent.",
        "forbidden_port": "The port belongs to another service than HTTP; nothing was sent.",
        "dns": "The host has no address, or no name server returned one in time; nothing was sent.",
        "unreachable": "The host refused the connection, or broke it.",
        "tls": "The other side could not be verified, or does not support TLS.",
        "timeout": "The other side did not answer, or the call was not finished, within its time.",
        "protocol": "The other side does not speak HTTP, or closed the connection without a reply.",
        "redirect": "The reply is a redirect that the task does not follow, by its target or number.",
        "status": "The reply's status does not count as success; the record has it, and the start of the reply.",
        "too_large": "The call or mail is larger than allowed; the message has both sizes, and nothing was sent.",
        "reply_too_large": "The reply is larger than the task allows; it was discarded.",
        "reply_cut_short": "The reply ended before it was complete; it was discarded.",
        "reply_without_length": "The reply has no length, so it might be incomplete; it was discarded.",
        "reply_encoding": "The reply, or the file in it, is compressed or encoded in an unsupported way.",
        "reply_partial": "The reply is only a part of the content (206); it was discarded.",
        "nothing_came": "The reply has no file, or not every value, and the task requires them.",
        "reply_type": "The reply is not JSON, which the task's values or file require.",
        "reply_path": "The reply does not have the file at the task's path.",
        "field": "A value or file cannot be sent as the task requires; nothing was sent.",
        "secret": "The secret does not exist, may not be sent to that host, or no token was issued for it.",
        "environment": "A value of the environment that the task names is not set on this server; nothing was sent.",
        "format": "The server has no webhook format of that name.",
        "mail": "The mail server cannot be reached, is not configured, or refused the mail.",
        "not_waiting": "The other instance does not wait for this message yet.",
        "fault": "The server failed unexpectedly; see its log.",
    }
)
"""The meaning of each reason."""


class CallFailed(SatchelError):
    """An outgoing call could not be made, or its reply cannot be used; see `reason`.

    Attributes:
        reason: one of `REASONS`.
        is_temporary: whether the same call may succeed later, so that a retry makes sense.
        retry_after_s: how long to wait according to the other side, in seconds, or None.
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
