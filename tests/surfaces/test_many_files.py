"""What a request asks of the database does not grow with the files of an instance."""

from base64 import b64encode
from datetime import timedelta

import httpx

from counted import counted
from engine_bpmn import el, simple
from golden.alloy_world import token
from satchel.actions.instances import lifecycle
from satchel.model.ids import InstanceId
from satchel.surfaces.alloy.attachment_lists import COLUMNS, rows_of
from satchel.surfaces.alloy.inputs import Filter, RowQuery
from satchel.surfaces.alloy.tables import listed
from surfaces.conftest import Api
from world import World, bundle, fields

FEW, MANY = 3, 50
PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\x06\0\0\0\x1f\x15\xc4\x89"
    b"\0\0\0\nIDATx\x9cc\0\1\0\0\5\0\1\r\n-\xb4\0\0\0\0IEND\xaeB`\x82"
)


async def _uploads(api: Api, count: int, code: str) -> list[int]:
    """Upload images, no two of which are the same bytes."""
    clerk = await api.world.actor("clerk")
    return [
        await api.world.upload(clerk, PNG + bytes([number]), name=f"{number}.png", app=code, field="photos")
        for number in range(count)
    ]


EVERYTHING = {"photos": "edit", "note": "edit"}
PHOTOS = fields({"id": "photos", "type": "photo", "max_files": 1000}, {"id": "note", "type": "text"})


async def test_the_statements_of_a_start_a_save_and_a_completion_do_not_grow_with_their_files(api: Api) -> None:
    task = {"assign": {"starter": True}, "fields": EVERYTHING}
    manifest = {"code": "P", "fields": PHOTOS, "start": {"fields": EVERYTHING}, "tasks": {"a": task}}
    await api.world.deploy(bundle(manifest))
    client = await api.client("clerk")
    await client.post("/api/v1/apps/P/instances", json={})  # what is loaded once is loaded

    async def asked(count: int) -> list[int]:
        uploads = await _uploads(api, count, "P")
        with counted() as starting:
            started = await client.post("/api/v1/apps/P/instances", json={"values": {"photos": uploads}})
        assert started.status_code == 201, started.text
        path = f"/api/v1/tasks/{started.json()['next_task']['id']}"
        with counted() as saving:
            assert (await client.post(f"{path}/save", json={"values": {"photos": uploads}})).status_code == 200
        with counted() as moving:
            assert (await client.post(f"{path}/save", json={"values": {"photos": uploads[::-1]}})).status_code == 200
        with counted() as completing:
            done = await client.post(f"{path}/complete", json={"values": {"photos": uploads[1:]}})
        assert done.status_code == 200, done.text
        return [len(one.statements) for one in (starting, saving, moving, completing)]

    assert await asked(FEW) == await asked(MANY)


async def test_the_statements_of_a_call_activity_do_not_grow_with_the_files_that_it_copies(api: Api) -> None:
    photos = {"fields": {"photos": "edit"}}
    await api.world.deploy(bundle({"code": "C", "fields": PHOTOS, "start": photos}))
    mapping = {"c": {"app": "C", "in": {"photos": "photos"}}}
    process = simple(el("callActivity", "c", calledElement="C"), through=("c",))
    await api.world.deploy(bundle({"code": "P", "fields": PHOTOS, "start": photos, "calls": mapping}, process))
    client = await api.client("clerk")
    await client.post("/api/v1/apps/P/instances", json={})

    async def asked(count: int) -> int:
        uploads = await _uploads(api, count, "P")
        with counted() as found:
            answer = await client.post("/api/v1/apps/P/instances", json={"values": {"photos": uploads}})
        assert answer.status_code == 201, answer.text
        copied = await api.world.rows("SELECT count(*) FROM files WHERE source_file_id = ANY(%s)", uploads)
        assert copied == [(count,)]
        return len(found.statements)

    assert await asked(FEW) == await asked(MANY)


ALLOY = "/alloy/api/v2/Object/P000001/Attachments"


async def _fill_tab(world: World, instance: InstanceId, count: int) -> None:
    """Put files that are kept elsewhere into an instance's tab: their rows are what matters."""
    async with world.context.database.write() as tx:
        await tx.execute(
            "INSERT INTO files (account_id, id, uuid, instance_id, area, position, kind, name, url, description,"
            " created_at, created_by)"
            " SELECT %s, nextval('file_ids'), gen_random_uuid(), %s, CASE n %% 3 WHEN 0 THEN 'Docs' END, n, 'link',"
            " 'n' || n, 'https://example.com/' || n, CASE n %% 4 WHEN 0 THEN '' ELSE 'about ' || n %% 7 END, %s, %s"
            " FROM generate_series(1, %s) AS n",
            (world.account, instance, world.clock(), world.people["clerk"], count),
        )


