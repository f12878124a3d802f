"""Searches find the same whichever way they go."""

from datetime import timedelta

import pytest

from satchel.actions.instances import lifecycle
from satchel.db.lists import search
from surfaces.conftest import Api


async def found(api: Api, query: str) -> list[str]:
    """Return the identifiers that a search finds, over pages of two."""
    client = await api.client("clerk")
    names: list[str] = []
    cursor = ""
    while True:
        answer = await client.get(f"/api/v1/instances?{query}&limit=2{cursor}")
        assert answer.status_code == 200, answer.text
        names += [item["identifier"].rpartition("-")[2] for item in answer.json()["items"]]
        if answer.json()["next"] is None:
            return names
        cursor = f"&cursor={answer.json()['next']}"


@pytest.mark.parametrize(("walk", "candidates"), [(2_000, 2_000), (1, 2_000), (1, 1)], ids=["walk", "rare", "common"])
async def test_a_search_finds_the_same_by_walk_by_trigrams_and_by_order(
    api: Api, monkeypatch: pytest.MonkeyPatch, walk: int, candidates: int
) -> None:
    monkeypatch.setattr(search, "WALK", walk)
    monkeypatch.setattr(search, "CANDIDATES", candidates)
    world = api.world
    await world.deploy_example("purchase-request")
    clerk = await world.actor("clerk")
    started = world.clock()
    for item in ("Desk", "Lamp", "Desk", "Chair", "Desk", "Desk lamp", "Desk"):
        instance = await world.start(clerk, "PUR", item=item)
        world.clock.advance(timedelta(days=1))
        if item != "Chair":
            await lifecycle.cancel_instance(world.context, world.admin, instance, why="")
        world.clock.advance(timedelta(days=1))

    def day(number: int) -> str:
        return (started + timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert await found(api, "title=desk") == ["7", "6", "5", "3", "1"]
    assert await found(api, "app=PUR&title=desk&sort=title") == ["7", "5", "3", "1", "6"]
    assert await found(api, "app=PUR&title=desk&sort=-title") == ["6", "1", "3", "5", "7"]
    assert await found(api, "app=PUR&field.item.contains=lamp") == ["6", "2"]
    assert await found(api, "app=PUR&title=desk&sort=ended_at") == ["1", "3", "5", "6", "7"]
    assert await found(api, f"app=PUR&ended_to={day(5)}") == ["3", "2", "1"]
    assert await found(api, f"app=PUR&started_from={day(4)}&sort=ended_at") == ["3", "5", "6", "7", "4"]
    assert await found(api, f"app=PUR&started_from={day(4)}&ended_to={day(9)}&sort=-ended_at") == ["5", "3"]
    assert await found(api, "state=running&sort=state") == ["4"]
