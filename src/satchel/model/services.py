"""Automatic service tasks, as configured in `app.yaml`: the settings of each kind, checked and typed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from satchel.model.ids import FieldId
from satchel.model.template import Template

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MAX_REDIRECTS = 3
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
SECRET_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
SECRET_NAME_HINT = "use 1 to 64 of a-z, 0-9, _, . and -, beginning with a letter."  # noqa: S105  # words about a name


class OnFailure(StrEnum):
    """What happens after a service task's last failure."""

    INCIDENT = "incident"
    ERROR = "error"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long a service task is retried.

    Attributes:
        attempts: in all, 1 to 100.
        pause: before the second attempt; each further pause is twice as long, an hour at the most.
        deadline: no attempt starts later than this after the task became due.
    """

    attempts: int = 5
    pause: timedelta = timedelta(seconds=10)
    deadline: timedelta = timedelta(days=1)

    def next_pause(self, failed: int) -> timedelta:
        """Return how long to wait after the `failed`-th failure, counted from 1."""
        return min(self.pause * (1 << min(failed - 1, 30)), timedelta(hours=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A value written in app.yaml."""

    value: str | int | bool


Source = FieldId | Literal | Template
"""The source of a value: a field, a literal in app.yaml, or a text with values inserted."""


class InstanceOperation(StrEnum):
    """An operation on another instance."""

    CREATE = "create"
    UPDATE = "update"
    GET = "get"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceTask:
    """Create an instance, change one, or read values and files from one.

    Attributes:
        app: the code of the other instance's app.
        identifier: of the other instance, for `update` and `get`.
        set: field of the target instance -> the source of its value; None means every field with the same id and
            type.
        copy: file field of the target instance -> of the source instance; None means every one with the same id and
            type, and the attachments tab.
        result: the field for the identifier of the created instance, or for whether the other exists.
    """

    do: InstanceOperation
    app: str
    identifier: Template | None
    set: Mapping[FieldId, Source] | None
    copy: Mapping[FieldId, FieldId] | None
    result: FieldId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesTask:
    """Copy or move files within the instance.

    Attributes:
        move: whether the files are removed from the source.
        source, target: a file field, or None for the attachments tab.
        replace: whether the target's files are replaced.
        rename: the new name without its extension, or None to keep the name.
    """

    move: bool
    source: FieldId | None
    target: FieldId | None
    replace: bool
    rename: Template | None


class BodyKind(StrEnum):
    """The encoding of a REST call's parameters."""

    JSON = "json"
    FORM_DATA = "form-data"
    URLENCODED = "urlencoded"
    TEXT = "text"
    FILE = "file"


class TextKind(StrEnum):
    """The format of a text body, which sets how values are escaped in it."""

    JSON = "json"
    XML = "xml"
    PLAIN = "plain"

    @property
    def media_type(self) -> str:
        """The Content-Type."""
        return {"json": "application/json", "xml": "application/xml", "plain": "text/plain; charset=utf-8"}[self]


class AuthKind(StrEnum):
    """How a call signs in."""

    BASIC = "basic"
    BEARER = "bearer"
    HEADER = "header"
    OAUTH2 = "oauth2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How a call signs in; secrets are only named here.

    Attributes:
        secret: the name of the password, token, header's value or client's secret.
        user: of Basic, or the client's id of OAuth2.
        header: for the secret.
        token_url, scope: of OAuth2 client credentials (RFC 6749, 4.4).
    """

    kind: AuthKind
    secret: str
    user: str = ""
    header: str = "Authorization"
    token_url: str = ""
    scope: str = ""


class Encoding(StrEnum):
    """How a reply contains the file to keep."""

    BINARY = "binary"
    BASE64 = "base64"
    URL = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """The file to keep of a reply, and its field.

    Attributes:
        place: a file field, or None for the attachments tab.
        path: of the base64 text or address in a JSON reply; None if the reply itself is the file.
        name: the path of its name in a JSON reply, if any.
    """

    encoding: Encoding
    place: FieldId | None
    path: tuple[str | int, ...] | None = None
    name: tuple[str | int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestTask:
    """Call an HTTP service with values and files, and keep its reply.

    Attributes:
        method: one of `METHODS`.
        headers: by name.
        parameters: name -> the source of its value; with GET they go into the query.
        text: the body of the kind `text`, and its format.
        file: the field whose one file is the body of the kind `file`.
        success: the statuses that count as success, lowest and highest.
        timeout: of the whole attempt: sign-in, the call, and a file that is fetched from an address in its reply.
        reply_bytes: the longest reply.
        until_close: whether a reply without a length ends where the other side closes a connection without TLS.
        keep: the file to keep of a reply, if any.
        values: field -> path in a JSON reply.
        is_required: whether a reply without the file, or without one of the values, is a failure.
        redirects: how many are followed.
        auth: how it signs in, if at all.
    """

    method: str
    url: Template
    headers: Mapping[str, Template]
    parameters: Mapping[str, Source]
    body: BodyKind
    text: Template | None
    text_kind: TextKind
    file: FieldId | None
    success: tuple[int, int]
    timeout: timedelta
    reply_bytes: int
    keep: KeptFile | None
    values: Mapping[FieldId, tuple[str | int, ...]]
    is_required: bool = False
    until_close: bool = False
    redirects: int = 0
    auth: Auth | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTask:
    """Send a message to an instance that waits for it.

    Attributes:
        app: the code of its app.
        identifier: of the instance.
        message: its name in the other process.
        set: field of the other instance -> the source of its value.
        copy: file field of the other instance -> of this one.
    """

    app: str
    identifier: Template
    message: str
    set: Mapping[FieldId, Source]
    copy: Mapping[FieldId, FieldId]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTask:
    """Send a mail.

    Attributes:
        to: e-mail addresses separated by commas.
        attach: file fields whose files are attached.
        link: file fields whose files are sent as links that are valid for `link_lifetime`.
        timeout: of the whole conversation with the mail server.
    """

    to: Template
    subject: Template
    text: Template
    attach: tuple[FieldId, ...]
    link: tuple[FieldId, ...]
    link_lifetime: timedelta
    timeout: timedelta


ServiceTask = InstanceTask | FilesTask | RestTask | MessageTask | MailTask
