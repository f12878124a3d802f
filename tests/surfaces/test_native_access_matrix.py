"""Every route of the native API by every kind of actor (security rule 5); a route outside the table fails the build.

The table says who gets past the access check: any answer but 401, 403 and 404. Actors come in the order of `ACTORS`,
so whoever comes after one that deleted a thing finds nothing there.
"""

import json
from datetime import date
from pathlib import Path

from satchel.actions.files import attached
from satchel.actions.identity import absences
from satchel.actions.identity.absences import AbsenceDays
from satchel.actions.instances.places import FilePlace
from satchel.actions.webhooks import subscriptions
from satchel.actions.webhooks.subscriptions import WebhookSettings
from satchel.model.actor import Right
from satchel.model.files import FileKind
from satchel.model.ids import FieldId, UserId
from satchel.surfaces.native.routes import ENDPOINTS
from surfaces.conftest import Api
from world import PDF

TABLE = Path(__file__).parent / "access_matrix.json"
ACTORS = ("anonymous", "rival", "stranger", "starter", "viewer", "buyer", "clerk", "admin")
"""From nobody to everything: `rival` administers another account, `starter` started the instance and has no right but
`start`, `buyer` holds its task and has no right."""

REFUSED = frozenset({401, 403, 404})

BODIES: dict[str, object] = {
    "PUT /api/v1/secrets/{name}": {"value": "open-sesame"},
    "POST /api/v1/session": {"email": "nobody@acme.example", "password": "wrong"},
    "POST /api/v1/me/password": {"old": "not the one", "new": "a long enough one"},
    "POST /api/v1/notifications/read": {"up_to": 1},
    "PATCH /api/v1/notifications/{notification}": {"read": True},
    "POST /api/v1/users": {"email": "new@acme.example", "name": "New"},
    "POST /api/v1/users/{user}/password": {"password": "a long enough one"},
    "POST /api/v1/users/{user}/credentials": {"kind": "token", "name": "x"},
    "POST /api/v1/me/absences": {"from": "2026-05-01", "until": "2026-05-04", "substitute": "HOLDER"},
    "POST /api/v1/users/{user}/absences": {"from": "2026-06-01", "until": "2026-06-04", "substitute": "HOLDER"},
    "PUT /api/v1/calendar": {"time_zone": "UTC", "hours": {"monday": ["09:00-17:00"]}},
    "POST /api/v1/users/{user}/applications": {"name": "robot"},
    "POST /api/v1/oauth-clients": {"name": "Program", "redirect_uris": ["https://program.example/back"]},
    "POST /api/v1/groups": {"name": "a new group"},
    "POST /api/v1/grants": {"group": "GROUP", "right": "view"},
    "DELETE /api/v1/grants": {"group": "GROUP", "right": "export"},
    "PUT /api/v1/storage": {"limit_bytes": 10_000_000},
    "POST /api/v1/instances/search": {},
    "PUT /api/v1/environment/{name}": {"value": "https://erp.example"},
    "POST /api/v1/instances/{instance}/tokens": {"reason": "r"},
    "POST /api/v1/instances/{instance}/tasks/{task}/complete": {"reason": "r"},
    "POST /api/v1/instances/{instance}/comments": {"text": "seen"},
    "POST /api/v1/instances/{instance}/files": {"kind": "link", "url": "https://files.example/a"},
    "POST /api/v1/tasks/{task}/assign": {"user": "HOLDER"},
    "POST /api/v1/uploads": {"instance": "INSTANCE", "size": 3},
    "POST /api/v1/uploads/{upload}/signature": {"path": "M 1 1 L 9 9"},
    "PATCH /api/v1/files/{file}": {"description": "read"},
    "POST /api/v1/files/{file}/copies": {"instance": "INSTANCE"},
    "POST /api/v1/searches": {"name": "mine"},
    "POST /api/v1/schedules": {"search": "SEARCH", "folder": "nightly", "at": "02:30"},
    "POST /api/v1/searches/criteria": {"criteria": "{}"},
    "PUT /api/v1/searches/{search}": {"name": "mine"},
    "POST /api/v1/calls/{call}/fail": {"code": "broken"},
    "POST /api/v1/webhooks": {"app": "EVA", "url": "https://hooks.example/"},
}


async def _numbers(api: Api) -> dict[str, str]:
    """Make one of everything and return what the paths' parameters stand for."""
    world = api.world
    for example in ("purchase-request", "product-evaluation"):
        await world.deploy_example(example)
    clerk, buyer = await world.actor("clerk"), await world.actor("buyer")
    starter = await world.add_person("starter", Right.START)
    description = await world.upload(starter, PDF, name="a.pdf", field="description", app="EVA")
    instance = await world.start(starter, "EVA", product="Desk", description=[description])
    task = await world.take_task(buyer, instance)
    finished = await world.upload(clerk, PDF, name="b.pdf", field="description", app="EVA")
    other = await world.start(clerk, "EVA", product="Lamp", description=[finished])
    await world.complete(buyer, other, outcome="approve")
    await attached.add_link(
        world.context,
        clerk,
        instance,
        kind=FileKind.LINK,
        url="https://files.example/x",
        name="x",
        description="",
        place=FilePlace(),
    )
    admin = await api.client("clerk")
    search = (await admin.post("/api/v1/searches", json={"name": "all"})).json()["id"]
    call = (await admin.get(f"/api/v1/instances/{other}/calls")).json()["items"][0]["id"]
    schedule = 999_999  # the server has no directory for one: tests/surfaces/test_native_schedules.py
    export = (await (await api.client("admin")).post("/api/v1/exports", json={})).json()["id"]
    signed = (await admin.post(f"/api/v1/files/{description}/links", json={})).json()["url"]
    upload = await world.ask(clerk, size=9, field="photos", app="EVA")
    hook = (
        await subscriptions.create(world.context, world.admin, "EVA", WebhookSettings(url="https://hooks.example/"))
    ).webhook
    return {
        "app": "EVA",
        "version": "1",
        "instance": str(instance),
        "task": str(task),
        "file": str(description),
        "search": str(search),
        "export": str(export),
        "schedule": str(schedule),
        "call": str(call),
        **dict.fromkeys(("incident", "migration", "notification"), "999999"),
        "upload": str(upload.id),
        "webhook": str(hook.id),
        "delivery": str(await subscriptions.send_test(world.context, world.admin, hook.id)),
        "user": str(world.people["viewer"]),
        "absence": await _absence_of(api, world.people["viewer"]),
        "holder": str(world.people["buyer"]),
        "group": str(world.groups["viewers"]),
        "credential": "999999",
        "client": "999999",
        "action": "10",
        "message": "news",
        "field": "budget",
        "token": signed.split("/")[-2],
        "name": "a.pdf",
    }


