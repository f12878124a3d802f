"""The Flokzu surface: who acts, for whom a new instance counts as started, what a form's file may be, round trips."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from golden.flokzu_world import flokzu as flokzu_world
from golden.flokzu_world import key_of
from satchel.actions.identity import accounts, credentials
from satchel.actions.instances import lifecycle
from satchel.model.actor import Right
from satchel.surfaces.flokzu.addresses import BASE
from satchel.surfaces.flokzu.names import ids_of, names_of
from surfaces.conftest import Api
from world import PDF, TEXT

V2 = f"{BASE}/v2"
FILES = "instances/file?reference=EVA-1"


@dataclass
class Flokzu:
    """A client, and the keys of several people."""

    api: Api
    client: httpx.AsyncClient
    keys: Mapping[str, object]

    def headers(self, owner: str, user: str | None = None, **more: str) -> dict[str, str]:
        """Return the headers of somebody's key, for themselves or for somebody else."""
        return {"X-Api-Key": str(self.keys[owner]), "X-Username": f"{user or owner}@acme.example", **more}

    async def v1(self, method: str, path: str, who: str = "clerk", /, **sent: Any) -> httpx.Response:
        """Make a call of version 1 with nothing but the key in the path."""
        return await self.client.request(method, f"{BASE}/{self.keys[who]}/{path}", **sent)

    async def fields(self, identifier: str = "EVA-1") -> dict[str, object]:
        """Return the fields of an instance as the clerk sees them."""
        query = {"identifier": identifier}
        found = await self.client.get(f"{V2}/process/instance", params=query, headers=self.headers("clerk"))
        return dict(found.json()["data"]["fields"])


@pytest.fixture
async def flokzu(api: Api) -> Flokzu:
    """The surface on the world of its transcripts."""
    return Flokzu(api, await api.client("anonymous"), await flokzu_world(api))


async def test_the_key_of_an_administrator_acts_for_the_user_whom_it_names_with_their_rights(flokzu: Flokzu) -> None:
    address, body = f"{V2}/process/instance", {"processId": "EVA", "data": {}}
    as_viewer = flokzu.headers("admin", "viewer", **{"X-ForceUser": "true"})
    as_clerk = flokzu.headers("admin", "clerk", **{"X-ForceUser": "1"})

    assert (await flokzu.client.post(address, headers=as_viewer, json=body)).status_code == 403
    made = (await flokzu.client.post(address, headers=as_clerk, json=body)).json()["identifier"]

    world = flokzu.api.world
    clerk = await world.actor("clerk")
    seen = await lifecycle.read(world.context, clerk, made)
    assert seen.instance.starter_id == clerk.user_id
    (started, *_) = await lifecycle.history(world.context, clerk, seen.instance.id, after=0, limit=5)
    keys = await credentials.of_user(world.context, world.admin, world.admin.user_id or clerk.user_id)  # type: ignore[arg-type]  # is one
    assert (started.user_id, started.credential_id in {key.id for key in keys}) == (clerk.user_id, True)


async def test_the_system_starts_an_instance_only_for_somebody_who_may(flokzu: Flokzu) -> None:
    address, body = f"{V2}/process/instance", {"processId": "EVA", "data": {}}
    for force in ({}, {"X-ForceUser": "false"}):
        refused = await flokzu.client.post(address, headers=flokzu.headers("viewer", **force), json=body)
        made = await flokzu.client.post(address, headers=flokzu.headers("clerk", **force), json=body)
        assert (refused.status_code, made.status_code) == (403, 200)
        world = flokzu.api.world
        seen = await lifecycle.read(world.context, world.admin, made.json()["identifier"])
        assert seen.instance.starter_id is None


async def test_somebody_who_may_start_and_not_look_gets_the_identifier_all_the_same(flokzu: Flokzu) -> None:
    world = flokzu.api.world
    group = await accounts.create_group(world.context, world.admin, "starters")
    await accounts.grant(world.context, world.admin, group, Right.START, app="PRI")
    stranger = world.people["stranger"]
    await accounts.set_member(world.context, world.admin, group, stranger, is_member=True)

    made = await flokzu.v1("POST", "instance?processCode=PRI", "stranger", json={"Código": "A"})
    added = await flokzu.v1("PUT", "database/PRI", "stranger", json={"Código": "B"})
    looked = await flokzu.v1("GET", "database/PRI?paramName=C%C3%B3digo&paramValue=A", "stranger")

    assert made.json()["identifier"] == "PRI-1"
    assert (added.status_code, looked.status_code) == (200, 403)


