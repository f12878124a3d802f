"""People: who asks, users, groups, credentials, programs, secrets, storage."""

from satchel.actions.identity.accounts import People
from satchel.actions.identity.applications import Application, ApplicationSecret
from satchel.actions.identity.ceilings import consequence
from satchel.actions.identity.credentials import CredentialSecret
from satchel.actions.identity.oauth_clients import NewClient
from satchel.actions.identity.secrets import SecretInfo
from satchel.actions.identity.sessions import KnownSession
from satchel.db.accounts import User
from satchel.db.credentials import Credential
from satchel.db.oauth import OAuthClient
from satchel.db.storage import Storage
from satchel.model.actor import Actor
from satchel.model.api import people as api
from satchel.model.api.kinds import Timestamp
from satchel.model.errors import Unauthenticated
from satchel.model.ids import UserId


def me(actor: Actor) -> api.Me:
    """Return who asks, with groups and rights.

    Raises:
        Unauthenticated: nobody does.
    """
    rights = {str(app) if app is not None else "*": sorted(found) for app, found in actor.rights.items()}
    return api.Me(
        id=_number(actor),
        account=actor.account_id,
        email=actor.email,
        name=actor.name,
        time_zone=actor.time_zone,
        locale=actor.locale,
        groups=sorted(actor.group_ids),
        rights=rights,
        admin=actor.is_admin,
    )


def session(actor: Actor, opened: CredentialSecret) -> api.Session:
    """Return a session that was just opened for somebody, without its secret."""
    return api.Session(
        user=_number(actor), csrf_token=opened.csrf or "", expires_at=Timestamp.of_optional(opened.expires_at)
    )


def own_session(known: KnownSession) -> api.OwnSession:
    """Return one of the caller's sessions, without its secret."""
    return api.OwnSession(
        id=known.id,
        device=known.device,
        opened_at=Timestamp.of(known.opened_at),
        expires_at=Timestamp.of(known.expires_at),
        current=known.is_current,
    )


def _number(actor: Actor) -> UserId:
    if actor.user_id is None:
        raise Unauthenticated
    return actor.user_id


def user(row: User) -> api.User:
    """Return a person."""
    return api.User(
        id=row.id,
        email=row.email,
        name=row.name,
        time_zone=row.time_zone,
        locale=row.locale,
        active=row.is_active,
        created_at=Timestamp.of(row.created_at),
    )


def groups(people: People, *, with_members: bool) -> api.Groups:
    """Return the account's groups, for administrators with members and rights."""
    return api.Groups(
        next=None,
        items=[
            api.Group(
                id=group.id,
                name=group.name,
                members=people.members.get(group.id, []) if with_members else None,
                grants=[
                    api.Grant(app_id=grant.app_id, right=grant.right)
                    for grant in people.grants
                    if grant.group_id == group.id
                ]
                if with_members
                else None,
            )
            for group in people.groups
        ],
    )


def credential(row: Credential) -> api.Credential:
    """Return a credential, never its secret."""
    return api.Credential(
        id=row.id,
        user=row.user_id,
        kind=row.kind,
        name=row.name,
        created_at=Timestamp.of(row.created_at),
        expires_at=Timestamp.of_optional(row.expires_at),
    )


def new_secret(made: CredentialSecret) -> api.CredentialSecret:
    """Return a credential that was just made, with its secret."""
    return api.CredentialSecret(id=made.id, secret=made.secret, expires_at=Timestamp.of_optional(made.expires_at))


def application(row: Application) -> api.Application:
    """Return an application, without its secret."""
    return api.Application(id=row.id, client_id=row.client_id, name=row.name)


def application_secret(made: ApplicationSecret) -> api.ApplicationSecret:
    """Return an application with its new secret."""
    return api.ApplicationSecret(
        id=made.id, client_id=made.client_id, secret=made.secret, expires_at=Timestamp.of_optional(made.expires_at)
    )


def oauth_client(row: OAuthClient) -> api.OAuthClient:
    """Return a program that people let act for them, without its secret."""
    return api.OAuthClient(
        id=row.id,
        client_id=row.public_id,
        name=row.name,
        redirect_uris=row.redirect_uris,
        public=row.secret_hash is None,
        created_at=Timestamp.of(row.created_at),
    )


def registered(made: NewClient) -> api.OAuthClientSecret:
    """Return a program that was just registered, with its secret."""
    return api.OAuthClientSecret(id=made.id, client_id=made.public_id, client_secret=made.secret)


def secret(row: SecretInfo) -> api.Secret:
    """Return a secret of service tasks, without its value."""
    return api.Secret(
        name=row.name, hosts=list(row.hosts), apps=list(row.apps), changed_at=Timestamp.of(row.changed_at)
    )


def storage(now: Storage) -> api.Storage:
    """Return the account's quota and what is taken of it."""
    return api.Storage(
        ceiling_bytes=now.ceiling_bytes,
        limit_bytes=now.limit_bytes,
        used_bytes=now.used_bytes,
        reserved_bytes=now.reserved_bytes,
        over_bytes=now.over_bytes,
        consequence=consequence(now),
    )
