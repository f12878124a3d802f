"""What a request does, it does once and whole: keys that outlive a crash, and answers to those who may not look."""

from datetime import timedelta

import httpx
import pytest

from satchel.actions import idempotency
from satchel.actions.idempotency import UNFINISHED
from satchel.actions.identity import accounts
from satchel.model.actor import Right
from satchel.model.errors import Busy
from satchel.model.ids import CredentialId
from surfaces.conftest import Api
from world import TEXT, bundle, fields

GROUPS = "/api/v1/groups"
USERS = "/api/v1/users"
KEYED = {"Idempotency-Key": "k"}

BOX = bundle(
    {
        "code": "BOX",
        "title": "{{ subject }}",
        "fields": fields({"id": "subject", "type": "text"}, {"id": "paper", "type": "file", "max_files": 5}),
        "start": {"fields": {"subject": "edit", "paper": "edit"}},
        "tasks": {"a": {"assign": {"starter": True}, "fields": {"subject": "edit"}}},
    }
)


@pytest.mark.parametrize(
    ("wrong", "status"), [({"password": "short"}, 422), ({"groups": [999_999]}, 404), ({"time_zone": "Mars/Base"}, 422)]
)
async def test_a_user_who_is_refused_is_not_left_behind(api: Api, wrong: dict[str, object], status: int) -> None:
    admin = await api.client("admin")
    person = {"email": "new@acme.example", "name": "New", "password": "long enough it is"}
    assert (await admin.post(USERS, json={**person, **wrong})).status_code == status
    made = await admin.post(USERS, json={**person, "groups": [api.world.groups["viewers"]]})
    assert made.status_code == 201, made.text
    entered = await (await api.client("anonymous")).post(
        "/api/v1/session", json={"email": person["email"], "password": person["password"]}
    )
    assert entered.status_code == 201
    shown = {group["name"]: group.get("members") for group in (await admin.get(GROUPS)).json()["items"]}
    assert made.json()["id"] in shown["viewers"]


async def _modifier(api: Api) -> httpx.AsyncClient:
    """Return a client of somebody who may change instances and view none."""
    admin = await api.client("admin")
    group = (await admin.post(GROUPS, json={"name": "modifiers"})).json()["id"]
    await admin.put(f"{GROUPS}/{group}/members/{api.world.people['stranger']}")
    granted = await admin.post("/api/v1/grants", json={"group": group, "right": Right.MODIFY.value})
    assert granted.status_code == 204
    return await api.client("stranger")


async def test_who_may_change_but_not_view_is_told_that_it_was_done(api: Api) -> None:
    await api.world.deploy(BOX)
    clerk, modifier = await api.client("clerk"), await _modifier(api)
    instance = (await clerk.post("/api/v1/apps/BOX/instances", json={"values": {"subject": "x"}})).json()["instance"][
        "id"
    ]
    address = f"/api/v1/instances/{instance}"

    upload = await api.upload("stranger", TEXT, instance=instance, name="a.txt")
    attached = await modifier.post(f"{address}/files", json={"uploads": [upload]}, headers=KEYED)
    assert attached.status_code == 201, attached.text
    again = await modifier.post(f"{address}/files", json={"uploads": [upload]}, headers=KEYED)
    assert (again.status_code, again.json()) == (201, attached.json())
    [shown] = attached.json()["items"]
    assert (shown["name"], shown["size"]) == ("a.txt", len(TEXT))
    assert (await modifier.get(f"/api/v1/files/{shown['id']}")).status_code == 404

    linked = await modifier.post(f"{address}/files", json={"kind": "link", "url": "https://example.com/a"})
    assert linked.status_code == 201

    changed = await modifier.patch(f"{address}/values", json={"values": {"subject": "y"}}, headers={"If-Match": "*"})
    assert (changed.status_code, changed.json()["values"]) == (200, {})
    files = (await clerk.get(f"{address}/files")).json()["items"]
    assert [file["id"] for file in files] == [shown["id"], linked.json()["items"][0]["id"]]
    assert (await clerk.get(address)).json()["values"]["subject"] == "y"


async def test_a_copy_into_what_one_may_not_view_is_made_and_named(api: Api) -> None:
    await api.world.deploy(BOX)
    await api.world.deploy(bundle({"code": "OPEN", "title": "o", "tasks": {"a": {"assign": {"starter": True}}}}))
    clerk, modifier, admin = await api.client("clerk"), await _modifier(api), await api.client("admin")
    viewers = (await admin.post(GROUPS, json={"name": "viewers of OPEN"})).json()["id"]
    await admin.put(f"{GROUPS}/{viewers}/members/{api.world.people['stranger']}")
    await admin.post("/api/v1/grants", json={"group": viewers, "right": "view", "app": "OPEN"})
    started = await clerk.post("/api/v1/apps/OPEN/instances", json={})
    source = started.json()["instance"]["id"]
    target = (await clerk.post("/api/v1/apps/BOX/instances", json={"values": {"subject": "x"}})).json()["instance"][
        "id"
    ]
    upload = await api.upload("clerk", TEXT, instance=source, name="a.txt")
    attached = await clerk.post(f"/api/v1/instances/{source}/files", json={"uploads": [upload]})
    file = attached.json()["items"][0]["id"]

    copied = await modifier.post(f"/api/v1/files/{file}/copies", json={"instance": target}, headers=KEYED)

    assert copied.status_code == 201, copied.text
    assert (copied.json()["name"], copied.json()["instance"]) == ("a.txt", target)
    assert (await modifier.get(copied.headers["Location"])).status_code == 404
    assert copied.headers["Location"] == f"/api/v1/files/{copied.json()['id']}"
    assert (await clerk.get(copied.headers["Location"])).json()["copied_from"] == file


