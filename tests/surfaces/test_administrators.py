"""An account keeps an administrator, whatever administrators do to themselves and to each other."""

import asyncio

import pytest

from satchel.actions.identity import accounts
from satchel.model.actor import Right, system
from satchel.model.ids import GroupId, UserId
from surfaces.conftest import Api

DOINGS = ("erase", "deactivate", "leave", "revoke")


async def attempt(api: Api, what: str, person: int, group: int) -> tuple[int, dict[str, object]]:
    """Have the administrator do something to a person or their group."""
    admin = await api.client("admin")
    match what:
        case "erase" | "deactivate":
            answer = await admin.post(f"/api/v1/users/{person}/{what}")
        case "leave":
            answer = await admin.delete(f"/api/v1/groups/{group}/members/{person}")
        case _:
            answer = await admin.request("DELETE", "/api/v1/grants", json={"group": group, "right": "admin"})
    return answer.status_code, answer.json() if answer.content else {}


async def office(api: Api) -> tuple[UserId, GroupId]:
    """Return the administrator and the group that makes them one."""
    world = api.world
    people = await accounts.people(world.context, world.admin)
    group = next(one.group_id for one in people.grants if one.right is Right.ADMIN)
    assert world.admin.user_id is not None
    return world.admin.user_id, group


@pytest.mark.parametrize("what", DOINGS)
async def test_the_last_administrator_stays(api: Api, what: str) -> None:
    person, group = await office(api)

    status, body = await attempt(api, what, person, group)

    assert (status, body["code"]) == (409, "conflict")
    assert "no administrator" in str(body["detail"])
    assert (await (await api.client("admin")).get("/api/v1/secrets")).status_code == 200


async def test_one_of_two_may_go(api: Api) -> None:
    person, group = await office(api)
    clerk = api.world.people["clerk"]
    await accounts.set_member(api.world.context, api.world.admin, group, clerk, is_member=True)

    assert (await attempt(api, "leave", person, group))[0] == 204


async def test_two_who_remove_each_other_do_not_both_succeed(api: Api) -> None:
    world = api.world
    person, group = await office(api)
    clerk = world.people["clerk"]
    await accounts.set_member(world.context, world.admin, group, clerk, is_member=True)
    other = await world.actor("clerk")

    done = await asyncio.gather(
        accounts.end_user(world.context, world.admin, clerk, erase=False),
        accounts.end_user(world.context, other, person, erase=False),
        return_exceptions=True,
    )

    assert len([one for one in done if one is None]) == 1


async def test_the_operator_may_leave_an_account_without_one(api: Api) -> None:
    person, _ = await office(api)

    await accounts.end_user(api.world.context, system(api.world.account), person, erase=False)
