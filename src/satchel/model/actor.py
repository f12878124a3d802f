"""Actors: a user by one credential, or the system.

An actor carries the rights that its user's groups had when it was authenticated, so that one request uses one
state of them. `actions.access` makes the decisions; this module only holds the data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from satchel.model.ids import AccountId, AppId, CredentialId, GroupId, UserId


class Right(StrEnum):
    """The rights of a group: for one app, or (if the grant names none) for every app of the account."""

    START = "start"
    VIEW = "view"
    MODIFY = "modify"
    DELETE = "delete"
    MANAGE = "manage"
    EXPORT = "export"
    ADMIN = "admin"
    """Of the account, never of one app: users, groups, grants, credentials, storage. It includes every other right."""


APP_RIGHTS = tuple(right for right in Right if right is not Right.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A user by one credential, or the system where `user_id` is None.

    Attributes:
        scope: the credential's scope, in its surface's terms; "" for everything.
        address: the network address of the request, or None.
        rights: by app; the key None holds those for every app.
        sees_own_work: whether the user sees what they started or completed without the right `view`.
    """

    account_id: AccountId
    user_id: UserId | None
    credential_id: CredentialId | None = None
    scope: str = ""
    email: str = ""
    name: str = ""
    time_zone: str = "UTC"
    locale: str = "en"
    address: str | None = None
    group_ids: frozenset[GroupId] = frozenset()
    rights: Mapping[AppId | None, frozenset[Right]] = field(default_factory=dict[AppId | None, frozenset[Right]])
    sees_own_work: bool = True

    @property
    def is_system(self) -> bool:
        """Whether Satchel itself acts: a timer, a job, a sweep."""
        return self.user_id is None

    @property
    def is_admin(self) -> bool:
        """Whether the actor administers the account."""
        return self.is_system or Right.ADMIN in self.rights.get(None, frozenset())

    def by_rights_only(self) -> "Actor":
        """Return this actor without the sight of own work, for the surfaces of other vendors.

        Their APIs have no such sight; their clients must not suddenly see instances that they have no right to view.
        """
        return replace(self, sees_own_work=False)

    def may(self, right: Right, app: AppId) -> bool:
        """Return whether the actor has this right for this app."""
        if self.is_admin:
            return True
        return right in self.rights.get(None, frozenset()) or right in self.rights.get(app, frozenset())

    def knows(self, app: AppId) -> bool:
        """Return whether the actor has any right for this app, and so may know of it."""
        return any(self.may(right, app) for right in APP_RIGHTS)

    def apps_with(self, right: Right) -> frozenset[AppId] | None:
        """Return the apps for which the actor has this right, or None if it has it for all."""
        if self.is_admin or right in self.rights.get(None, frozenset()):
            return None
        return frozenset(app for app, rights in self.rights.items() if app is not None and right in rights)


def system(account: AccountId) -> Actor:
    """Return the system as an actor within one account."""
    return Actor(account_id=account, user_id=None, name="Satchel")
