"""What the native API takes: JSON bodies as structs. Unknown members are refused: no misspelling is lost."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, cast

import msgspec

from satchel.actions.instances.forms import Submission
from satchel.model.api.kinds import VALUE
from satchel.model.errors import InvalidRequest
from satchel.model.strict_json import parse_json

Text = Annotated[str, msgspec.Meta(max_length=100_000)]
Name = Annotated[str, msgspec.Meta(max_length=1_000)]
Id = Annotated[int, msgspec.Meta(gt=0, le=2**63 - 1)]
JsonObject = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={"type": "object", "additionalProperties": {"$ref": f"#/components/schemas/{VALUE}"}}
    ),
]
"""An object that is read later, with what is known by then."""


def _empty() -> msgspec.Raw:
    """Return an empty object; as a factory, because the API's description cannot show a raw default."""
    return msgspec.Raw(b"{}")


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A JSON object of which every member is known."""


class Conditions(Body, forbid_unknown_fields=False):
    """A search's conditions by name, as `GET /instances` takes them.

    `states` is a list; `fields` holds conditions on fields by id: `equals`, `from`, `to`, `contains`. A date stands for
    all of its day in the user's time zone, a time for all of its minute or second.
    """


class Filled(Body):
    """A filled-in form: values by field id, uploads for the attachments tab, a comment."""

    values: JsonObject = msgspec.field(default_factory=_empty)
    attachments: Sequence[Id] = ()
    comment: Text | None = None

    def submission(self) -> Submission:
        """Return it as the actions take it; decimals stay exact."""
        return Submission(values=mapping(self.values, "/values"), attachments=self.attachments, comment=self.comment)


class WantedOptions(Body):
    """Which options of a field are asked for: those that begin with a text, for what the form holds so far."""

    begins: Name = ""
    values: JsonObject = msgspec.field(default_factory=_empty)


class Completed(Filled):
    """A task's form, with the task's outcome."""

    outcome: Name | None = None


class CompletedByHand(Completed, kw_only=True):
    """A task's form and outcome, and why somebody else than its holder completes it."""

    reason: Text


class TokenStart(Body):
    """Where a token is started: at an element, or (`at` a flow) as if it had come over that.

    `within` is the token of the subprocess, where it is open several times.
    """

    at: Name
    within: Id | None = None


class HandMove(Body, kw_only=True):
    """Tokens to cancel by their numbers, and where to start others, all or nothing; and why."""

    cancel: Annotated[Sequence[Id], msgspec.Meta(max_length=100)] = ()
    start: Annotated[Sequence[TokenStart], msgspec.Meta(max_length=100)] = ()
    reason: Text


class SignIn(Body):
    """An e-mail (or `account/e-mail`) and a password.

    `account` is the name of an account where they fit several.
    """

    email: Name
    password: Name
    account: Name | None = None


class NewUser(Body):
    """A new user."""

    email: Name
    name: Name
    password: Name | None = None
    time_zone: Name = "UTC"
    locale: Name = "en"
    groups: Sequence[Id] = ()


class ProfileChange(Body):
    """What a person changes of themselves; what is left out stays."""

    name: Name | None = None
    time_zone: Name | None = None
    locale: Name | None = None


class NewAbsence(Body):
    """The days on which a person is away, first and last, and the number of the user who stands in for them."""

    first_day: date = msgspec.field(name="from")
    last_day: date = msgspec.field(name="until")
    substitute: Id


class AbsenceChange(Body):
    """What changes of an absence; what is left out stays. One that has started keeps its first day."""

    first_day: date | None = msgspec.field(name="from", default=None)
    last_day: date | None = msgspec.field(name="until", default=None)
    substitute: Id | None = None


class NewOwnDay(Body):
    """A day with other working hours than its weekday has; without hours, nobody works on it."""

    day: date
    name: Name = ""
    hours: Sequence[Name] = ()


class NewCalendar(Body):
    """When the account works.

    `hours` are by weekday (`monday`), each part as `09:00-17:00`; on weekdays that are left out nobody works. `country`
    (two letters) is the one whose public holidays are free, `subdivision` a part of it, such as `BY`.
    """

    time_zone: Name
    hours: dict[Name, Sequence[Name]]
    country: Name | None = None
    subdivision: Name | None = None
    days: Sequence[NewOwnDay] = ()


class NotificationChange(Body):
    """A notification's mark."""

    read: bool


class NotificationsRead(Body):
    """The newest notification that was seen; those that came later stay unread."""

    up_to: Id


