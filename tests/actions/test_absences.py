"""Absences: who gets a task instead of whom, and what comes back."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from engine_bpmn import simple, user
from satchel.actions.identity import absences, accounts, users
from satchel.actions.identity.absences import AbsenceDays
from satchel.actions.instances import lifecycle, returning, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.upkeep.sweep import sweep
from satchel.model.absences import Absence
from satchel.model.actor import Actor
from satchel.model.errors import Conflict, Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.ids import InstanceId, UserId
from satchel.model.instance import Task
from world import World, bundle, faults_of, fields

TODAY = date(2026, 3, 2)
"""Of the clock, in UTC, which is everybody's time zone here."""

DAY = timedelta(days=1)


async def away(world: World, who: str, substitute: str, *, first: int = 0, last: int = 6) -> Absence:
    """Have somebody be away for some days from now."""
    days = AbsenceDays(first_day=TODAY + first * DAY, last_day=TODAY + last * DAY, substitute=world.people[substitute])
    return await absences.create(world.context, world.admin, world.people[who], days)


async def deploy(world: World, assign: Mapping[str, object] | None, code: str = "ABS") -> str:
    """Deploy an app with one task `a`."""
    declared = fields({"id": "who", "type": "user"}, {"id": "text", "type": "text"}, {"id": "scan", "type": "file"})
    access = {"who": "edit", "text": "edit", "scan": "edit"}
    task: dict[str, object] = {"fields": access} if assign is None else {"fields": access, "assign": assign}
    manifest = {"code": code, "fields": declared, "start": {"fields": access}, "tasks": {"a": task}}
    return await world.deploy(bundle(manifest, simple(user("a"))))


async def held(world: World, instance: InstanceId) -> tuple[str | None, str | None]:
    """Return who holds the task of an instance, and in whose place."""
    return names(world, await world.open_task(instance))


def names(world: World, task: Task) -> tuple[str | None, str | None]:
    people: dict[UserId | None, str] = {number: name for name, number in world.people.items()}
    return people.get(task.holder_id), people.get(task.in_place_of)


async def told(world: World, instance: InstanceId) -> list[Mapping[str, object]]:
    """Return what the history says of assignments."""
    found = await lifecycle.history(world.context, world.admin, instance, after=0, limit=100)
    return [event.data for event in found if event.kind == "task.assigned"]


async def test_what_would_be_assigned_or_offered_to_the_absent_alone_goes_to_the_substitute(
    world: World, clerk: Actor, manager: Actor, stranger: Actor
) -> None:
    buyer, other = world.people["buyer"], world.people["stranger"]
    by_field = await deploy(world, {"field": "who"}, "FLD")
    by_name = await deploy(world, {"user": "buyer@acme.example"}, "NAM")
    by_group = await deploy(world, {"group": "buyers"}, "GRP")
    offered = await deploy(world, {"group": "clerks"}, "OFF")
    starter = await deploy(world, {"starter": True}, "STA")
    await away(world, "buyer", "stranger")

    for code, values in ((by_field, {"who": buyer}), (by_name, {}), (by_group, {})):
        number = await world.start(clerk, code, **values)
        assert await held(world, number) == ("stranger", "buyer"), code
        assert await told(world, number) == [{"user": other, "in_place_of": buyer}], code
        task = await world.open_task(number)
        assert (await tasks.read(world.context, stranger, task.id)).task.in_place_of == buyer
        with pytest.raises(NotFound):
            await tasks.read(world.context, await world.actor("buyer"), task.id)

    await away(world, "clerk", "stranger", first=1)
    assert await held(world, await world.start(clerk, offered)) == (None, None)
    assert await held(world, await world.start(clerk, starter)) == ("clerk", None)
    world.clock.advance(DAY)
    assert await held(world, await world.start(clerk, starter)) == ("stranger", "clerk")
    assert await held(world, await world.start(clerk, offered)) == ("stranger", "clerk")  # nobody else is a clerk
    await world.set_member("clerks", "viewer", is_member=True)
    assert await held(world, await world.start(clerk, offered)) == (None, None)

    number = await world.start(clerk, offered)
    task = await world.open_task(number)
    assert names(world, await tasks.assign(world.context, manager, task.id, buyer)) == ("stranger", "buyer")
    assert names(world, await tasks.assign(world.context, stranger, task.id, buyer)) == ("buyer", None)
    assert await told(world, number) == [{"user": other, "in_place_of": buyer}, {"user": buyer}]


