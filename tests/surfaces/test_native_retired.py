"""A retired app starts nothing, by no door; what runs goes on, and the app can be brought back."""

from engine_bpmn import el, simple
from satchel.model.ids import InstanceId
from surfaces.conftest import Api
from world import bundle


async def retired(api: Api) -> None:
    admin = await api.client("admin")
    answer = await admin.post("/api/v1/apps/EVA/retire")
    assert answer.status_code == 204, answer.text


async def test_nothing_is_started_from_a_retired_app_and_what_runs_goes_on(api: Api) -> None:
    await api.world.deploy_example("product-evaluation")
    clerk = await api.client("clerk")
    running = await api.world.start(
        await api.world.actor("clerk"),
        "EVA",
        product="Desk",
        description=[
            await api.world.upload(
                await api.world.actor("clerk"), b"%PDF-1.7 x", name="a.pdf", field="description", app="EVA"
            )
        ],
    )
    await retired(api)
    for path, body in (
        ("apps/EVA/instances", {"values": {"product": "Lamp"}}),
        ("apps/EVA/actions/30", {"values": {"product": "Lamp"}}),
        ("uploads", {"app": "EVA", "field": "description", "size": 3}),
    ):
        refused = await clerk.post(f"/api/v1/{path}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "invalid_state"), refused.text
        assert "is retired" in refused.json()["detail"]
    await api.world.complete(await api.world.actor("buyer"), running, outcome="reject")
    assert await api.world.rows(
        "SELECT count(*) FROM instances WHERE app_id = (SELECT id FROM apps WHERE code='EVA')"
    ) == [(1,)]


async def test_a_retired_app_is_shown_as_such_and_is_not_offered_to_start(api: Api) -> None:
    await api.world.deploy_example("product-evaluation")
    clerk, admin = await api.client("clerk"), await api.client("admin")
    (before,) = (await clerk.get("/api/v1/apps")).json()["items"]
    await retired(api)
    (after,) = (await clerk.get("/api/v1/apps")).json()["items"]
    assert (before["retired"], after["retired"]) == (False, True)
    assert after["may"] == [right for right in before["may"] if right != "start"]
    assert (await clerk.get("/api/v1/apps?may=start")).json()["items"] == []
    assert (await admin.post("/api/v1/apps/EVA/retire")).status_code == 409
    assert (await clerk.post("/api/v1/apps/EVA/restore")).status_code == 403
    assert (await (await api.client("rival")).post("/api/v1/apps/EVA/restore")).status_code == 404
    assert (await admin.post("/api/v1/apps/EVA/restore")).status_code == 204
    assert (await admin.post("/api/v1/apps/EVA/restore")).status_code == 409
    assert (await clerk.get("/api/v1/apps")).json()["items"] == [before]


async def test_a_call_of_a_retired_app_stops_and_goes_on_when_it_is_back(api: Api) -> None:
    await api.world.deploy(bundle({"code": "CHILD"}))
    process = simple(el("callActivity", "c", calledElement="CHILD"), through=("c",))
    await api.world.deploy(bundle({"code": "CALLER", "calls": {"c": {"app": "CHILD"}}}, process))
    admin = await api.client("admin")
    assert (await admin.post("/api/v1/apps/CHILD/retire")).status_code == 204
    stopped = await admin.post("/api/v1/apps/CALLER/instances", json={})
    assert (stopped.status_code, "retired" in stopped.json()["detail"]) == (409, True), stopped.text
    assert (await admin.post("/api/v1/apps/CHILD/restore")).status_code == 204
    assert (await admin.post("/api/v1/apps/CALLER/instances", json={})).status_code == 201


async def test_a_service_task_creates_nothing_of_a_retired_app(api: Api) -> None:
    await api.world.deploy(bundle({"code": "CHILD"}))
    service = {"s": {"kind": "instance", "do": "create", "app": "CHILD"}}
    await api.world.deploy(
        bundle({"code": "MAKER", "services": service}, simple(el("serviceTask", "s"), through=("s",)))
    )
    admin = await api.client("admin")
    number = (await admin.post("/api/v1/apps/MAKER/instances", json={})).json()["instance"]["id"]
    assert (await admin.post("/api/v1/apps/CHILD/retire")).status_code == 204
    await api.world.perform(InstanceId(number))
    (found,) = (await admin.get("/api/v1/incidents")).json()["items"]
    assert (found["code"], "is retired" in found["message"]) == ("invalid_state", True)
