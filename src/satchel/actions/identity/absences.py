"""Absences: set by the person or by an administrator, changed, ended.

What is meant for the absent person alone goes to their substitute while they are away (`satchel.db.absences`), and what
the substitute has not started comes back (`satchel.actions.instances.returning`). Whether the substitute is present is
looked up at each task, not here: they may become absent later, or leave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.db import absences as rows
from satchel.db import accounts as people
from satchel.db.accounts import User
from satchel.db.pool import Reader, Writer
from satchel.model.absences import MAX_ABSENCES, MAX_AHEAD, Absence, moments
from satchel.model.actor import Actor
from satchel.model.errors import Conflict, FieldFault, InvalidState, InvalidValues, NotFound
from satchel.model.ids import AbsenceId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceDays:
    """What an absence says; both days are days away."""

    first_day: date
    last_day: date
    substitute: UserId


async def listed(context: Context, actor: Actor, user_id: UserId) -> list[Absence]:
    """Return the absences of a user that have not ended, by their days.

    Raises:
        NotFound: there is no such user.
        Forbidden: the actor is neither the user nor an administrator.
    """
    _require_own(actor, user_id)
    async with context.database.read() as tx:
        await _user(tx, actor, user_id)
        return await rows.absences_of(tx, actor.account_id, user_id, now=context.clock())


async def create(context: Context, actor: Actor, user_id: UserId, given: AbsenceDays) -> Absence:
    """Note when a user is away, and who stands in for them.

    Raises:
        NotFound: there is no such active user.
        Forbidden: the actor is neither the user nor an administrator.
        InvalidValues: the days are in the wrong order, over, or too far ahead; or the substitute is not an active user
            of the account, or the user themself.
        Conflict: the user is away on some of these days already, or has too many absences ahead.
    """
    _require_own(actor, user_id)
    now = context.clock()
    async with context.database.write() as tx:
        await people.lock_user(tx, actor.account_id, user_id)
        user = await _user(tx, actor, user_id)
        known = await rows.absences_of(tx, actor.account_id, user_id, now=now)
        if len(known) >= MAX_ABSENCES:
            raise Conflict(f"{user.name} has {MAX_ABSENCES} absences ahead, and more are not kept. Remove some.")
        zone = await _check(context, tx, user, given, known)
        created = await rows.insert_absence(
            tx,
            actor.account_id,
            user_id,
            substitute=given.substitute,
            days=(given.first_day, given.last_day),
            moments=moments(given.first_day, given.last_day, zone),
            now=now,
        )
        if created is None:
            raise LookupError("an absence that was inserted is not there")
        await write_event(tx, context, actor, "absence.set", _data(created))
    return created


async def change(
    context: Context,
    actor: Actor,
    user_id: UserId,
    absence_id: AbsenceId,
    *,
    first_day: date | None = None,
    last_day: date | None = None,
    substitute: UserId | None = None,
) -> Absence:
    """Change an absence that has not ended, and return it; None leaves what there is.

    Tasks that the substitute holds already stay with them until the absence ends, also if another is named.

    Raises:
        NotFound: the user has no such absence, or it has ended.
        Forbidden: the actor is neither the user nor an administrator.
        InvalidValues: as `create`.
        InvalidState: it has started, and its first day would change.
        Conflict: the user is away on some of these days already.
    """
    _require_own(actor, user_id)
    now = context.clock()
    async with context.database.write() as tx:
        await people.lock_user(tx, actor.account_id, user_id)
        user = await _user(tx, actor, user_id)
        known = await rows.absences_of(tx, actor.account_id, user_id, now=now)
        before = _found(known, absence_id)
        given = AbsenceDays(
            first_day=first_day or before.first_day,
            last_day=last_day or before.last_day,
            substitute=substitute or before.substitute_id,
        )
        if before.is_running(now) and given.first_day != before.first_day:
            raise InvalidState("The absence has started. Change its last day, or end it and set another.")
        zone = await _check(context, tx, user, given, [one for one in known if one.id != absence_id])
        from_at, until_at = moments(given.first_day, given.last_day, zone)
        changed = Absence(
            account_id=before.account_id,
            id=before.id,
            user_id=before.user_id,
            substitute_id=given.substitute,
            first_day=given.first_day,
            last_day=given.last_day,
            from_at=min(from_at, before.from_at) if before.is_running(now) else from_at,
            until_at=until_at,
            created_at=before.created_at,
        )
        await rows.change_absence(
            tx,
            actor.account_id,
            absence_id,
            substitute=changed.substitute_id,
            days=(changed.first_day, changed.last_day),
            moments=(changed.from_at, changed.until_at),
        )
        await write_event(tx, context, actor, "absence.set", _data(changed))
    return changed


async def end(context: Context, actor: Actor, user_id: UserId, absence_id: AbsenceId) -> None:
    """End an absence at once, or remove one that has not started.

    Raises:
        NotFound: the user has no such absence, or it has ended.
        Forbidden: the actor is neither the user nor an administrator.
    """
    _require_own(actor, user_id)
    async with context.database.write() as tx:
        await people.lock_user(tx, actor.account_id, user_id)
        known = await rows.absences_of(tx, actor.account_id, user_id, now=context.clock())
        ended = _found(known, absence_id)
        await rows.delete_absence(tx, actor.account_id, absence_id)
        await write_event(tx, context, actor, "absence.ended", _data(ended))


def _require_own(actor: Actor, user_id: UserId) -> None:
    if actor.user_id != user_id:
        access.require_admin(actor)


async def _user(tx: Reader, actor: Actor, user_id: UserId) -> User:
    found = await people.user(tx, actor.account_id, user_id)
    if found is None or not found.is_active:
        raise NotFound("user", user_id)
    return found


def _found(known: Sequence[Absence], absence_id: AbsenceId) -> Absence:
    found = next((one for one in known if one.id == absence_id), None)
    if found is None:
        raise NotFound("absence", absence_id)
    return found


async def _check(context: Context, tx: Writer, user: User, given: AbsenceDays, others: Sequence[Absence]) -> ZoneInfo:
    """Check what an absence is to say, and return the zone of its days.

    Raises:
        InvalidValues: a day or the substitute is wrong.
        Conflict: the user has another absence on some of the days.
    """
    zone = ZoneInfo(user.time_zone)
    today = context.clock().astimezone(zone).date()
    faults: list[FieldFault] = []
    if given.last_day < given.first_day:
        message = f"The last day {given.last_day} is before the first, {given.first_day}."
        faults.append(FieldFault(field="until", code="too_early", message=message))
    elif given.last_day < today:
        message = f"The last day {given.last_day} is over; it is {today} in {user.time_zone}."
        faults.append(FieldFault(field="until", code="too_early", message=message))
    elif given.last_day - today > MAX_AHEAD:
        message = f"The last day may be at most {MAX_AHEAD.days} days ahead."
        faults.append(FieldFault(field="until", code="too_late", message=message))
    if given.first_day < today - MAX_AHEAD:
        message = f"The first day may be at most {MAX_AHEAD.days} days ago."
        faults.append(FieldFault(field="from", code="too_early", message=message))
    if given.substitute == user.id:
        message = "Nobody stands in for themselves. Name somebody else."
        faults.append(FieldFault(field="substitute", code="own_substitute", message=message))
    elif not await people.existing_users(tx, user.account_id, [given.substitute]):
        message = f"There is no active user {given.substitute} in this account."
        faults.append(FieldFault(field="substitute", code="unknown_user", message=message))
    if faults:
        raise InvalidValues(faults)
    from_at, until_at = moments(given.first_day, given.last_day, zone)
    for other in others:
        if other.from_at < until_at and from_at < other.until_at:
            days = f"{other.first_day} to {other.last_day}"
            raise Conflict(f"{user.name} has an absence from {days} already. Change that one, or choose other days.")
    return zone


def _data(absence: Absence) -> dict[str, object]:
    return {
        "absence": absence.id,
        "user": absence.user_id,
        "substitute": absence.substitute_id,
        "from": absence.first_day.isoformat(),
        "until": absence.last_day.isoformat(),
    }