async def test_one_more_attachment_and_a_page_of_them_read_no_more_where_thousands_are(api: Api) -> None:
    world = api.world
    await world.deploy(bundle({"code": "P", "fields": PHOTOS, "start": {"fields": EVERYTHING}}))
    clerk = await world.actor("clerk")
    client = await api.client("anonymous")
    headers = {"Authorization": f"bearer {await token(world, clerk)}"}
    body = {"FileName": "one.bin", "Description": "", "Data": b64encode(b"x").decode()}

    async def asked(instance: int, count: int) -> list[tuple[int, int]]:
        await _fill_tab(world, InstanceId(instance), count)
        path = f"/alloy/api/v2/Object/P{instance:06}/Attachments"
        found: list[tuple[int, int]] = []

        async def do(method: str, address: str, **given: object) -> httpx.Response:
            with counted() as done:
                answer = await client.request(method, address, headers=headers, **given)  # type: ignore[arg-type]  # its own
            assert answer.json()["success"], answer.text
            found.append((len(done.statements), done.rows))
            return answer

        await do("PUT", path, json=body)
        page = await do("GET", f"{path}?par_limit=100&par_sort_desc=Size&par_fields=ID,Name")
        rows = page.json()["responseObject"]["Data"]
        assert len(rows) == 100
        assert rows[0][1] == "one.bin"
        await do("PATCH", f"{path}/{rows[0][0]}", json={"Description": "seen"})
        await do("DELETE", f"{path}/{rows[0][0]}")
        return found

    first, second = [await world.start(clerk, "P") for _ in range(2)]
    small = await asked(int(first), 101)
    large = await asked(int(second), 3000)

    assert [statements for statements, _ in large] == [statements for statements, _ in small]
    assert [rows for _, rows in large] == [rows for _, rows in small]


CONDITIONS = [
    *[("ID", operation, value) for operation in ("=", "<>") for value in ("", "none", "GUID")],
    *[("Description", operation, value) for operation in ("=", "<>") for value in ("", " ABOUT 3 ")],
    *[("Name", operation, value) for operation in ("=", "<>") for value in ("", "NOTE.txt", "https://example.com/7")],
    *[("Type", operation, value) for operation in ("=", "<>") for value in ("", "file", "LINK", "else")],
    *[("Area", operation, value) for operation in ("=", "<>") for value in ("", "docs")],
    *[("Field", operation, value) for operation in ("=", "<>") for value in ("", "ÄRGER", "else")],
    *[("Size", operation, value) for operation in ("=", "<>", "<", "<=", ">", ">=") for value in ("24", "9" * 20)],
    *[("Created_Date", operation, "2026-01") for operation in ("=", "<>", "<", "<=", ">", ">=")],
]


async def test_the_database_finds_and_sorts_attachments_as_the_list_in_memory_does(api: Api) -> None:
    world = api.world
    declared = fields({"id": "plain", "type": "file", "max_files": 9}, {"id": "odd", "type": "file", "label": "Ärger"})
    start = {"fields": {"plain": "edit", "odd": "edit"}}
    await world.deploy(bundle({"code": "P", "fields": declared, "start": start}))
    clerk = await world.actor("clerk")
    plain = [await world.upload(clerk, name=name, field="plain", app="P") for name in ("note.txt", "Zoo.txt", "ä.txt")]
    odd = await world.upload(clerk, b"12", name="odd.txt", field="odd", app="P")
    instance = await world.start(clerk, "P", plain=plain, odd=[odd])
    world.clock.advance(timedelta(days=40))
    await _fill_tab(world, instance, 20)
    view = await lifecycle.read(world.context, clerk, instance)
    captions = {str(field.id): field.label for field in view.app.manifest.fields}
    rows = rows_of(view.files, captions)
    client = await api.client("anonymous")
    headers = {"Authorization": f"bearer {await token(world, clerk)}"}

    async def check(filters: list[Filter], sort: list[tuple[str, bool]], offset: int = 0, limit: int = 100) -> None:
        wanted = RowQuery(filters=tuple(filters), sort=tuple(sort), offset=offset, limit=limit, others={})
        body = {
            "filters": [{"name": one.name, "operation": one.operation, "value": one.value} for one in filters],
            "sort": [{"property": name, "direction": "DESC" if down else "ASC"} for name, down in sort],
            "offset": offset,
            "limit": limit,
        }
        answer = (await client.post(ALLOY, headers=headers, json=body)).json()
        assert answer["success"], (body, answer)
        assert answer["responseObject"] == listed(clerk, COLUMNS, rows, wanted), body

    for name, operation, value in CONDITIONS:
        text = str(view.files[0].uuid) if value == "GUID" else value
        await check([Filter(name=name, operation=operation, value=text)], [])
    for column in COLUMNS:
        for descending in (False, True):
            await check([], [(column.name, descending), ("ID", False)])
            await check([], [(column.name, descending)], offset=3, limit=7)
