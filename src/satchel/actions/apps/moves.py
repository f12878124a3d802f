"""Moves of an app's running instances to its newest version: looked at first, then done by a job.

Each instance moves in a transaction that also writes its result and how far the move is: a job that died is taken up
where it was, and one that runs twice does nothing twice. While a move runs there is no other one of the app, and
nothing is deployed for it.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from satchel.actions import access
from satchel.actions.apps import moving
from satchel.actions.apps.moving import Plans
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity.credentials import actor_of
from satchel.actions.instances.ledger import Ledger
from satchel.actions.instances.run import load_if_there
from satchel.actions.loading import LoadedApp
from satchel.db import apps as app_rows
from satchel.db import moves as rows
from satchel.db.moves import Candidate
from satchel.db.pool import Reader
from satchel.engine.migrate import Mapped, mapping_findings
from satchel.model.actor import Actor, Right
from satchel.model.errors import (
    Busy,
    Conflict,
    FieldFault,
    Forbidden,
    InvalidState,
    InvalidValues,
    NotFound,
    SatchelError,
    Unavailable,
)
from satchel.model.ids import MAX_ID, AccountId, ElementId, MoveId
from satchel.model.moves import Move, MoveOutcome, MoveResult, MoveState
from satchel.queue.enqueue import MOVE_INSTANCES

LEASE = timedelta(minutes=2)
"""How long a worker counts as alive without a sign of life."""

ATTEMPTS = 8
"""How often a move is taken up again at one instance before it fails."""

PAUSE = timedelta(seconds=15)
"""Until the next try after a fault; it grows."""

PAGE = 100
AT_ONCE = 100
LOOKED_AT = 200
LOOK_S = 2.0
"""How many instances, and for how long, the reply of a deploy looks at."""

MOST_MAPPED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a move would do to some instances.

    Attributes:
        number: of the version to which they would go.
        next: the cursor of the next page, if there are more.
    """

    number: int
    results: Sequence[MoveResult]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a move would do to the instances that a version was deployed before.

    Attributes:
        counts: how many of those that were looked at.
        is_whole: whether these are all.
    """

    counts: Mapping[MoveOutcome, int]
    is_whole: bool

    @property
    def looked_at(self) -> int:
        """How many instances were looked at."""
        return sum(self.counts.values())


async def forecast(context: Context, actor: Actor, code: str, *, look_at: int = LOOKED_AT) -> Forecast:
    """Return what a move without a mapping would do, from the oldest instances on, as far as that is known soon.

    At most `look_at` instances are looked at, and one that somebody holds for long ends the look.

    Raises:
        NotFound, Forbidden: the actor does not manage the app.
    """
    patient = replace(context, database=context.database.with_lock_timeout(timedelta(seconds=LOOK_S)))
    ends_at, counts, after = asyncio.get_running_loop().time() + LOOK_S, Counter[MoveOutcome](), 0
    with suppress(Busy, Unavailable):
        while counts.total() < look_at and asyncio.get_running_loop().time() < ends_at:
            page = await preview(patient, actor, code, {}, after=after, limit=min(look_at, LOOKED_AT // 10))
            counts.update(one.outcome for one in page.results)
            if page.next is None:
                return Forecast(counts=counts, is_whole=True)
            after = page.next
    return Forecast(counts=counts, is_whole=False)


async def preview(
    context: Context, actor: Actor, code: str, mapping: Mapping[str, str | None], *, after: int, limit: int
) -> Preview:
    """Return what a move would do to the next instances, and change nothing.

    Raises:
        NotFound, Forbidden: the actor does not manage the app.
        InvalidValues: the mapping fits no version.
    """
    async with context.database.read() as tx:
        target = await _manageable(context, tx, actor, code)
        mapped = await _checked(context, tx, target, mapping)
        page = await rows.candidates(
            tx, actor.account_id, target.app_id, target.version_id, after=after, bound=MAX_ID, limit=limit + 1
        )
    plans, found = Plans.to(target, mapped), list[MoveResult]()
    for one in page[:limit]:
        async with context.database.write() as tx:
            run = await load_if_there(context, tx, actor, one.id, Ledger())
            if run is not None and run.instance.is_running:
                found.append((await moving.look(run, plans))[0])
    return Preview(number=target.number, results=found, next=page[limit - 1].id if len(page) > limit else None)


async def begin(context: Context, actor: Actor, code: str, mapping: Mapping[str, str | None]) -> Move:
    """Begin to move an app's running instances to its newest version; a job does it.

    Raises:
        NotFound, Forbidden: the actor does not manage the app.
        InvalidValues: the mapping fits no version.
        Conflict: another move of the app is running.
    """
    if actor.user_id is None:
        raise Forbidden("Only users can move instances.")
    async with context.database.write() as tx:
        target = await _manageable(context, tx, actor, code)
        await app_rows.lock_app(tx, actor.account_id, target.app_id)  # no version comes in between
        target = await _manageable(context, tx, actor, code)
        await _checked(context, tx, target, mapping)
        now = context.clock()
        created = await rows.insert_move(
            tx,
            actor.account_id,
            app=target.app_id,
            version=target.version_id,
            owner=actor.user_id,
            mapping=dict(mapping),
            bound=await rows.last_instance(tx, actor.account_id, target.app_id),
            due_at=now + LEASE,
            now=now,
        )
        if created is None:
            running = await rows.running_move(tx, actor.account_id, target.app_id)
            raise Conflict(f"Instances of {code} are being moved already (move {running}). Wait until that has ended.")
        data = {"app": code, "move": created, "version": target.number, "mapping": dict(mapping)}
        await write_event(tx, context, actor, "move.begun", data)
        await context.queue.enqueue(tx, MOVE_INSTANCES, {"account": actor.account_id, "move": created})
        return await _move(tx, actor, code, target, created)


async def read(context: Context, actor: Actor, code: str, move_id: MoveId) -> Move:
    """Return a move of an app.

    Raises:
        NotFound, Forbidden: there is none, or the actor does not manage the app.
    """
    async with context.database.read() as tx:
        return await _move(tx, actor, code, await _manageable(context, tx, actor, code), move_id)


async def listing(context: Context, actor: Actor, code: str, *, after: int, limit: int) -> Sequence[Move]:
    """Return a page of an app's moves, by id.

    Raises:
        NotFound, Forbidden: the actor does not manage the app.
    """
    async with context.database.read() as tx:
        app = await _manageable(context, tx, actor, code)
        return await rows.moves(tx, actor.account_id, app.app_id, after=after, limit=limit)


async def results(
    context: Context,
    actor: Actor,
    code: str,
    move_id: MoveId,
    *,
    outcome: MoveOutcome | None,
    after: int,
    limit: int,
) -> Sequence[MoveResult]:
    """Return a page of what became of each instance of a move.

    Raises:
        NotFound, Forbidden: there is no such move, or the actor does not manage the app.
    """
    async with context.database.read() as tx:
        found = await _move(tx, actor, code, await _manageable(context, tx, actor, code), move_id)
        return await rows.results(tx, actor.account_id, found.id, outcome=outcome, after=after, limit=limit)


async def stop(context: Context, actor: Actor, code: str, move_id: MoveId) -> Move:
    """Stop a move; instances that have moved stay on the new version.

    Raises:
        NotFound, Forbidden: there is none, or the actor does not manage the app.
        InvalidState: it has ended.
    """
    async with context.database.write() as tx:
        app = await _manageable(context, tx, actor, code)
        found = await _move(tx, actor, code, app, move_id)
        if not await rows.end_move(tx, actor.account_id, found.id, MoveState.STOPPED, context.clock()):
            raise InvalidState(f"The move {move_id} is {found.state.value}; it cannot be stopped.")
        await write_event(tx, context, actor, "move.stopped", {"app": code, "move": move_id})
        return await _move(tx, actor, code, app, move_id)


async def enqueue_silent(context: Context) -> int:
    """Enqueue the moves, of all accounts, whose worker gave no sign of life; return how many there were."""
    now, backoff = context.clock(), context.backoff
    async with context.database.read() as tx:
        due = await rows.due_moves(tx, now, AT_ONCE, backoff.paused("move", now))

    async def enqueue(known: rows.DueMove) -> None:
        async with context.database.write() as tx:
            found = await rows.lock_move(tx, known.account_id, known.id)
            if found is None or found.due_at is None or found.due_at > now:
                return
            if found.attempt >= ATTEMPTS:
                message = "An instance could not be moved in several attempts. Look at the server's log; move again."
                await rows.end_move(
                    tx, known.account_id, known.id, MoveState.FAILED, now, code="unavailable", message=message
                )
                return
            await rows.set_due(tx, known.account_id, known.id, due_at=now + LEASE, attempt=found.attempt + 1)
            await context.queue.enqueue(tx, MOVE_INSTANCES, {"account": known.account_id, "move": known.id})

    await backoff.each("move", due, enqueue, key=lambda it: it.id, clock=context.clock)
    return len(due)


async def perform(context: Context, account: AccountId, move_id: MoveId) -> None:
    """Do a move, or go on with it; does nothing where it has ended, so that it may be repeated."""
    try:
        while await _some(context, account, move_id):
            pass
    except (NotFound, Forbidden) as error:
        async with context.database.write() as tx:
            await rows.end_move(
                tx, account, move_id, MoveState.FAILED, context.clock(), code=error.code, message=error.message
            )
    except SatchelError:
        await _postpone(context, account, move_id)


async def _some(context: Context, account: AccountId, move_id: MoveId) -> bool:
    """Move the next instances; return whether there may be more."""
    async with context.database.read() as tx:
        found = await rows.move(tx, account, move_id)
        if found is None or found.state is not MoveState.RUNNING:
            return False
        owner = await actor_of(tx, account, found.owner_id)
        if owner is None or not owner.may(Right.MANAGE, found.app_id):
            raise Forbidden("The user who began this move may no longer manage the app.")
        target = await context.apps.version(tx, account, found.version_id)
        page = await rows.candidates(
            tx, account, found.app_id, found.version_id, after=found.position, bound=found.bound, limit=PAGE
        )
    plans = Plans.to(target, found.elements)
    for one in page:
        if not await _one(context, owner, found, plans, one):
            return False
    if len(page) < PAGE:
        await _finish(context, owner, target, move_id)
        return False
    return True


async def _one(context: Context, owner: Actor, known: Move, plans: Plans, one: Candidate) -> bool:
    """Move one instance, or note why it stays; return whether the move goes on."""
    async with context.database.write() as tx:
        ledger = Ledger()
        run = await load_if_there(context, tx, owner, one.id, ledger)
        if run is None or not run.instance.is_running or run.app.version_id == plans.target.version_id:
            return True  # it ended, or somebody else moved it
        result, migrated = await moving.look(run, plans)
        if not await rows.note_result(tx, known.account_id, known.id, result, due_at=run.now + LEASE):
            return False
        if migrated is not None:
            await moving.move(run, plans.target, migrated)
            await run.save()
            await ledger.settle(context, tx, owner)
    return True


async def _finish(context: Context, owner: Actor, target: LoadedApp, move_id: MoveId) -> None:
    async with context.database.write() as tx:
        if await rows.end_move(tx, owner.account_id, move_id, MoveState.DONE, context.clock()):
            data = {"app": target.manifest.code, "move": move_id, "version": target.number}
            await write_event(tx, context, owner, "move.done", data)


async def _postpone(context: Context, account: AccountId, move_id: MoveId) -> None:
    """Have a move taken up again after a fault that may pass."""
    async with context.database.write() as tx:
        found = await rows.lock_move(tx, account, move_id)
        if found is not None and found.state is MoveState.RUNNING:
            due_at = context.clock() + PAUSE * (found.attempt + 1)
            await rows.set_due(tx, account, move_id, due_at=due_at, attempt=found.attempt + 1)


async def _manageable(context: Context, tx: Reader, actor: Actor, code: str) -> LoadedApp:
    newest = await context.apps.newest(tx, actor.account_id, code)
    access.require_right(actor, Right.MANAGE, newest.app_id, code)
    return newest


async def _move(tx: Reader, actor: Actor, code: str, app: LoadedApp, move_id: MoveId) -> Move:
    found = await rows.move(tx, actor.account_id, move_id)
    if found is None or found.app_id != app.app_id:
        raise NotFound("move", f"{move_id} of {code}")
    return found


async def _checked(context: Context, tx: Reader, target: LoadedApp, mapping: Mapping[str, str | None]) -> Mapped:
    """Return a mapping as the engine takes it.

    Raises:
        InvalidValues: it names what no version in use has, or an element of another kind.
    """
    if len(mapping) > MOST_MAPPED:
        message = f"A mapping has at most {MOST_MAPPED} elements."
        raise InvalidValues([FieldFault(field="mapping", code="too_many", message=message)])
    mapped = {ElementId(old): None if new is None else ElementId(new) for old, new in mapping.items()}
    faults: dict[tuple[str, str], FieldFault] = {}
    known = set[str]()
    versions = await rows.versions_in_use(tx, target.account_id, target.app_id, target.version_id) if mapped else []
    for version in versions:
        old = await context.apps.version(tx, target.account_id, version)
        known |= {*old.definition.process.nodes, *old.definition.process.flows}
        for found in mapping_findings(old.definition, target.definition, mapped):
            faults[found.element, found.code] = FieldFault(
                field=found.element, code=found.code, message=f"{found.message} (Version {old.number}.)"
            )
    for name in mapping:
        if versions and name not in known:
            message = f"No version on which instances run has an element {name}."
            faults[name, "unknown_element"] = FieldFault(field=name, code="unknown_element", message=message)
    if faults:
        raise InvalidValues(list(faults.values()))
    return mapped