async def _absence_of(api: Api, user: UserId) -> str:
    """Have a user be away later."""
    world = api.world
    days = AbsenceDays(first_day=date(2026, 4, 1), last_day=date(2026, 4, 9), substitute=world.people["buyer"])
    return str((await absences.create(world.context, world.admin, user, days)).id)


def _order(route: str) -> tuple[int, str]:
    """Put what looks before what changes, and what ends things for everybody who comes later last of all."""
    method, path = route.split(" ")
    endings = {"complete": 2, "release": 3, "cancel": 4, "deactivate": 7, "erase": 8}
    verb = path.rpartition("/")[2]
    if verb in endings:
        return endings[verb], route
    if method == "DELETE" and verb != "star":
        return (6 if "instances" in path or "session" in path else 5), route
    return (0 if method in ("GET", "HEAD", "OPTIONS") else 1), route


async def _answer(api: Api, who: str, route: str, numbers: dict[str, str]) -> int:
    """Return the status with which a route answers somebody."""
    method, path = route.split(" ")
    body = json.dumps(BODIES.get(route, {}))
    for name in ("group", "instance", "holder", "search"):
        body = body.replace(f'"{name.upper()}"', numbers[name])
    client = await api.client(who)
    headers = {"Content-Type": "application/json", "Tus-Resumable": "1.0.0", "If-Match": "*"}
    answer = await client.request(method, path.format(**numbers), content=body, headers=headers)
    assert answer.status_code < 500, (route, who, answer.text)
    return answer.status_code


async def test_each_actor_gets_exactly_as_far_as_the_table_says(api: Api) -> None:
    numbers = await _numbers(api)
    found: dict[str, list[str]] = {}
    for route in sorted((f"{one.method} {one.path}" for one in ENDPOINTS), key=_order):
        found[route] = [who for who in ACTORS if await _answer(api, who, route, numbers) not in REFUSED]
    assert found == json.loads(TABLE.read_text())


async def test_who_completed_a_task_gets_as_far_with_its_instance_as_who_started_it(api: Api) -> None:
    numbers = await _numbers(api)
    buyer = await api.client("buyer")
    completed = await buyer.post(f"/api/v1/tasks/{numbers['task']}/complete", json={"outcome": "reject"})
    assert completed.status_code < 300
    await api.world.set_member("buyers", "buyer", is_member=False)
    table: dict[str, list[str]] = json.loads(TABLE.read_text())
    for route in (route for route in table if "/instances/{instance}" in route):
        passes = await _answer(api, "buyer", route, numbers) not in REFUSED
        assert passes is ("starter" in table[route]), route
    assert await _answer(api, "buyer", "GET /api/v1/tasks/{task}", numbers) == 200
    assert await _answer(api, "buyer", "GET /api/v1/files/{file}", numbers) == 404


def test_the_table_names_no_route_that_is_gone() -> None:
    table: dict[str, list[str]] = json.loads(TABLE.read_text())
    assert set(table) == {f"{one.method} {one.path}" for one in ENDPOINTS}


async def test_another_accounts_things_answer_exactly_as_unknown_ones(api: Api) -> None:
    numbers = await _numbers(api)
    rival = await api.client("rival")
    for kind, known in (("instances", numbers["instance"]), ("tasks", numbers["task"]), ("files", numbers["file"])):
        theirs = (await rival.get(f"/api/v1/{kind}/{known}")).json()
        unknown = (await rival.get(f"/api/v1/{kind}/999999")).json()
        for answer in (theirs, unknown):
            answer.pop("request_id")
        assert json.dumps(theirs).replace(known, "N") == json.dumps(unknown).replace("999999", "N")


async def test_a_file_field_that_a_task_hides_is_not_there_for_its_holder(api: Api) -> None:
    world = api.world
    await world.deploy_example("product-evaluation")
    clerk, buyer = await world.actor("clerk"), await world.actor("buyer")
    number = await world.upload(clerk, PDF, name="a.pdf", field="description", app="EVA")
    instance = await world.start(clerk, "EVA", product="Desk", description=[number])
    await world.take_task(buyer, instance)
    client = await api.client("buyer")
    seen = (await client.get(f"/api/v1/instances/{instance}")).json()
    assert FieldId("description") in seen["files"]
    assert "request" not in seen["values"]
