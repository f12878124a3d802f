"""Requests at once, over HTTP: what is read before a lock is read again under it."""

import asyncio
from base64 import b64encode

import httpx
import pytest

from faults.test_interleavings import CALLED, CALLER, HOUR, SERVICE
from overtaking import overtaken
from satchel.actions.calls import attempts, by_hand
from satchel.actions.identity import credentials
from satchel.actions.instances import due
from satchel.model.ids import InstanceId, JobId
from satchel.queue.enqueue import PERFORM_CALL
from surfaces.conftest import Api
from surfaces.conftest import api as api  # noqa: PLC0414  # the fixture
from world import bundle


async def _failed_service(api: Api) -> tuple[int, int]:
    """Return an instance whose service task failed, and its incident."""
    await api.world.deploy(SERVICE)
    number = await api.world.start(api.world.admin, "SRV")
    ((call,),) = await api.world.rows("SELECT id FROM calls")
    await attempts.perform(api.world.context, api.world.account, JobId(int(str(call))), 1)
    async with api.world.context.database.write() as tx:
        await tx.execute("DELETE FROM procrastinate_jobs")
    (incident,) = await by_hand.incidents(api.world.context, api.world.admin, instance_id=number, after=0, limit=9)
    return number, incident.id


async def _requests(api: Api) -> int:
    return len(await api.world.rows("SELECT id FROM procrastinate_jobs WHERE task_name = %s", PERFORM_CALL))


async def test_an_incident_that_is_retried_three_times_at_once_sends_one_request(api: Api) -> None:
    _, incident = await _failed_service(api)
    admin = await api.client("admin")

    answers = await asyncio.gather(*(admin.post(f"/api/v1/incidents/{incident}/retry") for _ in range(3)))

    assert sorted(answer.is_success for answer in answers) == [False, False, True]
    assert {answer.json()["code"] for answer in answers if not answer.is_success} == {"invalid_state"}
    assert await _requests(api) == 1


async def test_of_a_retry_and_a_skip_at_once_one_wins(api: Api) -> None:
    for _ in range(3):
        _, incident = await _failed_service(api)
        admin = await api.client("admin")
        answers = await asyncio.gather(
            admin.post(f"/api/v1/incidents/{incident}/retry"),
            admin.post(f"/api/v1/incidents/{incident}/skip", json={}),
        )
        assert sorted(answer.is_success for answer in answers) == [False, True], [answer.text for answer in answers]
        assert await _requests(api) == int(answers[0].is_success)
        async with api.world.context.database.write() as tx:
            await tx.execute("DELETE FROM calls")


async def _called(api: Api) -> tuple[int, int, int]:
    """Return a caller, what it called and the task of that."""
    await api.world.deploy(CALLED)
    await api.world.deploy(CALLER)
    caller = await api.world.start(api.world.admin, "TOP")
    ((child,),) = await api.world.rows("SELECT child_id FROM waits WHERE kind = 'call' AND instance_id = %s", caller)
    task = await api.world.open_task(InstanceId(int(str(child))))
    return caller, int(str(child)), task.id


async def test_the_caller_of_an_instance_that_is_completed_and_deleted_at_once_goes_on(api: Api) -> None:
    caller, child, task = await _called(api)
    admin = await api.client("admin")
    assert (await admin.post(f"/api/v1/tasks/{task}/complete", json={"values": {}})).is_success
    assert (await admin.delete(f"/api/v1/instances/{child}")).is_success

    await due.return_call(api.world.context, api.world.account, InstanceId(child))

    assert (await admin.get(f"/api/v1/instances/{caller}")).json()["state"] == "failed"


async def test_the_timer_at_a_call_whose_instance_is_gone_fires(api: Api) -> None:
    caller, child, task = await _called(api)
    admin = await api.client("admin")
    assert (await admin.post(f"/api/v1/tasks/{task}/complete", json={"values": {}})).is_success
    assert (await admin.delete(f"/api/v1/instances/{child}")).is_success
    api.world.clock.advance(HOUR)

    assert await due.run_due(api.world.context) == 1
    assert await due.run_due(api.world.context) == 0

    tasks = (await admin.get(f"/api/v1/instances/{caller}")).json()["tasks"]
    assert [one["element"] for one in tasks] == ["w"]


