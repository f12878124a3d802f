"""The manager's story: a wrong address, an incident, a corrected version, and a retry with its settings."""

import httpx

from calling import FIELDS, START, allow, deploy_task
from engine_bpmn import el, simple, user
from peers import peer
from satchel.model.ids import InstanceId
from surfaces.conftest import Api
from world import bundle

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
GONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


async def stopped(api: Api, url: str) -> tuple[httpx.AsyncClient, InstanceId, dict[str, object]]:
    """Start an instance whose call fails for good, and return its incident."""
    await deploy_task(api.world, kind="rest", method="POST", url=url)
    admin = await api.client("admin")
    number = InstanceId((await admin.post("/api/v1/apps/RST/instances", json={})).json()["instance"]["id"])
    await api.world.perform(number)
    return admin, number, await incident(admin)


async def incident(admin: httpx.AsyncClient) -> dict[str, object]:
    (found,) = (await admin.get("/api/v1/incidents")).json()["items"]
    return dict(found)


async def test_a_retry_uses_the_corrected_address_if_it_is_asked_to(api: Api) -> None:
    async with peer() as other:
        allow(api.world, other)
        wrong, right = other.says("/wrong", GONE), other.says("/right", OK)
        admin, number, first = await stopped(api, wrong)
        assert first["newer_version"] is None
        await deploy_task(api.world, kind="rest", method="POST", url=right)

        second = await incident(admin)
        assert second["newer_version"] == 2
        plain = await admin.post(f"/api/v1/incidents/{second['id']}/retry")
        assert (plain.status_code, plain.json()) == (200, {"version": 1, "newer_version": 2})
        await api.world.perform(number)
        third = await incident(admin)
        newest = await admin.post(f"/api/v1/incidents/{third['id']}/retry?settings=newest")
        assert (newest.status_code, newest.json()) == (200, {"version": 2, "newer_version": None})
        await api.world.perform(number)

    assert (await admin.get("/api/v1/incidents")).json()["items"] == []
    assert (await api.world.open_task(number)).element == "u"
    assert await api.world.rows("SELECT v.number FROM instances i JOIN app_versions v ON v.id = i.version_id") == [(1,)]
    history = (await admin.get(f"/api/v1/instances/{number}/history")).json()["items"]
    assert [one["data"].get("settings") for one in history if one["kind"] == "incident.retried"] == [None, 2]


async def test_a_retry_says_nothing_where_the_settings_are_the_newest(api: Api) -> None:
    async with peer() as other:
        allow(api.world, other)
        url = other.says("/wrong", GONE)
        admin, _, found = await stopped(api, url)
        await deploy_task(api.world, kind="rest", method="POST", url=url)
        assert (await incident(admin))["newer_version"] is None
        assert (await admin.post(f"/api/v1/incidents/{found['id']}/retry")).status_code == 204


async def test_settings_that_do_not_fit_the_instance_are_refused_and_nothing_is_retried(api: Api) -> None:
    async with peer() as other:
        allow(api.world, other)
        admin, _, found = await stopped(api, other.says("/wrong", GONE))
        more = [*FIELDS, {"number": 90, "id": "fresh", "label": "Fresh", "type": "text"}]
        process = simple(el("serviceTask", "s"), user("u"), through=("s", "u"))
        for task, why in (
            ({"kind": "rest", "method": "POST", "url": "https://x.example/{{ fresh }}"}, "do not fit version 1"),
            ({"kind": "manual"}, "waits for a person"),
        ):
            await api.world.deploy(
                bundle({"code": "RST", "fields": more, "start": START, "services": {"s": task}}, process)
            )
            refused = await admin.post(f"/api/v1/incidents/{found['id']}/retry?settings=newest")
            assert (refused.status_code, refused.json()["code"]) == (409, "invalid_state")
            assert why in refused.json()["detail"]
            assert (await incident(admin))["id"] == found["id"]


async def test_newer_settings_act_for_those_who_deployed_them(api: Api) -> None:
    process = simple(el("serviceTask", "s"), user("u"), through=("s", "u"))

    def version(**task: object) -> dict[str, bytes]:
        return bundle({"code": "RST", "fields": FIELDS, "start": START, "services": {"s": task}}, process)

    await api.world.deploy(version(kind="instance", do="create", app="NOPE"))
    admin = await api.client("admin")
    number = InstanceId((await admin.post("/api/v1/apps/RST/instances", json={})).json()["instance"]["id"])
    await api.world.perform(number)
    await api.world.deploy(version(kind="instance", do="create", app="RST", set={"name": "name"}))
    async with api.world.context.database.write() as tx:
        await tx.execute("UPDATE app_versions SET deployed_by = NULL WHERE number = 2")
    found = await incident(admin)
    assert (await admin.post(f"/api/v1/incidents/{found['id']}/retry?settings=newest")).status_code == 200
    await api.world.perform(number)
    assert "deployed version 2" in str((await incident(admin))["message"])