@pytest.mark.parametrize("name", ["users", "events"])
async def test_a_full_last_page_names_no_next_one(api: Api, name: str) -> None:
    admin = await api.client("admin")
    whole = (await admin.get(f"/api/v1/{name}?limit=200")).json()
    count = len(whole["items"])
    assert (count > 3, whole["next"]) == (True, None)
    full = (await admin.get(f"/api/v1/{name}?limit={count}")).json()
    assert (full["items"], full["next"]) == (whole["items"], None)
    first = (await admin.get(f"/api/v1/{name}?limit={count - 1}")).json()
    assert (first["items"], first["next"]) == (whole["items"][:-1], str(whole["items"][-2]["id"]))
    rest = (await admin.get(f"/api/v1/{name}?limit=1&cursor={first['next']}")).json()
    assert (rest["items"], rest["next"]) == (whole["items"][-1:], None)


async def test_every_list_by_number_ends_where_its_last_page_is_full(api: Api) -> None:
    await api.world.deploy(BOX)
    clerk = await api.client("clerk")
    for name in ("a", "b"):
        started = await clerk.post("/api/v1/apps/BOX/instances", json={"values": {"subject": name}})
        instance = started.json()["instance"]["id"]
        assert (await clerk.post("/api/v1/searches", json={"name": name, "query": {}})).status_code == 201
        await api.upload("clerk", TEXT, instance=instance, name=f"{name}.txt")
    assert (await clerk.post(f"/api/v1/instances/{instance}/comments", json={"text": "hi"})).status_code == 204
    for address in ("searches", "uploads", "tasks", "instances", f"instances/{instance}/history"):
        whole = (await clerk.get(f"/api/v1/{address}")).json()
        count = len(whole["items"])
        assert count >= 2, address
        full = (await clerk.get(f"/api/v1/{address}?limit={count}")).json()
        assert (full["items"], full["next"]) == (whole["items"], None), address
        part = (await clerk.get(f"/api/v1/{address}?limit={count - 1}")).json()
        assert part["next"] is not None, address


async def _crash(api: Api, name: str, *, after_commit: bool) -> None:
    """Leave what a process that dies in the middle of `POST /groups` leaves: its key, perhaps the group."""
    admin = await api.client("admin")
    assert (await admin.post(GROUPS, json={"name": name}, headers=KEYED)).status_code == 201
    async with api.world.context.database.write() as tx:
        await tx.execute("UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL")
        if not after_commit:
            await tx.execute("UPDATE idempotency_keys SET took_effect = false")
            await tx.execute("DELETE FROM groups WHERE name = %s", (name,))


async def test_a_key_whose_process_died_before_it_did_anything_is_taken_over(api: Api) -> None:
    admin = await api.client("admin")
    await _crash(api, "slow", after_commit=False)
    api.world.clock.advance(UNFINISHED - timedelta(seconds=1))
    early = await admin.post(GROUPS, json={"name": "slow"}, headers=KEYED)
    assert (early.status_code, early.json()["code"]) == (409, "busy")
    api.world.clock.advance(timedelta(seconds=1))
    taken = await admin.post(GROUPS, json={"name": "slow"}, headers=KEYED)
    assert taken.status_code == 201
    assert "Idempotency-Replayed" not in taken.headers
    again = await admin.post(GROUPS, json={"name": "slow"}, headers=KEYED)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (taken.json(), "true")


async def test_what_was_done_before_a_crash_is_not_done_again(api: Api) -> None:
    admin = await api.client("admin")
    await _crash(api, "done", after_commit=True)
    early = await admin.post(GROUPS, json={"name": "done"}, headers=KEYED)
    assert (early.status_code, early.json()["code"]) == (409, "busy")
    api.world.clock.advance(UNFINISHED)
    late = await admin.post(GROUPS, json={"name": "done"}, headers=KEYED)
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert "performed" in late.json()["detail"]
    [(count,)] = await api.world.rows("SELECT count(*) FROM groups WHERE name = 'done'")
    assert count == 1


async def test_a_request_whose_key_was_taken_over_saves_nothing_any_more(api: Api) -> None:
    world = api.world
    request = idempotency.KeyedRequest(
        credential=CredentialId(0), secret="s", route="POST /api/v1/groups", key="k", body_digest="d"
    )
    slow = await idempotency.begin(world.context, world.admin, request)
    world.clock.advance(UNFINISHED)
    quick = await idempotency.begin(world.context, world.admin, request)
    assert isinstance(slow, idempotency.ReservedKey)
    assert isinstance(quick, idempotency.ReservedKey)

    with pytest.raises(Busy):
        await accounts.create_group(slow.context, world.admin, "from the slow one")
    await idempotency.release(world.context, slow)
    await accounts.create_group(quick.context, world.admin, "from the quick one")
    await idempotency.remember(world.context, slow, status=201, headers={}, body=b"slow")
    await idempotency.remember(world.context, quick, status=201, headers={}, body=b"quick")

    answer = await idempotency.begin(world.context, world.admin, request)
    assert not isinstance(answer, idempotency.ReservedKey)
    assert answer.body == b"quick"
    found = {group.name for group in (await accounts.people(world.context, world.admin)).groups}
    assert "from the quick one" in found
    assert "from the slow one" not in found