async def test_what_the_substitute_has_not_started_comes_back_when_the_absence_ends(
    world: World, clerk: Actor, stranger: Actor
) -> None:
    buyer, other, context = world.people["buyer"], world.people["stranger"], world.context
    code = await deploy(world, {"field": "who"})
    held_before = await world.start(clerk, code, who=buyer)
    absence = await away(world, "buyer", "stranger")
    assert await held(world, held_before) == ("buyer", None)
    left, said, saved, uploads, done = [await world.start(clerk, code, who=buyer) for _ in range(5)]
    numbers = {number: (await world.open_task(number)).id for number in (said, saved, uploads, done)}
    await tasks.arrive(context, stranger, numbers[said])
    await tasks.save(context, stranger, numbers[saved], Submission(values={"text": "half"}))
    await world.ask(stranger, size=3, field="scan", task=numbers[uploads])
    await tasks.complete(context, stranger, numbers[done], Submission(values={}))
    assert await returning.return_due(context) == 0

    await absences.end(context, await world.actor("buyer"), buyer, absence.id)
    while await returning.return_due(context):
        pass

    assert await held(world, left) == ("buyer", None)
    assert await told(world, left) == [{"user": other, "in_place_of": buyer}, {"user": buyer, "back_from": other}]
    for number in (said, saved, uploads):
        assert await held(world, number) == ("stranger", "buyer")
    assert "instance.ended" in await world.kinds(done)
    with pytest.raises(NotFound):
        await tasks.read(context, stranger, (await world.open_task(left)).id)

    await accounts.end_user(context, world.admin, other, erase=False)
    while await returning.return_due(context):
        pass
    assert {await held(world, number) for number in (said, saved, uploads)} == {("buyer", None)}


async def test_chains_are_followed_to_somebody_present_and_circles_leave_a_task_where_it_was(
    world: World, clerk: Actor
) -> None:
    code, context = await deploy(world, {"field": "who"}), world.context

    async def gets(who: str) -> tuple[str | None, str | None]:
        return await held(world, await world.start(clerk, code, who=world.people[who]))

    await away(world, "buyer", "viewer")
    await away(world, "viewer", "manager", last=1)
    to_stranger = await away(world, "manager", "stranger", last=2)
    assert await gets("buyer") == ("stranger", "buyer")
    assert await gets("viewer") == ("stranger", "viewer")

    manager = world.people["manager"]
    await absences.change(context, world.admin, manager, to_stranger.id, substitute=world.people["viewer"])
    for who in ("buyer", "viewer", "manager"):
        assert await gets(who) == (who, None)  # viewer and manager stand in for each other
    world.clock.advance(2 * DAY)
    assert await gets("buyer") == ("viewer", "buyer")
    assert await gets("manager") == ("viewer", "manager")

    await users.update(context, world.admin, world.people["viewer"], is_active=False)
    assert await gets("buyer") == ("buyer", None)
    await users.update(context, world.admin, world.people["viewer"], is_active=True)
    assert await gets("buyer") == ("viewer", "buyer")
    await accounts.end_user(context, world.admin, world.people["viewer"], erase=True)
    assert await gets("buyer") == ("buyer", None)