async def test_somebody_who_may_change_and_not_look_attaches_and_updates(flokzu: Flokzu) -> None:
    world = flokzu.api.world
    group = await accounts.create_group(world.context, world.admin, "changers")
    await accounts.grant(world.context, world.admin, group, Right.MODIFY, app="EVA")
    await accounts.set_member(world.context, world.admin, group, world.people["stranger"], is_member=True)

    sent = await flokzu.v1("POST", f"{FILES}&fieldLabel=Pictures", "stranger", content=TEXT)
    changed = await flokzu.v1("PUT", "instance?identifier=EVA-1", "stranger", json={"Secret": "x"})
    seen = await flokzu.v1("GET", "instance?identifier=EVA-1", "stranger")

    assert (sent.status_code, changed.status_code, seen.json()["fields"]) == (200, 200, [])


async def test_a_key_ends_when_it_was_to_and_with_its_user(flokzu: Flokzu) -> None:
    world = flokzu.api.world
    clerk = await world.actor("clerk")
    brief = await key_of(world, clerk, expires_at=world.clock() + timedelta(hours=1))
    address = f"{BASE}/{brief}/instance?identifier=EVA-1"
    assert (await flokzu.client.get(address)).status_code == 200

    world.clock.advance(timedelta(hours=1))
    expired = await flokzu.client.get(address)
    await accounts.end_user(world.context, world.admin, world.people["clerk"], erase=False)
    ended = await flokzu.v1("GET", "instance?identifier=EVA-1")

    assert (expired.status_code, ended.status_code) == (401, 401)
    assert {**expired.json(), "requestId": ""} == {**ended.json(), "requestId": ""}


async def test_a_key_is_made_by_the_native_api_and_revoked_there(flokzu: Flokzu) -> None:
    admin = await flokzu.api.client("admin")
    address = f"/api/v1/users/{flokzu.api.world.people['viewer']}/credentials"
    made = (await admin.post(address, json={"kind": "named_key", "name": "import"})).json()
    headers = {"X-Api-Key": made["secret"], "X-Username": "viewer@acme.example"}
    assert len(bytes.fromhex(made["secret"])) == 24

    before = await flokzu.client.get(f"{V2}/process/instance?identifier=EVA-1", headers=headers)
    await admin.delete(f"/api/v1/credentials/{made['id']}")
    after = await flokzu.client.get(f"{V2}/process/instance?identifier=EVA-1", headers=headers)

    assert (before.status_code, after.status_code) == (200, 401)


@pytest.mark.parametrize("kind", ["token", "api_key"])
async def test_a_credential_of_another_kind_is_no_key_here_and_a_key_none_elsewhere(flokzu: Flokzu, kind: str) -> None:
    world = flokzu.api.world
    clerk = await world.actor("clerk")
    assert clerk.user_id is not None
    other = await credentials.create_token(world.context, clerk, clerk.user_id, kind=kind, name="other")
    headers = {"X-Api-Key": other.secret, "X-Username": "clerk@acme.example"}
    assert (await flokzu.client.get(f"{V2}/process/instance?identifier=EVA-1", headers=headers)).status_code == 401
    key = str(flokzu.keys["clerk"])
    for proof in ({"X-Api-Key": key}, {"Authorization": f"Bearer {key}"}):
        assert (await flokzu.client.get("/api/v1/me", headers=proof)).status_code == 401


async def test_a_header_that_comes_twice_differently_is_refused(flokzu: Flokzu) -> None:
    twice = [("X-Api-Key", str(flokzu.keys["clerk"])), ("X-Api-Key", "x"), ("X-Username", "clerk@acme.example")]
    answer = await flokzu.client.get(f"{V2}/process/instance?identifier=EVA-1", headers=twice)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_what_a_get_gives_can_be_sent_back_and_changes_nothing(flokzu: Flokzu) -> None:
    before = await flokzu.fields()

    answer = await flokzu.v1("PUT", "instance?identifier=EVA-1", json=before)
    assert answer.status_code == 200, answer.text

    def still(fields: Mapping[str, object]) -> str:
        return str(fields).split("/links/")[0]

    after = await flokzu.fields()
    assert still(after) == still(before)
    assert after["Pictures"] == before["Pictures"]


