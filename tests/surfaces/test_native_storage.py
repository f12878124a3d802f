"""The operator's ceiling, and the limit below it that an account's administrators set."""

import asyncio

from satchel.actions.identity import ceilings
from surfaces.conftest import Api
from world import QUOTA, TEXT

ADDRESS = "/api/v1/storage"


async def test_an_administrator_sets_less_than_the_ceiling_and_never_more(api: Api) -> None:
    admin = await api.client("admin")
    lower = await admin.put(ADDRESS, json={"limit_bytes": QUOTA - 1})
    assert (lower.status_code, lower.json()["limit_bytes"], lower.json()["ceiling_bytes"]) == (200, QUOTA - 1, QUOTA)

    refused = await admin.put(ADDRESS, json={"limit_bytes": QUOTA + 1})

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_values")
    (fault,) = refused.json()["errors"]
    assert (fault["field"], fault["code"]) == ("limit_bytes", "too_large")
    assert str(QUOTA) in fault["message"]
    assert str(QUOTA + 1) in fault["message"]
    assert (await admin.get(ADDRESS)).json()["limit_bytes"] == QUOTA - 1
    kinds = [event["kind"] for event in (await admin.get("/api/v1/events?limit=200")).json()["items"]]
    assert kinds.count("quota.set") == 1, "a limit that was refused is not history"


async def test_a_limit_at_the_ceiling_follows_it_and_a_lower_one_stays(api: Api) -> None:
    world, admin = api.world, await api.client("admin")

    async def after(ceiling: int) -> tuple[int, int]:
        await ceilings.set_ceiling(world.context, world.account, ceiling)
        now = (await admin.get(ADDRESS)).json()
        return now["limit_bytes"], now["ceiling_bytes"]

    await admin.put(ADDRESS, json={"limit_bytes": 5000})
    assert await after(9000) == (5000, 9000)
    assert await after(4000) == (4000, 4000)
    assert await after(9000) == (5000, 9000)
    await admin.put(ADDRESS, json={"limit_bytes": 9000})
    assert await after(20_000) == (20_000, 20_000)


async def test_a_limit_below_what_is_used_is_answered_with_what_is_refused_and_refuses_that(api: Api) -> None:
    code = await api.world.deploy_example("file-collection")
    await api.upload("clerk", TEXT, app=code, field="files", name="a.txt")
    admin, clerk = await api.client("admin"), await api.client("clerk")
    assert (await admin.get(ADDRESS)).json()["consequence"] is None

    set_lower = await admin.put(ADDRESS, json={"limit_bytes": len(TEXT) - 1})

    assert set_lower.status_code == 200
    now = set_lower.json()
    assert (now["over_bytes"], now["reserved_bytes"]) == (1, len(TEXT))
    assert "over_quota" in now["consequence"]
    wish = {"app": code, "field": "files", "name": "b.txt", "size": 1}
    refused = await clerk.post("/api/v1/uploads", json=wish)
    assert (refused.status_code, refused.json()["code"]) == (507, "over_quota")


async def test_a_limit_never_ends_above_a_ceiling_that_is_lowered_at_the_same_time(api: Api) -> None:
    world, admin = api.world, await api.client("admin")
    for _ in range(10):
        await ceilings.set_ceiling(world.context, world.account, 9000)
        await asyncio.gather(
            ceilings.set_ceiling(world.context, world.account, 4000), admin.put(ADDRESS, json={"limit_bytes": 8999})
        )
        now = (await admin.get(ADDRESS)).json()
        assert now["limit_bytes"] <= now["ceiling_bytes"] == 4000
