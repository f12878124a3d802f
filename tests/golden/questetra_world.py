"""What is there before the first request of Questetra's transcripts."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta

from engine_bpmn import MESSAGE, el, simple, user
from satchel.actions.identity import credentials
from satchel.actions.instances import lifecycle
from satchel.actions.lists import nodes
from satchel.model.ids import ElementId, InstanceId
from surfaces.conftest import Api
from world import World, bundle, fields

PNG = b"\x89PNG\r\n\x1a\n" + bytes(71_550 - 8)
README = b"r" * 1_056

DOWNLOAD = {
    "code": "DWN",
    "name": "For test: file download",
    "title": "{{ subject }}",
    "fields": fields(
        {"id": "subject", "type": "text", "label": "Title", "searchable": True},
        {"id": "files", "type": "file", "label": "File", "max_files": 9},
        {"id": "empty", "type": "file", "label": "Empty"},
    ),
    "start": {"fields": {"subject": "edit", "files": "edit"}},
    "tasks": {"a": {"assign": {"group": "clerks"}}},
}

OPTIONS = [{"id": "en", "label": "English"}, {"id": "ja", "label": "Japanese"}]
SEARCHABLE: Sequence[Mapping[str, object]] = (
    {"id": "subject", "type": "text"},
    {"id": "note", "type": "multiline"},
    {"id": "amount", "type": "decimal"},
    {"id": "pieces", "type": "integer"},
    {"id": "urgent", "type": "boolean"},
    {"id": "day", "type": "date"},
    {"id": "moment", "type": "datetime"},
    {"id": "at", "type": "time"},
    {"id": "language", "type": "choice", "options": OPTIONS},
    {"id": "languages", "type": "choices", "options": OPTIONS},
    {"id": "rating", "type": "rating"},
    {"id": "person", "type": "user"},
    {"id": "team", "type": "group"},
    {"id": "home", "type": "link"},
)
ITEMS = {
    "code": "ITM",
    "name": "Items",
    "category": "Test App",
    "title": "{{ subject }}",
    "fields": fields(
        *({"searchable": True, **one} for one in SEARCHABLE),
        {"id": "lines", "type": "table", "columns": [{"id": "name", "label": "Name", "type": "text"}]},
        {"id": "files", "type": "file", "label": "File"},
    ),
    "start": {"fields": dict.fromkeys((*(str(one["id"]) for one in SEARCHABLE), "lines", "files"), "edit")},
    "tasks": {"a": {"assign": {"group": "clerks"}}},
}


ORDER_FIELDS = fields(
    {"id": "subject", "type": "text", "label": "Subject"},
    {"id": "amount", "type": "decimal", "label": "Amount", "digits": 2},
    {"id": "languages", "type": "choices", "label": "Languages", "options": OPTIONS},
    {"id": "day", "type": "date", "label": "Day"},
    {"id": "moment", "type": "datetime", "label": "Moment"},
    {"id": "person", "type": "user", "label": "Person"},
    {"id": "team", "type": "group", "label": "Team"},
    {"id": "files", "type": "file", "label": "Files", "max_files": 3},
    {"id": "reply", "type": "text", "label": "Reply"},
    {"id": "receipt", "type": "file", "label": "Receipt"},
    {"id": "secret", "type": "text", "label": "Secret"},
)
ORDER = {
    "code": "ORD",
    "name": "Order",
    "title": "{{ subject }}",
    "fields": ORDER_FIELDS,
    "start": {
        "fields": {"subject": "require"}
        | dict.fromkeys(("amount", "languages", "day", "moment", "person", "team", "files"), "edit")
    },
    "messages": {"reply": {"inputs": ["reply", "receipt"]}},
    "tasks": {
        "check": {
            "assign": {"group": "clerks"},
            "fields": {"subject": "read", "reply": "edit", "amount": "require", "files": "edit", "receipt": "edit"},
            "outcomes": [{"id": "accept", "label": "Accept"}, {"id": "reject", "label": "Reject"}],
        }
    },
}


async def order(api: Api) -> Mapping[str, object]:
    """An app that is started by a message with files, waits for another at node 1, and then has a task with two ways.

    A key of the clerk starts and sends; one of the viewer may not.
    """
    world = api.world
    process = simple(
        el("receiveTask", "wait", messageRef="m"), user("check"), outside=MESSAGE, through=("wait", "check")
    )
    code = await world.deploy(bundle(ORDER, process))
    known: dict[str, object] = dict(await passwords(world, "clerk", "viewer", "buyer"))
    async with world.context.database.read() as tx:
        app = await world.context.apps.newest(tx, world.account, code)
    for who in ("clerk", "viewer"):
        actor = await world.actor(who)
        assert actor.user_id is not None
        made = await credentials.create_token(world.context, actor, actor.user_id, kind="api_key", name="start")
        known[f"key_{who}"] = made.secret
        known[who] = actor.user_id
    for element in ("wait", "check"):
        known[f"node_{element}"] = nodes.number_of(app, ElementId(element))
    known["node_start"] = nodes.number_of(app, nodes.start_of(app).id)
    return known | {"app": app.app_id, "buyers": world.groups["buyers"]}


async def questetra(api: Api) -> Mapping[str, object]:
    """One process with a picture and a text in item 2, nothing in item 3; the clerk has an API password."""
    world = api.world
    code = await world.deploy(bundle(DOWNLOAD))
    clerk = await world.actor("clerk")
    uploads = [
        await world.upload(clerk, data, name=name, field="files", app=code)
        for name, data in (("ques-kun-01.png", PNG), ("README.txt", README))
    ]
    instance = await world.start(clerk, code, subject="Test", files=uploads)
    app = (await world.rows("SELECT app_id FROM instances WHERE id = %s", instance))[0][0]
    known: dict[str, object] = {
        "app": app,
        "process": instance,
        "clerk": clerk.user_id,
        "manager": world.people["manager"],
        "clerks": world.groups["clerks"],
        "place": instance * 1024 + 2,
        "text_place": instance * 1024 + 1,
        "readme": README.decode(),
    }
    return known | await passwords(world, "clerk", "stranger", "viewer", "manager")


async def passwords(world: World, *people: str) -> dict[str, object]:
    """Give people API passwords and return what each signs in with."""
    known: dict[str, object] = {}
    for who in people:
        actor = await world.actor(who)
        assert actor.user_id is not None
        made = await credentials.create_api_password(world.context, actor, actor.user_id)
        known[f"basic_{who}"] = b64encode(f"{who}@acme.example:{made.secret}".encode()).decode()
    return known


async def items(api: Api) -> Mapping[str, object]:
    """Four processes with items of every type, a minute apart, of two starters; the second one was cancelled."""
    world = api.world
    code = await world.deploy(bundle(ITEMS))
    clerk = await world.actor("clerk")
    starters = (clerk, clerk, world.admin, clerk)
    file = await world.upload(clerk, README, name="README.txt", field="files", app=code)
    values: Sequence[dict[str, object]] = (
        {
            "subject": "Chairs & tables",
            "note": "first\nsecond line",
            "amount": "60.50",
            "pieces": 3,
            "urgent": True,
            "day": "2022-01-18",
            "moment": "2022-01-18T10:30:00Z",
            "at": "08:30",
            "language": "ja",
            "languages": ["en", "ja"],
            "rating": 4,
            "person": clerk.user_id,
            "team": world.groups["buyers"],
            "home": "https://a.example/x",
            "lines": [{"name": "Desk"}],
            "files": [file],
        },
        {"subject": 'Lamps, "warm"', "amount": "60.5", "urgent": False, "language": "en", "languages": ["en"]},
        {"subject": "Chairs only", "day": "2022-01-19", "moment": "2022-01-18T23:59:00Z", "rating": 4},
        {"subject": "ab", "note": "lamps too", "pieces": 4, "home": "https://b.example/"},
    )
    started: list[InstanceId] = []
    for starter, given in zip(starters, values, strict=True):
        started.append(await world.start(starter, code, **given))
        world.clock.advance(timedelta(minutes=1))
    await lifecycle.cancel_instance(world.context, clerk, started[1], why="no longer needed")
    app = (await world.rows("SELECT app_id FROM instances WHERE id = %s", started[0]))[0][0]
    known: dict[str, object] = {f"process_{number}": one for number, one in enumerate(started, start=1)}
    known |= {"app": app, "clerk": clerk.user_id, "clerks": world.groups["clerks"], "admin": world.admin.user_id}
    known["admins"] = world.groups["admins"]
    known |= {"buyers": world.groups["buyers"], "file": file}
    return known | await passwords(world, "clerk", "viewer")