async def test_a_field_of_one_file_is_overwritten_and_emptied_and_others_are_added_to(flokzu: Flokzu) -> None:
    label = "&fieldLabel=Description%20(PDF)"
    sent = await flokzu.v1("POST", f"{FILES}{label}", files={"file": ("b.pdf", PDF + b"%2\n", "application/pdf")})
    assert sent.status_code == 200, sent.text
    shown = (await flokzu.fields())["Description (PDF)"]
    assert isinstance(shown, dict)
    assert (shown["name"], shown["attachmentId"]) == ("b.pdf", sent.json()["attachmentId"])
    for number in (1, 2):
        assert (await flokzu.v1("POST", f"{FILES}&fieldLabel=pictures", content=TEXT)).status_code == 200, number
    full = await flokzu.v1("POST", f"{FILES}&fieldLabel=Pictures", content=TEXT)
    assert (full.status_code, full.json()["errors"][0]["code"]) == (400, "too_many_files")

    await flokzu.v1("PUT", "instance?identifier=EVA-1", json={"Description (PDF)": None, "Pictures": ""})

    shown_after = await flokzu.fields()
    assert (shown_after["Description (PDF)"], shown_after["Pictures"]) == (None, [])
    world = flokzu.api.world
    assert await world.drift() == []
    assert (await world.storage()).reserved_bytes == 0


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"files": {"file": ("a.exe", b"MZ", "application/x-msdownload")}}, 400, "file_type"),
        (
            {"content": b"--b\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
            400,
            "invalid_request",
        ),
        ({"data": {"a": "b"}, "files": {"other": ("a.pdf", PDF)}}, 400, "invalid_request"),
        ({"files": [("file", ("a.pdf", PDF)), ("file", ("b.pdf", PDF))]}, 400, "invalid_request"),
    ],
)
async def test_a_file_that_is_refused_leaves_nothing(
    flokzu: Flokzu, sent: Mapping[str, object], status: int, code: str
) -> None:
    before = await flokzu.api.world.storage()
    refused = await flokzu.v1("POST", f"{FILES}&fieldLabel=Description%20(PDF)", **sent)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert await flokzu.api.world.storage() == before
    assert (await flokzu.api.world.rows("SELECT count(*) FROM uploads WHERE state NOT IN ('claimed', 'expired')")) == [
        (0,)
    ]


async def test_a_file_over_the_quota_is_refused_and_one_that_fits_exactly_is_taken(flokzu: Flokzu) -> None:
    world = flokzu.api.world
    used = (await world.storage()).used_bytes
    await accounts.set_quota(world.context, world.admin, used + len(TEXT))

    over = await flokzu.v1("POST", FILES, content=TEXT + b"!")
    fits = await flokzu.v1("POST", FILES, content=TEXT)

    assert (over.status_code, over.json()["code"]) == (507, "over_quota")
    assert fits.status_code == 200, fits.text


async def test_a_file_needs_a_length_and_may_come_under_an_idempotency_key(flokzu: Flokzu) -> None:
    async def pieces() -> object:
        yield TEXT

    refused = await flokzu.v1("POST", FILES, content=pieces())
    assert (refused.status_code, refused.json()["message"]) == (400, "Send the file with a Content-Length.")
    keyed = {"Idempotency-Key": "k"}
    first, again, other = [
        await flokzu.v1("POST", f"{FILES}&attachmentName={name}", content=TEXT, headers=keyed)
        for name in ("a.txt", "a.txt", "b.txt")
    ]
    assert (first.status_code, first.json()) == (200, again.json())
    assert (other.status_code, other.json()["code"]) == (400, "idempotency_key_reused")


async def test_one_key_s_users_do_not_get_each_other_s_answers_under_an_idempotency_key(flokzu: Flokzu) -> None:
    body = {"processId": "EVA", "data": {}}
    address = f"{V2}/process/instance"
    answers = [
        await flokzu.client.post(address, headers=flokzu.headers("admin", who, **{"Idempotency-Key": "k"}), json=body)
        for who in ("clerk", "viewer")
    ]
    assert [answer.status_code for answer in answers] == [200, 400]