async def test_a_caller_whose_called_instance_is_gone_can_be_cancelled(api: Api) -> None:
    caller, child, _ = await _called(api)
    async with api.world.context.database.write() as tx:  # deleted between the caller's two looks at it
        await tx.execute("DELETE FROM instances WHERE id = %s", (child,))
    admin = await api.client("admin")
    assert (await admin.post(f"/api/v1/instances/{caller}/cancel", json={})).is_success


async def test_timers_that_cannot_be_done_get_incidents_and_keep_no_other_waiting(api: Api) -> None:
    world = api.world
    await world.deploy(CALLED)
    await world.deploy(CALLER)
    poisoned = [await world.start(world.admin, "TOP") for _ in range(due.AT_ONCE)]
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE instance_states SET state = '\\x00' WHERE instance_id = ANY(%s)", (poisoned,))
    world.clock.advance(HOUR)
    sound = await world.start(world.admin, "TOP")
    world.clock.advance(HOUR)

    assert await due.run_due(world.context) == due.AT_ONCE
    assert await due.run_due(world.context) == 1
    assert await due.run_due(world.context) == 0

    assert (await world.open_task(sound)).element == "w"
    open_ones = await world.rows("SELECT DISTINCT instance_id, code FROM incidents WHERE closed_at IS NULL")
    assert {row[0] for row in open_ones} == set(poisoned)
    assert {row[1] for row in open_ones} == {"corrupt_state"}


async def test_one_user_never_has_more_exports_than_may_be(api: Api) -> None:
    await api.world.deploy(bundle({"code": "EXP", "tasks": {"a": {}}}))
    admin = await api.client("admin")
    for _ in range(49):
        assert (await admin.post("/api/v1/exports", json={"query": {"app": "EXP"}})).status_code < 300

    answers = await asyncio.gather(*(admin.post("/api/v1/exports", json={"query": {"app": "EXP"}}) for _ in range(6)))

    assert [answer.is_success for answer in answers].count(True) == 1
    assert {answer.status_code for answer in answers if not answer.is_success} == {409}


@pytest.mark.parametrize("is_delete_first", [True, False])
@pytest.mark.parametrize("what", ["add", "remove"])
async def test_a_star_of_an_instance_that_is_being_deleted_is_no_fault_of_the_server(
    api: Api, what: str, *, is_delete_first: bool
) -> None:
    world, admin = api.world, api.world.admin
    assert admin.user_id is not None
    await world.deploy(SERVICE)
    token = await credentials.create_token(world.context, admin, admin.user_id, kind="token", name="t")
    password = await credentials.create_api_password(world.context, admin, admin.user_id)
    native = {"Authorization": f"Bearer {token.secret}"}
    basic = {"Authorization": f"Basic {b64encode(f'admin@acme.example:{password.secret}'.encode()).decode()}"}
    number, moments = [await world.start(admin, "SRV")], 0

    async def delete(client: httpx.AsyncClient) -> httpx.Response:
        return await client.delete(f"/api/v1/instances/{number[0]}", headers=native)

    async def star(client: httpx.AsyncClient) -> httpx.Response:
        address = f"/questetra/API/OR/ProcessInstance/{number[0]}/Star/{what}"
        return await client.post(address, headers=basic)

    async for answers in overtaken(api, *((delete, star) if is_delete_first else (star, delete))):
        moments += 1
        deleted, starred = answers if is_delete_first else reversed(answers)
        assert deleted.status_code == 204
        if is_delete_first:
            assert (starred.status_code, starred.json()["errors"][0]["type"]) == (400, "InvalidId"), starred.text
        else:
            assert starred.status_code == 200, starred.text
        number[0] = await world.start(admin, "SRV")
    assert moments > 0
