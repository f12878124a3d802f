"""Accounts, people, groups and rights."""

import pytest

from satchel.actions.identity import accounts
from satchel.model.actor import Actor, Right
from satchel.model.errors import Conflict, Forbidden, InvalidRequest, InvalidValues, NotFound, Unavailable
from satchel.model.ids import GroupId, UserId
from world import World, faults_of


async def test_an_account_is_found_by_its_name_and_names_are_unique(world: World) -> None:
    assert (await accounts.find_account(world.context, "Acme")).id == world.account
    with pytest.raises(Conflict):
        await accounts.create_account(world.context, "Acme")
    with pytest.raises(NotFound):
        await accounts.find_account(world.context, "Nobody")
    with pytest.raises(InvalidRequest, match="Acme, Rival"):
        await accounts.find_account(world.context, None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": "no-at-sign"}, "email"),
        ({"email": "a b@c.example"}, "email"),
        ({"email": "a:b@c.example"}, "email"),
        ({"email": "@c.example"}, "email"),
        ({"email": "a\x00@c.example"}, "email"),
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"time_zone": "Middle/Earth"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"time_zone": "Europe"}, "time_zone"),
        ({"locale": "x" * 200}, "locale"),
    ],
)
async def test_a_user_needs_an_email_a_name_and_a_zone_that_exist(
    world: World, given: dict[str, str], field: str
) -> None:
    whole = {"email": "new@acme.example", "name": "New", **given}

    with pytest.raises(InvalidValues) as refused:
        await accounts.create_user(world.context, world.admin, **whole)  # type: ignore[arg-type]  # texts all

    assert [fault.field for fault in refused.value.faults] == [field]


async def test_an_email_is_taken_within_its_account_whatever_its_case(world: World) -> None:
    await accounts.create_user(world.context, world.rival, email="CLERK@acme.example", name="Other")
    for admin in (world.admin, world.rival):
        with pytest.raises(Conflict):
            await accounts.create_user(world.context, admin, email="Clerk@ACME.example", name="Other")


async def test_a_login_of_the_command_line_names_its_account_where_it_has_to(world: World) -> None:
    found, email = await accounts.find_login(world.context, "clerk@acme.example")
    assert (found.name, email) == ("Acme", "clerk@acme.example")
    await accounts.create_user(world.context, world.rival, email="clerk@acme.example", name="Other")
    with pytest.raises(InvalidRequest, match=r"Acme/clerk@acme.example or Rival/clerk@acme.example|Rival/.* or Acme/"):
        await accounts.find_login(world.context, "clerk@acme.example")
    found, email = await accounts.find_login(world.context, "Rival/clerk@acme.example")
    assert (found.name, email) == ("Rival", "clerk@acme.example")
    with pytest.raises(NotFound):
        await accounts.find_login(world.context, "nobody@acme.example")


async def test_only_administrators_change_people_and_rights(world: World, clerk: Actor) -> None:
    group = world.groups["buyers"]
    with pytest.raises(Forbidden):
        await accounts.create_user(world.context, clerk, email="x@y.example", name="X")
    with pytest.raises(Forbidden):
        await accounts.create_group(world.context, clerk, "mine")
    with pytest.raises(Forbidden):
        await accounts.set_member(world.context, clerk, group, world.people["clerk"], is_member=True)
    with pytest.raises(Forbidden):
        await accounts.grant(world.context, clerk, group, Right.VIEW, app=None)
    with pytest.raises(Forbidden):
        await accounts.set_quota(world.context, clerk, 1)
    with pytest.raises(Forbidden):
        await accounts.end_user(world.context, clerk, world.people["buyer"], erase=True)
    with pytest.raises(Forbidden):
        await accounts.events(world.context, clerk, after=0, limit=10)


async def test_another_accounts_people_and_groups_answer_as_unknown_ones(world: World) -> None:
    theirs, group = world.people["clerk"], world.groups["clerks"]
    known = [str(await _refusal(world, theirs, group)), str(await _refusal(world, UserId(10**9), GroupId(10**9)))]

    assert known[0].replace(str(group), "#") == known[1].replace(str(10**9), "#")
    with pytest.raises(NotFound):
        await accounts.user_by_email(world.context, world.rival, "clerk@acme.example")
    assert [user.email for user in await accounts.users(world.context, world.rival, after=0, limit=50)] == [
        "admin@rival.example"
    ]