async def test_json_that_is_too_deep_or_too_long_is_refused(flokzu: Flokzu) -> None:
    address, headers = f"{V2}/process/instance", flokzu.headers("clerk", **{"Content-Type": "application/json"})
    deep = b'{"data":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    assert (await flokzu.client.put(address, headers=headers, content=deep)).status_code == 400
    long = b'{"data":"' + b"x" * 2_000_000 + b'"}'
    refused = await flokzu.client.put(address, headers=headers, content=long)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    zeros = await flokzu.client.put(address, headers=headers, content=b'{"identifier":"EVA-1\\u0000"}')
    assert zeros.status_code == 400


async def test_an_ended_record_stays_and_a_cancelled_one_goes_and_neither_can_be_changed(flokzu: Flokzu) -> None:
    world = flokzu.api.world
    clerk = await world.actor("clerk")
    ended, cancelled = [await world.start(clerk, "PRI", sku=sku) for sku in ("ended", "cancelled")]
    await world.complete(clerk, ended)
    await lifecycle.cancel_instance(world.context, clerk, cancelled, why="")

    listed = (await flokzu.v1("GET", "database/list?dbase=PRI")).json()
    changed = [
        await flokzu.v1("PUT", "database/PRI/update", json={"Id": int(n), "Código": "x"}) for n in (ended, cancelled)
    ]

    assert [row["Código"] for row in listed] == ["ended"]
    assert [(answer.status_code, answer.json()["code"]) for answer in changed] == [
        (409, "invalid_state"),
        (404, "not_found"),
    ]


async def test_records_are_found_by_every_kind_of_value_and_by_its_absence(flokzu: Flokzu) -> None:
    world = flokzu.api.world
    clerk = await world.actor("clerk")
    await world.start(clerk, "PRI", sku="a", maker="M", price="1.50", count=2, tags=["x", "y"])
    await world.start(clerk, "PRI", sku="A", own="7")
    for column, value, expected in (
        ("Código", "a", ["a"]),
        ("Código", "A", ["A"]),
        ("Precio", "1.5", ["a"]),
        ("Cantidad", "2", ["a"]),
        ("Tags", "X", ["a"]),
        ("Tags", "", ["A"]),
        ("Fabricante", "", ["A"]),
        ("own", "7", ["A"]),
        ("Id", "0", []),
        ("Id", "9223372036854775808", []),
        ("Id", "-1", []),
    ):
        query = {"databaseName": "PRI", "columnName": column, "value": value}
        found = await flokzu.client.get(f"{V2}/database/records", params=query, headers=flokzu.headers("clerk"))
        assert [row["Código"] for row in found.json()["data"]] == expected, (column, value)


async def test_a_record_of_another_app_is_none_of_this(flokzu: Flokzu) -> None:
    number = flokzu.keys["number"]
    assert (await flokzu.v1("GET", f"database/PRI?paramName=Id&paramValue={number}")).json() == {}
    changed = await flokzu.v1("PUT", "database/PRI/update", json={"Id": number, "Código": "x"})
    assert changed.status_code == 404


@dataclass
class Thing:
    """Something with a label."""

    id: str
    label: str


def test_each_thing_has_one_name_whatever_their_labels_are() -> None:
    things = [Thing("a", "L"), Thing("b", "L"), Thing("c", "a"), Thing("d", "c"), Thing("e", "E"), Thing("f", "Id")]

    names = names_of(things, taken=("Id",))

    assert names == {"a": "a", "b": "b", "c": "c", "d": "d", "e": "E", "f": "f"}
    assert len(set(names.values())) == len(things)
    assert all(ids_of(things, taken=("Id",))[name] == id_ for id_, name in names.items())


async def test_a_retired_app_starts_nothing_and_says_so(flokzu: Flokzu) -> None:
    admin = await flokzu.api.client("admin")
    assert (await admin.post("/api/v1/apps/EVA/retire")).status_code == 204
    body = {"processId": "EVA", "data": {}}
    refused = await flokzu.client.post(f"{V2}/process/instance", headers=flokzu.headers("clerk"), json=body)
    assert refused.status_code in {400, 409}
    assert "EVA is retired" in refused.text
