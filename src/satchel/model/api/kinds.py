"""Building blocks of the API's types: the two kinds of structs, datetimes, ids, choices, and their JSON.

A reply's member without a default is always present; one with a default
is omitted when it has that value. Enumerations that later servers may extend (states, kinds) are plain text here, so
that an older client reads a newer server's reply; their known values are in the API's description.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec

from satchel.model.actor import Right
from satchel.model.app import Access
from satchel.model.fields import FieldType
from satchel.model.files import FileKind
from satchel.model.instance import InstanceState, TaskState
from satchel.model.transfer.exports import ExportState
from satchel.model.transfer.names import NameChange
from satchel.model.uploads import UploadState
from satchel.model.webhooks import SUBSCRIBED, DeliveryState, WebhookEvent

Kind = TypeVar("Kind")

VALUE = "Value"
"""The name of the schema of any JSON value in the API's description."""

Values = Mapping[str, Annotated[Any, msgspec.Meta(extra_json_schema={"$ref": f"#/components/schemas/{VALUE}"})]]
"""JSON values by name; of fields by their ids, where decimals are text and files are numbers."""


class ReplyBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A JSON object in a reply; unknown members are ignored.

    Attributes:
        holds_secret: whether it shows a secret, so that it is never compressed.
    """

    holds_secret: ClassVar[bool] = False


class QueryString(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of an address's query string; others are refused.

    Members are text, whole numbers, booleans or literals. A member without a default is required.

    Attributes:
        is_read_by_handler: whether there are more parameters than members, so that only the address's
            handler can check them.
    """

    is_read_by_handler: ClassVar[bool] = False


class Timestamp(datetime):
    """A time in UTC. Its JSON is RFC 3339 with milliseconds and a Z."""

    @classmethod
    def of(cls, at: datetime) -> "Timestamp":
        """Return an aware datetime as a timestamp."""
        if at.tzinfo is not UTC:
            at = at.astimezone(UTC)
        return cls(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, UTC)

    @classmethod
    def of_optional(cls, at: datetime | None) -> "Timestamp | None":
        """Return an aware datetime as a timestamp, None as None."""
        return None if at is None else cls.of(at)

    def text(self) -> str:
        """Return its JSON."""
        return self.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def one_of(words: Iterable[StrEnum | str]) -> msgspec.Meta:
    """Return what the API's description says of a text that is one of these words."""
    return msgspec.Meta(extra_json_schema={"enum": [str(word) for word in words]})


InstanceStateName = Annotated[str, one_of(InstanceState)]
TaskStateName = Annotated[str, one_of(TaskState)]
UploadStateName = Annotated[str, one_of(UploadState)]
ExportStateName = Annotated[str, one_of(ExportState)]
DeliveryStateName = Annotated[str, one_of(DeliveryState)]
CallStateName = Annotated[str, one_of(("waiting", "done", "failed", "cancelled"))]
AttemptStateName = Annotated[str, one_of(("running", "done", "failed", "dropped"))]
RunStateName = Annotated[str, one_of(("running", "done", "failed"))]
TaskActionName = Annotated[
    str, one_of(("claim", "release", "assign", "arrive", "save", "complete", "complete_by_hand"))
]
TokenActionName = Annotated[str, one_of(("cancel",))]
TokenModeName = Annotated[str, one_of(("wait", "watch", "join", "scope", "loop", "choice"))]
InstanceActionName = Annotated[
    str,
    one_of(
        (
            *("edit", "attach", "link", "copy", "comment", "act", "message"),
            *("retry", "cancel", "delete", "star", "history", "export", "move"),
        )
    ),
]
NameChangeName = Annotated[str, one_of(NameChange)]
FileActionName = Annotated[str, one_of(("rename", "describe", "replace", "delete", "restore", "copy", "link"))]
SightName = Annotated[str, one_of(("whole", "forms", "own"))]
ElementStateName = Annotated[str, one_of(("not_reached", "waiting", "done", "failed", "cancelled"))]
WaitKindName = Annotated[str, one_of(("timer", "message", "call"))]
FileKindName = Annotated[str, one_of(FileKind)]
FieldTypeName = Annotated[str, one_of(FieldType)]
AccessName = Annotated[str, one_of(Access)]
RightName = Annotated[str, one_of(Right)]
AssignedName = Annotated[str, one_of(("group", "user", "field", "starter", "starters"))]
WebhookEventName = Annotated[str, one_of(WebhookEvent)]
SubscribedName = Annotated[str, one_of(SUBSCRIBED)]
SeverityName = Annotated[str, one_of(("error", "warning"))]

Size = Annotated[int, msgspec.Meta(ge=0)]
"""A number of bytes or of things."""

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Uuid = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uuid"})]
Address = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uri"})]


def encode_hook(value: object) -> object:
    """Convert a value for msgspec to encode.

    Raises:
        TypeError: it does not belong in a reply.
    """
    if isinstance(value, Timestamp):
        return value.text()
    raise TypeError(f"{type(value).__name__} has no place in a reply")


def decode_hook(kind: type, value: object) -> object:
    """Convert decoded JSON to a type that msgspec does not support.

    Raises:
        ValueError: the text is not a datetime with an offset.
        TypeError: the type does not belong to the API.
    """
    if kind is Timestamp and isinstance(value, str):
        return Timestamp.of(datetime.fromisoformat(value))
    if kind is object:
        return value
    raise TypeError(f"{kind.__name__} is no type of the API")


_encode = msgspec.json.Encoder(enc_hook=encode_hook)


def encode(data: object) -> bytes:
    """Return structs, or plain data that may contain them, as JSON."""
    return _encode.encode(data)


def decode(body: bytes, kind: type[Kind]) -> Kind:
    """Return JSON as a struct.

    Raises:
        msgspec.DecodeError: it is not JSON, or does not match.
    """
    return msgspec.json.decode(body, type=kind, dec_hook=decode_hook)


def schema_hook(kind: type) -> dict[str, Any]:  # any type that msgspec finds in a struct
    """Return the JSON schema of a type that msgspec does not support.

    Raises:
        TypeError: the type does not belong to the API.
    """
    if kind is Timestamp:
        return {"type": "string", "format": "date-time"}
    raise TypeError(f"{kind} has no schema")