async def test_a_chain_of_more_than_sixteen_absent_people_leaves_a_task_with_the_first(
    world: World, clerk: Actor
) -> None:
    code = await deploy(world, {"field": "who"})
    async with world.context.database.write() as tx:
        chain = await tx.values(
            UserId,
            "INSERT INTO users (account_id, email, name, time_zone, locale, created_at)"
            " SELECT %s, n || '@chain.example', 'C' || n, 'UTC', 'en', now() FROM generate_series(1, 18) n"
            " RETURNING id",
            (world.account,),
        )
    days = [AbsenceDays(first_day=TODAY, last_day=TODAY, substitute=substitute) for substitute in chain[1:]]
    for one, away_then in zip(chain, days, strict=False):
        last = await absences.create(world.context, world.admin, one, away_then)

    async def holder() -> UserId | None:
        return (await world.open_task(await world.start(clerk, code, who=chain[0]))).holder_id

    assert await holder() == chain[0]
    await absences.end(world.context, world.admin, chain[16], last.id)
    assert await holder() == chain[16]


async def test_an_absence_follows_the_days_of_the_persons_time_zone_and_is_forgotten(world: World) -> None:
    context, buyer = world.context, world.people["buyer"]
    async with context.database.write() as tx:
        await tx.execute("UPDATE users SET time_zone = 'Asia/Tokyo' WHERE id = %s", (buyer,))
    found = await away(world, "buyer", "stranger", first=1, last=1)
    assert (found.from_at.isoformat(), found.until_at.isoformat()) == (
        "2026-03-02T15:00:00+00:00",
        "2026-03-03T15:00:00+00:00",
    )
    world.clock.advance(timedelta(hours=6))
    assert found.is_running(context.clock())
    with pytest.raises(InvalidState, match="has started"):
        await absences.change(context, world.admin, buyer, found.id, first_day=TODAY + 2 * DAY)
    longer = await absences.change(context, world.admin, buyer, found.id, last_day=TODAY + 3 * DAY)
    assert await absences.listed(context, world.admin, buyer) == [longer]

    world.clock.advance(4 * DAY)
    await sweep(context)
    assert await world.rows("SELECT 1 FROM absences") == []


async def test_an_absence_that_cannot_be_is_refused(world: World, clerk: Actor, manager: Actor) -> None:
    context, buyer, stranger = world.context, world.people["buyer"], world.people["stranger"]
    rival = world.rival.user_id
    assert rival is not None
    kept = await away(world, "buyer", "stranger", first=5, last=9)
    for first, last, substitute, expected in (
        (3, 2, stranger, [("until", "too_early")]),
        (-3, -1, stranger, [("until", "too_early")]),
        (0, 4000, stranger, [("until", "too_late")]),
        (-4000, 0, stranger, [("from", "too_early")]),
        (0, 1, buyer, [("substitute", "own_substitute")]),
        (0, 1, rival, [("substitute", "unknown_user")]),
        (2, 1, UserId(10**9), [("until", "too_early"), ("substitute", "unknown_user")]),
    ):
        days = AbsenceDays(first_day=TODAY + first * DAY, last_day=TODAY + last * DAY, substitute=substitute)
        with pytest.raises(InvalidValues) as refused:
            await absences.create(context, world.admin, buyer, days)
        assert faults_of(refused.value) == expected
    for first, last in ((0, 5), (9, 12), (6, 7), (0, 30)):
        with pytest.raises(Conflict, match="2026-03-07 to 2026-03-11"):
            await away(world, "buyer", "stranger", first=first, last=last)
    beside = await away(world, "buyer", "stranger", first=10, last=12)
    with pytest.raises(Conflict):
        await absences.change(context, world.admin, buyer, beside.id, first_day=TODAY + 9 * DAY)
    days = AbsenceDays(first_day=TODAY, last_day=TODAY, substitute=stranger)
    with pytest.raises(Forbidden):
        await absences.create(context, manager, buyer, days)
    with pytest.raises(NotFound):
        await absences.create(context, world.admin, UserId(10**9), days)
    with pytest.raises(NotFound):
        await absences.end(context, clerk, world.people["clerk"], kept.id)
    assert [one.id for one in await absences.listed(context, world.admin, buyer)] == [kept.id, beside.id]
