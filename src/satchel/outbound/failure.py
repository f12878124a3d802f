"""Why a call to the outside failed: the one error that leaves this package.

Each reason is stable and plain; the message is for a person and names no secret, no query string and no content.
"""

from satchel.model.errors import Kind, SatchelError


class CallFailed(SatchelError):
    """An outgoing call could not be made, or its reply cannot be used; nothing of the reply was kept.

    Attributes:
        reason: a stable word: `bad_url`, `forbidden_address`, `forbidden_port`, `dns`, `unreachable`, `tls`, `timeout`,
            `protocol`, `redirect`, `status`, `too_large`, `reply_too_large`, `reply_cut_short`, `reply_without_length`,
            `reply_encoding`, `reply_type`, `reply_path`, `field`, `secret`, `mail`, `not_waiting`, `fault`.
        is_temporary: whether the same call may succeed later, so that trying again makes sense.
        retry_after_s: how long the other side asked to wait, in seconds, or None.
        is_sent: whether any of the request may have reached the other side.
    """

    code = "call_failed"
    kind = Kind.UNAVAILABLE

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
