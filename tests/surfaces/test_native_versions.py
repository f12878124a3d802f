"""Versions of apps by number, and their diagrams as they were deployed."""

import pytest

from surfaces.conftest import Api
from world import EXAMPLES, bundle, fields


async def _deployed(api: Api) -> None:
    """Deploy two versions of an app without a layout; the second has a field more."""
    declared = fields({"id": "product", "type": "text"}, {"id": "price", "type": "text"})
    for count in (1, 2):
        await api.world.deploy(bundle({"code": "TST", "title": "Test", "fields": declared[:count]}))


async def test_a_version_shows_the_fields_that_it_had(api: Api) -> None:
    await _deployed(api)
    clerk = await api.client("clerk")
    first, second = [(await clerk.get(f"/api/v1/apps/TST/versions/{number}")).json() for number in (1, 2)]
    assert [field["id"] for field in first["fields"]] == ["product"]
    assert [field["id"] for field in second["fields"]] == ["product", "price"]
    assert (first["version"], second["version"]) == (1, 2)
    assert (await clerk.get("/api/v1/apps/TST")).json() == second


async def test_a_version_shows_what_its_process_does_and_for_whom(api: Api) -> None:
    await api.world.deploy_example("purchase-request")
    await api.world.deploy_example("product-evaluation")
    clerk = await api.client("clerk")

    steps = (await clerk.get("/api/v1/apps/EVA")).json()["steps"]

    nobody = {"within": None, "assigned": None, "group": None, "due_s": None}
    assert steps == [
        {
            "id": "evaluate",
            "name": "Evaluate Product",
            "kind": "userTask",
            "within": None,
            "certain": True,
            "assigned": "group",
            "group": "buyers",
            "due_s": 259_200,
        },
        {
            "id": "create_request",
            "name": "Create Purchase Request",
            "kind": "serviceTask",
            "certain": False,
            **nobody,
        },
        {"id": "archive", "name": "Send to archive", "kind": "serviceTask", "certain": False, **nobody},
    ]


@pytest.mark.parametrize(
    ("assign", "assigned"),
    [
        (None, "starters"),
        ({"starter": True}, "starter"),
        ({"user": "buyer@acme.example"}, "user"),
        ({"field": "who"}, "field"),
    ],
)
async def test_a_step_says_to_whom_its_task_goes_and_never_an_e_mail(
    api: Api, assign: dict[str, object] | None, assigned: str
) -> None:
    declared = fields({"id": "who", "type": "user"})
    task: dict[str, object] = {"fields": {}} if assign is None else {"fields": {}, "assign": assign}
    await api.world.deploy(bundle({"code": "TST", "title": "Test", "fields": declared, "tasks": {"a": task}}))
    clerk = await api.client("clerk")

    (step,) = (await clerk.get("/api/v1/apps/TST")).json()["steps"]

    assert (step["assigned"], step["group"], step["due_s"]) == (assigned, None, None)
    assert "@" not in str(step)


@pytest.mark.parametrize("number", ["3", "0", "2147483648", "one"])
async def test_a_version_that_there_is_not_is_not_found(api: Api, number: str) -> None:
    await _deployed(api)
    clerk = await api.client("clerk")
    for end in ("", "/diagram"):
        answer = await clerk.get(f"/api/v1/apps/TST/versions/{number}{end}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("who", ["stranger", "rival"])
async def test_a_version_is_not_there_for_who_has_no_right_for_the_app(api: Api, who: str) -> None:
    await _deployed(api)
    client = await api.client(who)
    for end in ("", "/diagram"):
        theirs = (await client.get(f"/api/v1/apps/TST/versions/1{end}")).json()
        unknown = (await client.get(f"/api/v1/apps/NONE/versions/1{end}")).json()
        assert theirs["detail"].replace("TST", "NONE") == unknown["detail"]


async def test_a_diagram_is_sent_as_deployed_and_kept_for_good(api: Api) -> None:
    await api.world.deploy_example("purchase-request")
    clerk = await api.client("clerk")
    address = "/api/v1/apps/PUR/versions/1/diagram"
    sent = await clerk.get(address)
    assert sent.content == (EXAMPLES / "purchase-request" / "process.bpmn").read_bytes()
    assert sent.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert sent.headers["Satchel-Layout"] == "whole"
    again = await clerk.get(address, headers={"If-None-Match": sent.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    newest = await clerk.get("/api/v1/apps/PUR/diagram")
    assert (newest.content, newest.headers["Cache-Control"]) == (sent.content, "no-store")


async def test_a_diagram_without_positions_says_so(api: Api) -> None:
    await _deployed(api)
    clerk = await api.client("clerk")
    assert (await clerk.get("/api/v1/apps/TST/versions/1/diagram")).headers["Satchel-Layout"] == "none"


async def test_a_diagram_that_leaves_an_element_out_says_so(api: Api) -> None:
    folder = EXAMPLES / "purchase-request"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    whole = files["process.bpmn"].decode()
    start = whole.index("<bpmndi:BPMNEdge")
    end = whole.index("</bpmndi:BPMNEdge>", start) + len("</bpmndi:BPMNEdge>")
    files["process.bpmn"] = (whole[:start] + whole[end:]).encode()
    await api.world.deploy(files)
    clerk = await api.client("clerk")
    assert (await clerk.get("/api/v1/apps/PUR/versions/1/diagram")).headers["Satchel-Layout"] == "partial"


async def test_a_star_is_seen_by_the_one_who_set_it(api: Api) -> None:
    world = api.world
    await world.deploy_example("purchase-request")
    number = await world.start(await world.actor("clerk"), "PUR", item="Desk")
    clerk, viewer = await api.client("clerk"), await api.client("viewer")
    for _ in range(2):
        assert (await clerk.put(f"/api/v1/instances/{number}/star")).status_code == 204
    starred = {"starred": "true"}
    assert [one["id"] for one in (await clerk.get("/api/v1/instances", params=starred)).json()["items"]] == [number]
    assert (await viewer.get("/api/v1/instances", params=starred)).json()["items"] == []
    for _ in range(2):
        assert (await clerk.delete(f"/api/v1/instances/{number}/star")).status_code == 204
    assert (await clerk.get("/api/v1/instances", params=starred)).json()["items"] == []