class NotificationSettingsChange(Body):
    """How notifications reach a person; what is left out stays, and a kind with null goes as the app says.

    `mail` ends or allows all mail, `digest_at` is a time of day in their time zone; `choices` has `at_once`, `daily`,
    `list` (in the application only) or `none` by kind.
    """

    mail: bool | None = None
    digest_at: Name | None = None
    choices: Mapping[str, Name | None] = msgspec.field(default_factory=dict[str, Name | None])


class PasswordChange(Body):
    """The present password of a person, and the new one."""

    old: Name
    new: Name


class NewPassword(Body):
    """A new password."""

    password: Name


class NewCredential(Body):
    """A new credential; `kind` is `token`, `api_key`, `api_password` (Basic) or `named_key` (Flokzu's clients).

    `expires_at` is RFC 3339 with its offset; without it, it works until it is revoked.
    """

    kind: Name = "token"
    name: Name = ""
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class NewApplication(Body):
    """A new application; `expires_at` as of a credential."""

    name: Name
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class NewGroup(Body):
    """A new group."""

    name: Name


class GrantBody(Body):
    """A right of a group, for the app with this code or (null) for all."""

    group: Id
    right: Name
    app: Name | None = None


class Quota(Body):
    """An account's own limit, up to the ceiling that the operator of the server set."""

    limit_bytes: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


class Comment(Body):
    """A comment."""

    text: Text


class Reason(Body):
    """A reason."""

    reason: Text = ""


class NewEnvironmentValue(Body):
    """A value of the environment."""

    value: Text


class NewUpload(Body):
    """A new upload: exactly one of task, instance and app; a field of it, or the attachments tab (and an area)."""

    size: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
    task: Id | None = None
    instance: Id | None = None
    app: Name | None = None
    field: Name | None = None
    area: Name | None = None
    name: Name | None = None
    media_type: Name | None = None
    sha256: Name | None = None
    metadata: dict[str, Text | int | float | bool | None] | None = None


class Signature(Body):
    """A signature from a pad, as SVG path data."""

    path: Text


class NewFile(Body):
    """Uploads to attach, or (with `kind` and `url`) a file that is kept elsewhere."""

    uploads: Sequence[Id] = ()
    kind: Name | None = None
    url: Annotated[str, msgspec.Meta(max_length=4_000)] | None = None
    name: Name | None = None
    description: Text = ""
    field: Name | None = None
    area: Name | None = None


class FileChange(Body):
    """A file's new name or description; omitted members stay unchanged."""

    name: Name | None = None
    description: Text | None = None


class CopyFile(Body):
    """The target of a copy."""

    instance: Id
    field: Name | None = None
    area: Name | None = None
    name: Name | None = None


class NewLink(Body):
    """A new signed link."""

    disposition: Name = "attachment"
    lifetime_s: int | None = None


class Assign(Body):
    """The user to whom a task is assigned."""

    user: Id


class NewSearch(Body):
    """A search to save."""

    name: Name
    query: JsonObject = msgspec.field(default_factory=_empty)
    groups: Sequence[Id] = ()


class NewExport(Body):
    """A new export: a search's conditions or the number of a saved one, and the parts of the instances.

    `fields` are ids of file fields (null: all); the attachments tab and the values go along unless they are refused.
    """

    query: JsonObject = msgspec.field(default_factory=_empty)
    search: Id | None = None
    fields: Sequence[Name] | None = None
    attachments: bool = True
    values: bool = True


class NewExportLink(Body):
    """A new link to an export: for the caller, for another `user`, or (`public`) for anybody who has it."""

    public: bool = False
    user: Id | None = None
    lifetime_s: int | None = None


class NewSchedule(Body):
    """A saved search to export every day at a time in the caller's zone, as `02:30`, into a folder of the server."""

    search: Id
    folder: Name
    at: Name


class Criteria(Body):
    """Questetra's criteria, as XML or JSON."""

    criteria: Annotated[str, msgspec.Meta(max_length=200_000)]


class CallFailure(Body):
    """The error code under which a service task failed."""

    code: Name


class NewSecret(Body):
    """A secret: its value, the only hosts to which it is sent (none: any), the codes of the apps that may use it.

    Without `value` the existing one stays, and `hosts` too unless they are given. Without `apps` the existing ones
    stay; no app may use a new secret. `*` means every app.
    """

    value: Text | None = None
    hosts: Sequence[Name] | None = None
    apps: Sequence[Name] | None = None


def mapping(raw: msgspec.Raw, pointer: str) -> dict[str, object]:
    """Return a JSON object in plain Python data, decimals exact.

    Raises:
        InvalidRequest: it is no object.
    """
    value = parse_json(bytes(raw))
    if not isinstance(value, dict):
        raise InvalidRequest(f"An object is needed at {pointer}.", pointer=pointer)
    return cast("dict[str, object]", value)
