"""Replies about people: sign-in, users, groups, rights, credentials, storage, OAuth2 clients."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import ClassVar

import msgspec

from satchel.model.api.kinds import ReplyBody, RightName, Size, Timestamp


class Me(ReplyBody, frozen=True, kw_only=True):
    """The caller.

    Attributes:
        account: the account's number.
        rights: by the number of an app, or `*` for all.
        admin: whether they administer the account.
    """

    id: int
    account: int
    email: str
    name: str
    time_zone: str
    locale: str
    groups: Sequence[int]
    rights: Mapping[str, Sequence[RightName]]
    admin: bool


class Session(ReplyBody, frozen=True, kw_only=True):
    """A browser's session; its secret is in the cookie.

    Attributes:
        csrf_token: required in `X-CSRF-Token` for every change; the same as long as the session lives.
        expires_at: when it ends unless it is used; each use moves it, up to a maximum.
    """

    holds_secret: ClassVar[bool] = True

    user: int
    csrf_token: str
    expires_at: Timestamp | None


class OwnSession(ReplyBody, frozen=True, kw_only=True):
    """One of the caller's sessions.

    Attributes:
        device: what the browser called itself at sign-in (`User-Agent`); empty where that is unknown.
        expires_at: when it ends unless it is used.
        current: whether this request came with it.
    """

    id: int
    device: str
    opened_at: Timestamp
    expires_at: Timestamp
    current: bool


class OwnSessions(ReplyBody, frozen=True, kw_only=True):
    """The caller's sessions that have not ended, newest first."""

    items: Sequence[OwnSession]
    next: None


class User(ReplyBody, frozen=True, kw_only=True):
    """A person of the account.

    Attributes:
        email: null for everybody but administrators, and once the person was erased.
        time_zone: an IANA name.
        active: whether they may sign in.
    """

    id: int
    email: str | None
    name: str
    time_zone: str
    locale: str
    active: bool
    created_at: Timestamp


class Users(ReplyBody, frozen=True, kw_only=True):
    """A page of people, and the cursor of the next one."""

    items: Sequence[User]
    next: str | None


class Absence(ReplyBody, frozen=True, kw_only=True):
    """When a person is away, and who stands in for them.

    Attributes:
        user: who is away.
        first_day: in the person's time zone.
        last_day: in the person's time zone; it is a day away, too.
        substitute: the user who gets what would be assigned or offered to the absent person alone.
        begins_at: when `from` begins.
        ends_at: when `until` is over.
        running: whether the person is away now.
    """

    id: int
    user: int
    first_day: date = msgspec.field(name="from")
    last_day: date = msgspec.field(name="until")
    substitute: int
    begins_at: Timestamp
    ends_at: Timestamp
    running: bool


class Absences(ReplyBody, frozen=True, kw_only=True):
    """The absences of a person that have not ended, by their days."""

    items: Sequence[Absence]
    next: None


class OwnDay(ReplyBody, frozen=True, kw_only=True):
    """A day with other working hours than its weekday has; without hours, nobody works on it."""

    day: date
    name: str
    hours: Sequence[str]


class Holiday(ReplyBody, frozen=True, kw_only=True):
    """A public holiday."""

    day: date
    name: str


class Calendar(ReplyBody, frozen=True, kw_only=True):
    """When the account works: for what is due in working days or hours.

    Attributes:
        time_zone: an IANA name.
        hours: by weekday (`monday`), each part as `09:00-17:00`.
        country: the one whose public holidays are free.
        subdivision: of the country.
        days: of the account's own.
        holidays: the public holidays of this and the next year, for people to look at.
    """

    time_zone: str
    hours: Mapping[str, Sequence[str]]
    country: str | None
    subdivision: str | None
    days: Sequence[OwnDay]
    holidays: Sequence[Holiday]


class Grant(ReplyBody, frozen=True, kw_only=True):
    """A right of a group, for one app or (null) for all."""

    app_id: int | None
    right: RightName


class Group(ReplyBody, frozen=True, kw_only=True):
    """A group of people.

    Attributes:
        members: numbers of users; for administrators.
        grants: the rights of its members; for administrators.
    """

    id: int
    name: str
    members: Sequence[int] | None = None
    grants: Sequence[Grant] | None = None


class Groups(ReplyBody, frozen=True, kw_only=True):
    """All groups of the account."""

    items: Sequence[Group]
    next: None


class Credential(ReplyBody, frozen=True, kw_only=True):
    """A credential without its secret."""

    id: int
    user: int
    kind: str
    name: str
    created_at: Timestamp
    expires_at: Timestamp | None


class Credentials(ReplyBody, frozen=True, kw_only=True):
    """All credentials of a user."""

    items: Sequence[Credential]
    next: None


class CredentialSecret(ReplyBody, frozen=True, kw_only=True):
    """A credential with its secret, which is shown only once."""

    holds_secret: ClassVar[bool] = True

    id: int
    secret: str
    expires_at: Timestamp | None


class Application(ReplyBody, frozen=True, kw_only=True):
    """A program that signs in to vendor surfaces with `client_id` and a secret."""

    id: int
    client_id: str
    name: str


class Applications(ReplyBody, frozen=True, kw_only=True):
    """All applications of a user."""

    items: Sequence[Application]
    next: None


class ApplicationSecret(ReplyBody, frozen=True, kw_only=True):
    """An application's id with its secret, which is shown only once."""

    holds_secret: ClassVar[bool] = True

    id: int
    client_id: str
    secret: str
    expires_at: Timestamp | None


class OAuthClient(ReplyBody, frozen=True, kw_only=True):
    """An OAuth2 client, which acts for users with their consent.

    Attributes:
        public: whether it has no secret and must use PKCE.
    """

    id: int
    client_id: str
    name: str
    redirect_uris: Sequence[str]
    public: bool
    created_at: Timestamp


class OAuthClients(ReplyBody, frozen=True, kw_only=True):
    """All registered OAuth2 clients."""

    items: Sequence[OAuthClient]
    next: None


class OAuthClientSecret(ReplyBody, frozen=True, kw_only=True):
    """A new OAuth2 client; its secret (null for a public one) is shown only once."""

    holds_secret: ClassVar[bool] = True

    id: int
    client_id: str
    client_secret: str | None


class Secret(ReplyBody, frozen=True, kw_only=True):
    """A secret of service tasks, without its value.

    Attributes:
        hosts: the only hosts to which it is sent (none: any).
        apps: codes of the apps whose calls may use it; `*` means every app.
    """

    name: str
    hosts: Sequence[str]
    apps: Sequence[str]
    changed_at: Timestamp


class Secrets(ReplyBody, frozen=True, kw_only=True):
    """All secrets of the account."""

    items: Sequence[Secret]
    next: None


class Storage(ReplyBody, frozen=True, kw_only=True):
    """An account's quota and its use.

    Attributes:
        ceiling_bytes: the maximum set by the operator of the server.
        limit_bytes: the effective limit: the ceiling, or less if the account's administrators set less.
        reserved_bytes: of uploads that have not ended.
        over_bytes: how much more is used and reserved than `limit_bytes`.
        consequence: what is refused while `over_bytes` is more than 0, for people to read; else null.
    """

    ceiling_bytes: Size
    limit_bytes: Size
    used_bytes: Size
    reserved_bytes: Size
    over_bytes: Size
    consequence: str | None


class Created(ReplyBody, frozen=True, kw_only=True):
    """The number of the created thing."""

    id: int