async def _refusal(world: World, user: UserId, group: GroupId) -> NotFound:
    with pytest.raises(NotFound) as refused:
        await accounts.set_member(world.context, world.rival, group, user, is_member=True)
    return refused.value


async def test_rights_come_with_a_group_and_go_with_it(world: World) -> None:
    code = await world.deploy_example("file-collection")
    group = await accounts.create_group(world.context, world.admin, "collectors")
    number = world.people["stranger"]

    await accounts.set_member(world.context, world.admin, group, number, is_member=True)
    await accounts.set_member(world.context, world.admin, group, number, is_member=True)
    for _ in range(2):
        await accounts.grant(world.context, world.admin, group, Right.START, app=code)
        await accounts.grant(world.context, world.admin, group, Right.VIEW, app=None)
    actor = await world.actor("stranger")
    assert len(actor.apps_with(Right.START) or ()) == 1
    assert actor.apps_with(Right.VIEW) is None

    await accounts.grant(world.context, world.admin, group, Right.VIEW, app=None, is_granted=False)
    assert (await world.actor("stranger")).apps_with(Right.VIEW) == frozenset()
    await accounts.set_member(world.context, world.admin, group, number, is_member=False)
    assert (await world.actor("stranger")).rights == {}


async def test_the_right_to_administer_is_of_the_whole_account(world: World) -> None:
    code = await world.deploy_example("file-collection")
    with pytest.raises(InvalidRequest):
        await accounts.grant(world.context, world.admin, world.groups["buyers"], Right.ADMIN, app=code)
    with pytest.raises(NotFound):
        await accounts.grant(world.context, world.admin, world.groups["buyers"], Right.VIEW, app="NONE")


async def test_members_and_grants_are_shown_to_administrators_only(world: World, clerk: Actor) -> None:
    seen = await accounts.people(world.context, world.admin)
    assert world.people["clerk"] in seen.members[world.groups["clerks"]]
    assert any(one.group_id == world.groups["viewers"] and one.right is Right.VIEW for one in seen.grants)

    shown = await accounts.people(world.context, clerk)
    assert (len(shown.groups), shown.members, shown.grants) == (len(seen.groups), {}, [])


async def test_a_quota_may_be_lowered_beneath_what_is_used(world: World) -> None:
    with pytest.raises(InvalidValues) as refused:
        await accounts.set_quota(world.context, world.admin, -1)
    assert faults_of(refused.value) == [("limit_bytes", "too_small")]

    await accounts.set_quota(world.context, world.admin, 0)
    assert (await accounts.storage(world.context, world.admin)).limit_bytes == 0


async def test_erasing_a_person_blanks_the_row_and_keeps_the_history(world: World, clerk: Actor) -> None:
    code = await world.deploy_example("file-collection")
    number = await world.start(clerk, code, subject="One")

    await accounts.end_user(world.context, world.admin, world.people["clerk"], erase=True)

    assert clerk.user_id is not None
    users = {user.id: user for user in await accounts.users(world.context, world.admin, after=0, limit=50)}
    erased = users[clerk.user_id]
    assert (erased.email, erased.name, erased.is_active) == (None, "(erased)", False)
    told = await world.rows("SELECT user_id FROM events WHERE instance_id = %s", number)
    assert told == [(clerk.user_id,)]
    # The login name is free again.
    await accounts.create_user(world.context, world.admin, email="clerk@acme.example", name="Second")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET kind = 'x'", "DELETE FROM events", "TRUNCATE events", "DELETE FROM events WHERE false"],
)
async def test_the_history_can_neither_be_changed_nor_removed(world: World, statement: str) -> None:
    with pytest.raises(Unavailable) as refused:
        async with world.context.database.write() as tx:
            await tx.execute(statement)
    assert "append-only" in str(refused.value.__cause__)
