"""Actions require what the form that they stand for requires: natively and for clients of Alloy Navigator."""

import httpx
import pytest

from engine_bpmn import simple, user
from golden.alloy_world import token
from surfaces.conftest import Api
from world import TEXT, World, bundle, fields

MANIFEST = {
    "code": "MAN",
    "title": "{{ subject }}",
    "fields": fields(
        {"id": "subject", "type": "text"},
        {"id": "todo", "type": "text"},
        {"id": "paper", "type": "file"},
        {"id": "number", "type": "integer"},
    ),
    "start": {"fields": {"subject": "require", "todo": "edit", "paper": "edit", "number": "edit"}},
    "tasks": {
        "work": {
            "assign": {"starter": True},
            "fields": {"todo": "require", "paper": "require", "number": "require"},
            "outcomes": [{"id": "done", "label": "Done"}],
        }
    },
    "actions": {
        20: {"name": "Finish", "task": "work", "outcome": "done", "inputs": ["comment", "todo", "paper"]},
        30: {"name": "Note", "inputs": ["comment", "todo"]},
        40: {"name": "New", "create": True, "inputs": ["subject"]},
    },
}


async def _deploy(world: World) -> None:
    await world.deploy(bundle(MANIFEST, simple(user("work"), through=("work",))))


async def _started(client: httpx.AsyncClient, **values: object) -> int:
    answer = await client.post("/api/v1/apps/MAN/instances", json={"values": {"subject": "x", **values}})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["instance"]["id"])


def _faults(answer: httpx.Response) -> tuple[int, list[tuple[str, str]]]:
    return answer.status_code, [(one["field"], one["code"]) for one in answer.json().get("errors", [])]


@pytest.mark.parametrize("values", [{}, {"subject": ""}, {"subject": None}])
async def test_an_action_starts_nothing_without_what_the_start_form_requires(
    api: Api, values: dict[str, object]
) -> None:
    await _deploy(api.world)
    clerk = await api.client("clerk")

    refused = await clerk.post("/api/v1/apps/MAN/actions/40", json={"values": values})

    assert _faults(refused) == (422, [("subject", "required")])
    assert (await clerk.get("/api/v1/instances?app=MAN")).json()["items"] == []
    done = await clerk.post("/api/v1/apps/MAN/actions/40", json={"values": {"subject": "Desk"}})
    assert (done.status_code, done.json()["instance"]["title"]) == (201, "Desk")


async def test_an_action_completes_no_task_without_what_its_form_requires(api: Api) -> None:
    await _deploy(api.world)
    clerk = await api.client("clerk")
    number = await _started(clerk)
    address = f"/api/v1/instances/{number}/actions/20"

    nothing = await clerk.post(address, json={})
    emptied = await clerk.post(address, json={"values": {"todo": "", "paper": []}})

    required = [("todo", "required"), ("paper", "required"), ("number", "required")]
    assert _faults(nothing) == _faults(emptied) == (422, required)
    [task] = (await clerk.get(f"/api/v1/instances/{number}")).json()["tasks"]
    assert task["state"] == "assigned"
    assert (
        await clerk.post(f"/api/v1/instances/{number}/actions/30", json={"values": {"comment": "later"}})
    ).is_success


async def test_what_an_instance_holds_already_counts_also_where_the_action_cannot_set_it(api: Api) -> None:
    await _deploy(api.world)
    clerk = await api.client("clerk")
    paper = await api.upload("clerk", TEXT, app="MAN", field="paper", name="a.txt")
    number = await _started(clerk, todo="written at the start", paper=[paper], number=7)

    done = await clerk.post(f"/api/v1/instances/{number}/actions/20", json={})

    assert done.status_code == 200, done.text
    assert (done.json()["task"]["state"], done.json()["instance"]["state"]) == ("done", "ended")


async def test_an_action_may_not_empty_what_its_form_requires(api: Api) -> None:
    await _deploy(api.world)
    clerk = await api.client("clerk")
    paper = await api.upload("clerk", TEXT, app="MAN", field="paper", name="a.txt")
    number = await _started(clerk, todo="x", paper=[paper], number=7)

    refused = await clerk.post(f"/api/v1/instances/{number}/actions/20", json={"values": {"todo": None, "paper": []}})

    assert _faults(refused) == (422, [("todo", "required"), ("paper", "required")])
    assert (await clerk.get(f"/api/v1/instances/{number}/files")).json()["items"] != []


async def test_clients_of_alloy_are_told_that_a_mandatory_field_is_empty(api: Api) -> None:
    await _deploy(api.world)
    client, clerk = await api.client("anonymous"), await api.client("clerk")
    headers = {"Authorization": f"bearer {await token(api.world, await api.world.actor('clerk'))}"}

    create = (await client.post("/alloy/api", json={"ActionId": 40, "Fields": {}}, headers=headers)).json()
    assert (create["success"], create["errorCode"]) == (False, 107), create
    assert (await clerk.get("/api/v1/instances?app=MAN")).json()["items"] == []

    await _started(clerk)
    # What was refused has used up the first number.
    run = (await client.post("/alloy/api/object/MAN000002/action/20", json={"todo": "x"}, headers=headers)).json()
    assert (run["success"], run["errorCode"]) == (False, 107), run
