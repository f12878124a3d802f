"""Rules of forms hold at every door: the same refusals and the same values, natively and through vendors' APIs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx
import pytest

from engine_bpmn import MESSAGE, el, message, simple, user
from golden.alloy_world import token
from golden.flokzu_world import key_of
from golden.questetra_world import passwords
from satchel.actions.identity import credentials
from satchel.actions.lists import nodes
from surfaces.conftest import Api
from surfaces.navixy_client import session
from world import bundle, fields

KINDS = [{"id": "new", "label": "New"}, {"id": "repair", "label": "Repair"}]
NAMES = ("kind", "defect", "quantity", "price")
APP = {
    "code": "RUL",
    "title": "{{ kind }}: {{ total }}",
    "fields": fields(
        {"id": "kind", "type": "choice", "label": "Kind", "options": KINDS},
        {
            "id": "defect",
            "type": "text",
            "label": "Defect",
            "show_if": "kind == 'repair'",
            "require_if": "kind == 'repair'",
        },
        {"id": "quantity", "type": "integer", "label": "Quantity", "default": 1},
        {"id": "price", "type": "decimal", "label": "Price", "digits": 2},
        {
            "id": "total",
            "type": "decimal",
            "label": "Total",
            "digits": 2,
            "max": 1000,
            "compute": "quantity * price * 1.19",
        },
        {"id": "reason", "type": "text", "label": "Reason"},
        {"id": "proof", "type": "file", "label": "Proof", "show_if": "kind == 'repair'"},
    ),
    "start": {"fields": {**dict.fromkeys(NAMES, "edit"), "total": "read"}},
    "tasks": {
        "a": {
            "assign": {"group": "clerks"},
            "fields": {
                **dict.fromkeys(NAMES, "edit"),
                "total": "read",
                "reason": {
                    "access": "edit",
                    "show_if": "total > 100",
                    "require_if": "total > 100",
                    "default": "'none'",
                },
                "proof": "edit",
            },
        },
        "b": {"assign": {"group": "clerks"}, "fields": {"reason": {"access": "edit", "show_if": "price > 100"}}},
    },
    "messages": {"reply": {"inputs": ["price", "defect"]}},
    "checks": [{"if": "kind == 'new' or quantity == 1", "message": "Repairs are of one piece.", "field": "quantity"}],
    "actions": {
        1: {"name": "New", "create": True, "inputs": list(NAMES)},
        2: {"name": "Reprice", "inputs": ["price", "defect"]},
        3: {"name": "Finish", "task": "a", "inputs": ["price", "reason"]},
    },
}

PROCESS = simple(
    user("a"), el("intermediateCatchEvent", "w", message()), user("b"), outside=MESSAGE, through=("a", "w", "b")
)

Start = Callable[[Mapping[str, object]], Awaitable[httpx.Response]]


@dataclass(slots=True)
class Doors:
    """Every way to start an instance of the app, each with one of its own clients."""

    api: Api
    native: httpx.AsyncClient
    anonymous: httpx.AsyncClient
    flokzu_headers: dict[str, str]
    alloy_headers: dict[str, str]
    questetra_key: str
    navixy_hash: str
    app: int
    node: int

    async def by_native(self, values: Mapping[str, object]) -> httpx.Response:
        return await self.native.post("/api/v1/apps/RUL/instances", json={"values": values})

    async def by_flokzu(self, values: Mapping[str, object]) -> httpx.Response:
        body = {"processId": "RUL", "data": {name.capitalize(): value for name, value in values.items()}}
        path = "/flokzu/flokzuopenapi/api/v2/process/instance"
        return await self.anonymous.post(path, json=body, headers=self.flokzu_headers)

    async def by_questetra(self, values: Mapping[str, object]) -> httpx.Response:
        path = f"/questetra/System/Event/MessageStart/{self.app}/{self.node}/start"
        form = {"key": self.questetra_key, **{f"q_{name}": str(value) for name, value in values.items()}}
        return await self.anonymous.post(path, data=form)

    async def by_alloy(self, values: Mapping[str, object]) -> httpx.Response:
        body = {"ActionId": 1, "Fields": dict(values), "objectClass": "RUL"}
        return await self.anonymous.post("/alloy/api/v2", json=body, headers=self.alloy_headers)

    async def by_navixy(self, values: Mapping[str, object]) -> httpx.Response:
        form: dict[str, object] = {name: {"type": "text", "value": str(value)} for name, value in values.items()}
        if "kind" in values:
            form["kind"] = {"type": "dropdown", "value_index": [one["id"] for one in KINDS].index(str(values["kind"]))}
        body = {"hash": self.navixy_hash, "template_id": self.app, "values": form}
        return await self.anonymous.post("/navixy/v2/fsm/task/create", json=body)

    @property
    def all(self) -> Mapping[str, Start]:
        return {
            "native": self.by_native,
            "flokzu": self.by_flokzu,
            "questetra": self.by_questetra,
            "alloy": self.by_alloy,
            "navixy": self.by_navixy,
        }

    async def last_values(self) -> dict[str, object]:
        """Return what the newest instance holds."""
        found = await self.native.post("/api/v1/instances/search", json={"app": "RUL", "limit": 1})
        return dict(found.json()["items"][0]["values"])

    async def count(self) -> int:
        ((count,),) = await self.api.world.rows("SELECT count(*) FROM instances")
        assert isinstance(count, int)
        return count


@pytest.fixture
async def doors(api: Api) -> Doors:
    world = api.world
    await world.deploy(bundle(APP, PROCESS))
    clerk = await world.actor("clerk")
    assert clerk.user_id is not None
    async with world.context.database.read() as tx:
        app = await world.context.apps.newest(tx, world.account, "RUL")
    key = await credentials.create_token(world.context, clerk, clerk.user_id, kind="api_key", name="questetra")
    return Doors(
        api,
        await api.client("clerk"),
        await api.client("anonymous"),
        {"X-Api-Key": await key_of(world, clerk), "X-Username": "clerk@acme.example"},
        {"Authorization": f"bearer {await token(world, clerk)}"},
        key.secret,
        await session(api, "clerk"),
        int(app.app_id),
        nodes.number_of(app, nodes.start_of(app).id),
    )


REFUSED: Mapping[str, tuple[Mapping[str, object], str, str]] = {
    "what is required": ({"kind": "repair"}, "defect", "Defect needs a value."),
    "what a check says": (
        {"kind": "repair", "defect": "broken", "quantity": 2},
        "quantity",
        "Repairs are of one piece.",
    ),
    "what is computed": ({"kind": "new", "total": "5.00"}, "total", "Total is computed"),
    "what a computed field does not take": ({"kind": "new", "price": "900"}, "total", "at most 1000"),
}


async def test_every_door_refuses_the_same(doors: Doors) -> None:
    for name, (values, field, says) in REFUSED.items():
        for door, start in doors.all.items():
            answer = await start(values)
            told = answer.text.lower()
            assert answer.status_code < 500, (name, door, answer.text)
            assert field in told, (name, door, answer.text)
            if door != "questetra":  # its XML has the items' names and numbers of its own
                assert says.lower() in told, (name, door, answer.text)
    assert await doors.count() == 0


async def test_every_door_keeps_the_same(doors: Doors) -> None:
    for door, start in doors.all.items():
        answer = await start({"kind": "new", "defect": "none", "quantity": 2, "price": "10.50"})
        assert answer.is_success, (door, answer.text)
        assert answer.headers["Satchel-Ignored"] == "defect", door
        kept = {"kind": "new", "quantity": 2, "price": "10.50", "total": "24.99"}
        assert await doors.last_values() == kept, door
        answer = await start({"kind": "repair", "defect": "broken", "price": "3"})
        assert answer.is_success, (door, answer.text)
        assert "Satchel-Ignored" not in answer.headers
        kept = {"kind": "repair", "defect": "broken", "quantity": 1, "price": "3.00", "total": "3.57"}
        assert await doors.last_values() == kept, door
    assert await doors.count() == 10


async def test_a_page_gets_the_rules_and_how_the_form_stands(doors: Doors) -> None:
    start = (await doors.native.get("/api/v1/apps/RUL")).json()
    assert start["start"] == {
        "fields": {**dict.fromkeys(NAMES, "edit"), "total": "read"},
        "hidden": ["defect", "proof"],
        "defaults": {"quantity": 1},
    }
    assert start["fields"][4]["rules"] == {"compute": "quantity * price * 1.19"}
    assert start["checks"][0]["condition"] == "kind == 'new' or quantity == 1"

    task = await started(doors, kind="new", price="50")
    form = (await doors.native.get(f"/api/v1/tasks/{task}")).json()["form"]
    stands = {field["id"]: (field["access"], field.get("hidden", False)) for field in form["fields"]}
    assert stands["reason"] == ("edit", True)
    assert stands["defect"] == ("edit", True)
    assert stands["price"] == ("edit", False)
    assert "defaults" not in form
    await doors.native.post(f"/api/v1/tasks/{task}/save", json={"values": {"price": "100"}})
    seen = (await doors.native.get(f"/api/v1/tasks/{task}")).json()
    reason = next(field for field in seen["form"]["fields"] if field["id"] == "reason")
    assert "hidden" not in reason
    assert reason["form_rules"]["require_if"] == "total > 100"
    assert seen["form"]["defaults"] == {"reason": "none"}
    assert seen["values"] == {"kind": "new", "quantity": 1, "price": "100.00", "total": "119.00"}
    xml = await doors.anonymous.get(
        f"/questetra/API/PE/Workitem/Form/viewXml?workitemId={task}",
        headers={"Authorization": f"Basic {(await passwords(doors.api.world, 'clerk'))['basic_clerk']}"},
    )
    shown = xml.text.split("<form-data ")[1:]
    assert ["<accessibility>0<" in one for one in shown] == [False, True, False, False, False, False, True]
    assert ["<required>true<" in one for one in shown] == [False] * 5 + [True, False]
    read = await doors.anonymous.post(
        "/navixy/v2/fsm/task/form/read", json={"hash": doors.navixy_hash, "task_id": task}
    )
    named = {field["label"]: field["required"] for field in read.json()["value"]["fields"]}
    assert named == {"Kind": False, "Quantity": False, "Price": False, "Total": False, "Reason": True}


async def started(doors: Doors, **values: object) -> int:
    """Start an instance and return its task, which the clerk holds."""
    made = (await doors.by_native(values)).json()
    task = int(made["next_task"]["id"])
    await doors.native.post(f"/api/v1/tasks/{task}/claim")
    return task


async def test_saving_completing_messages_and_actions_keep_the_rules(doors: Doors) -> None:
    client, world = doors.native, doors.api.world
    task = await started(doors, kind="new", price="10")
    saved = await client.post(f"/api/v1/tasks/{task}/save", json={"values": {"defect": "x", "price": "100"}})
    assert (saved.status_code, saved.headers["Satchel-Ignored"]) == (200, "defect")
    refused = await client.post(f"/api/v1/tasks/{task}/complete", json={"values": {"reason": None}})
    assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [("reason", "required")]
    instance = saved.json()["instance"]
    refused = await client.post(f"/api/v1/instances/{instance}/actions/3", json={"values": {"reason": " "}})
    assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [("reason", "required")]
    acted = await client.post(
        f"/api/v1/instances/{instance}/actions/2", json={"values": {"defect": "y", "price": "80"}}
    )
    assert (acted.json()["ignored"], acted.headers["Satchel-Ignored"]) == (["defect"], "defect")
    upload = await doors.api.upload("clerk", b"proof", instance=instance, field="proof")
    attached = await client.post(f"/api/v1/instances/{instance}/files", json={"uploads": [upload], "field": "proof"})
    assert [(one["field"], one["code"]) for one in attached.json()["errors"]] == [("proof", "not_writable")]
    ended = await client.post(f"/api/v1/tasks/{task}/complete", json={"values": {"reason": "r"}})
    assert (ended.status_code, ended.json()["ignored"]) == (200, ["reason"])
    told = await client.post(
        f"/api/v1/instances/{instance}/messages/reply", json={"values": {"price": "20", "defect": "z"}}
    )
    assert (told.status_code, told.headers["Satchel-Ignored"]) == (204, "defect")
    assert await doors.last_values() == {"kind": "new", "quantity": 1, "price": "20.00", "total": "23.80"}
    (last,) = (await client.get(f"/api/v1/instances/{instance}")).json()["tasks"][1:]
    (field,) = (await client.get(f"/api/v1/tasks/{last['id']}")).json()["form"]["fields"]
    assert ("form_rules" in field, field["hidden"]) == (False, True), "it reads what the form does not show"
    events = await world.rows("SELECT data->'ignored' FROM events WHERE data ? 'ignored' ORDER BY id")
    assert events == [(["defect"],), (["defect"],), (["reason"],), (["defect"],)]


async def test_a_change_is_refused_only_for_rules_that_it_has_to_do_with(doors: Doors) -> None:
    task = await started(doors, kind="new", quantity=2, price="10")
    instance = (await doors.native.get(f"/api/v1/tasks/{task}")).json()["instance"]

    async def change(**values: object) -> httpx.Response:
        path = f"/api/v1/instances/{instance}/values"
        return await doors.native.patch(path, json={"values": values}, headers={"If-Match": "*"})

    refused = await change(kind="repair", reason="r")
    assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [("quantity", "check")]
    await doors.api.world.deploy(bundle({**APP, "checks": []}, PROCESS))
    assert (await change(reason="r", total="1")).json()["errors"][0]["code"] == "not_writable"
    assert (await change(reason="r")).status_code == 200
    assert (await change(price="900")).json()["errors"][0]["code"] == "too_large"
    assert (await doors.last_values())["reason"] == "r"
