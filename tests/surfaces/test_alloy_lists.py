"""Lists of objects: conditions and sorts on fields of every type, searchable or not."""

from golden.alloy_world import token
from surfaces.conftest import Api
from world import bundle, fields

TYPES = fields(
    {"id": "name", "type": "text"},
    {"id": "tag", "type": "text", "searchable": True},
    {"id": "cost", "type": "decimal"},
    {"id": "rank", "type": "integer", "searchable": True},
    {"id": "open", "type": "boolean"},
    {"id": "hot", "type": "boolean", "searchable": True},
    {"id": "day", "type": "date"},
    {"id": "at", "type": "datetime", "searchable": True},
    {"id": "who", "type": "user"},
    {"id": "team", "type": "group"},
    {"id": "kind", "type": "choice", "options": [{"id": "a", "label": "Alpha"}, {"id": "b", "label": "Beta"}]},
)
FIRST, SECOND = ["X000001"], ["X000002"]
BOTH, NONE = FIRST + SECOND, list[str]()


async def test_conditions_on_fields_of_every_type_find_what_they_say(api: Api) -> None:
    world = api.world
    start = {"fields": dict.fromkeys((str(one["id"]) for one in TYPES), "edit")}
    await world.deploy(bundle({"code": "X", "name": "Things", "fields": TYPES, "start": start}))
    clerk = await world.actor("clerk")
    people, groups = world.people, world.groups
    first = {"name": "Ämter", "tag": "Fire", "cost": "9.5", "rank": 10, "open": True, "hot": False, "day": "2026-03-31"}
    more = {"at": "2026-03-31T22:30:00Z", "who": people["buyer"], "team": groups["buyers"], "kind": "a"}
    await world.start(clerk, "X", **first, **more)
    second = {"name": "zoo", "tag": "ice", "cost": "10", "rank": 9, "open": False, "hot": True, "day": "2026-04-01"}
    await world.start(clerk, "X", **second, at="2026-05-01T00:00:00Z", kind="b")
    headers = {"Authorization": f"bearer {await token(world, clerk)}"}
    client = await api.client("anonymous")

    async def found(body: dict[str, object]) -> list[str]:
        answer = (await client.post("/alloy/api/Things", headers=headers, json={"fields": ["OID"], **body})).json()
        assert answer["success"], (body, answer)
        return [row[0] for row in answer["responseObject"]["Data"]]

    for name, operation, value, expected in (
        ("Name", "=", "ZOO", SECOND),
        ("name", "<>", "zoo", FIRST),
        ("tag", "=", "fire", FIRST),
        ("cost", ">", "9.5", SECOND),
        ("cost", "<=", 10, BOTH),
        ("rank", ">=", "10", FIRST),
        ("rank", "<>", "10", SECOND),
        ("open", "=", "1", FIRST),
        ("hot", "=", True, SECOND),
        ("day", "=", "2026-03", FIRST),
        ("day", ">", "2026-03", SECOND),
        ("at", "=", "2026-03-31T22:30", FIRST),
        ("at", "<", "2026-04", FIRST),
        ("at", ">=", "2026-04-01T00:00:00+02:00", BOTH),
        ("who", "=", "buyer", FIRST),
        ("who", "=", "", SECOND),
        ("who", "<>", "", FIRST),
        ("team", "=", "Buyers", FIRST),
        ("kind", "=", "beta", SECOND),
        ("kind", "=", "a", FIRST),
        ("OID", "=", "x-2", SECOND),
        ("OID", ">", "X000001", SECOND),
        ("OID", "=", "Y000001", NONE),
        ("Created_By", "=", "clerk", BOTH),
        ("Created_Date", "=", "2026", BOTH),
        ("Closed_Date", "<>", "", NONE),
        ("Status", "=", "running", BOTH),
    ):
        assert await found({"filters": [{"name": name, "operation": operation, "value": value}]}) == expected, (
            name,
            value,
        )

    for name, expected in (("cost", BOTH), ("rank", SECOND + FIRST), ("day", BOTH), ("tag", BOTH), ("OID", BOTH)):
        assert await found({"sort": [{"property": name, "direction": "asc"}]}) == expected, name
        assert await found({"sort": [{"property": name, "direction": "DESC"}]}) == expected[::-1], name


async def test_an_empty_value_sorts_as_the_least(api: Api) -> None:
    world = api.world
    start = {"fields": dict.fromkeys((str(one["id"]) for one in TYPES), "edit")}
    await world.deploy(bundle({"code": "X", "name": "Things", "fields": TYPES, "start": start}))
    clerk = await world.actor("clerk")
    await world.start(clerk, "X", name="b", tag="x", cost="1", rank=1, day="2026-01-01", who=world.people["buyer"])
    await world.start(clerk, "X")
    headers = {"Authorization": f"bearer {await token(world, clerk)}"}
    client = await api.client("anonymous")
    for name in ("name", "tag", "cost", "rank", "day", "who"):
        for direction, expected in (("asc", [SECOND, FIRST]), ("desc", [FIRST, SECOND])):
            address = f"/alloy/api/Things?par_fields=OID&par_sort_{direction}={name}"
            answer = await client.get(address, headers=headers)
            assert answer.json()["responseObject"]["Data"] == expected, (name, direction)
