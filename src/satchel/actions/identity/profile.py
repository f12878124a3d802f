"""What people change of themselves: their name, time zone, language and password."""

from dataclasses import replace

from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity import guesses
from satchel.actions.identity.actors import keep_signed_in
from satchel.actions.identity.checks import check_user
from satchel.actions.identity.credentials import check_new_password, password_hash, store_password
from satchel.db import accounts as users
from satchel.db import credentials as rows
from satchel.model.actor import Actor
from satchel.model.errors import FieldFault, InvalidValues, Unauthenticated
from satchel.model.ids import UserId

_PASSWORD = "password"  # noqa: S105  # a kind


async def update(
    context: Context,
    actor: Actor,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    locale: str | None = None,
) -> Actor:
    """Change what the actor says of themselves, and return them as they are then; None leaves what there is.

    Raises:
        InvalidValues: the name, time zone or language is wrong.
    """
    user = _user(actor)
    changed = replace(
        actor,
        name=actor.name if name is None else name,
        time_zone=actor.time_zone if time_zone is None else time_zone,
        locale=actor.locale if locale is None else locale,
    )
    check_user(actor.email, changed.name, changed.time_zone, changed.locale)
    async with context.database.write() as tx:
        await keep_signed_in(tx, actor)
        await users.set_profile(
            tx, actor.account_id, user, name=changed.name, time_zone=changed.time_zone, locale=changed.locale
        )
        await write_event(tx, context, actor, "user.changed", {"user": user})
    return changed


async def change_password(context: Context, actor: Actor, *, old: str, new: str) -> None:
    """Replace the actor's password. The session by which they ask stays, all their others end.

    A wrong old password counts as a try to sign in: who has found an open browser cannot guess on.

    Raises:
        InvalidValues: the old password is wrong, or the new one too short or too long.
        TooManyRequests: too many tries with this e-mail or from this network; wait.
    """
    user = _user(actor)
    check_new_password(new, field="new")
    counted = await guesses.count(context, actor.email, way=_PASSWORD, address=actor.address)
    async with context.database.read() as tx:
        known = await rows.passwords_of(tx, actor.account_id, user, _PASSWORD)
    is_right = any(await context.passwords.matches_each([one.password_hash for one in known] or [None], old))
    if not is_right:
        await _note_wrong(context, actor, user)
        raise _wrong()
    await guesses.forgive(context, counted)
    hashed = await password_hash(context, new)
    async with context.database.write() as tx:
        await keep_signed_in(tx, actor)
        now = await rows.passwords_of(tx, actor.account_id, user, _PASSWORD)
        if [one.id for one in now] != [one.id for one in known]:
            raise _wrong()  # somebody has changed it meanwhile
        await store_password(tx, context, actor, user, hashed, keep=actor.credential_id)


def _user(actor: Actor) -> UserId:
    if actor.user_id is None:
        raise Unauthenticated
    return actor.user_id


def _wrong() -> InvalidValues:
    message = "This is not your present password. Nothing was changed."
    return InvalidValues([FieldFault(field="old", code="wrong_password", message=message)])


async def _note_wrong(context: Context, actor: Actor, user: UserId) -> None:
    async with context.database.write() as tx:
        data = {"user": user, "way": _PASSWORD, "reason": "wrong_old_password"}
        await write_event(tx, context, actor, "sign_in.failed", data)
