"""Many starts at once: none waits until another has committed, and none meets another in the wrong order."""

import asyncio
import time
from dataclasses import replace

from engine_bpmn import END, START, document, el, path
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.db.pool import Writer
from satchel.model.ids import InstanceId
from surfaces.conftest import Api
from world import bundle, fields

LONGEST_S = 10.0
"""Less than a lock is waited for; all of them take a second on an idle machine."""


def _calls(code: str, first: str, second: str) -> dict[str, bytes]:
    """Return an app that calls two others at once, one before the other."""
    process = document(
        START,
        END,
        el("parallelGateway", "fork"),
        el("parallelGateway", "join"),
        el("callActivity", "x", calledElement=first),
        el("callActivity", "y", calledElement=second),
        path("start", "fork", "x", "join", "end"),
        path("fork", "y", "join"),
    )
    return bundle({"code": code, "calls": {"x": {"app": first}, "y": {"app": second}}}, process)


async def _started(api: Api, code: str, count: int) -> list[str]:
    """Start instances of an app one after the other, and return their identifiers."""
    client = await api.client("clerk")
    found: list[str] = []
    for _ in range(count):
        answer = await client.post(f"/api/v1/apps/{code}/instances", json={"values": {}})
        assert answer.status_code == 201, answer.text
        found.append(answer.json()["instance"]["identifier"])
    return found


async def test_apps_that_call_the_same_two_in_opposite_orders_are_started_at_once(api: Api) -> None:
    for code in ("KA", "KB"):
        await api.world.deploy(bundle({"code": code, "fields": fields({"id": "a", "type": "integer"})}))
    await api.world.deploy(_calls("CRP", "KA", "KB"))
    await api.world.deploy(_calls("CRQ", "KB", "KA"))
    begun = time.monotonic()

    found = await asyncio.gather(*(_started(api, code, 10) for code in ("CRP", "CRQ", "CRP", "CRQ")))

    assert time.monotonic() - begun < LONGEST_S
    assert sorted(one for some in found for one in some) == sorted(
        f"{code}-{n}" for code in ("CRP", "CRQ") for n in range(1, 21)
    )
    called = await api.world.rows("SELECT identifier FROM instances WHERE parent_id IS NOT NULL")
    assert len({str(identifier) for (identifier,) in called}) == 80


async def test_a_start_does_not_wait_for_one_of_the_same_app_that_has_not_committed(api: Api) -> None:
    await api.world.deploy(bundle({"code": "ONE"}))
    meanwhile: list[InstanceId] = []

    async def start_another(_tx: Writer) -> None:
        meanwhile.append(await api.world.start(await api.world.actor("clerk"), "ONE"))

    context = replace(api.world.context, database=api.world.context.database.with_every_write(start_another))
    first = await lifecycle.start(context, await api.world.actor("clerk"), "ONE", Submission())

    assert first.instance.identifier == "ONE-1"
    (view,) = [await lifecycle.read(api.world.context, api.world.admin, number) for number in meanwhile]
    assert view.instance.identifier == "ONE-2"
