"""What people change of themselves, and whom they find."""

from typing import Any

import httpx
import pytest

from satchel.actions.identity import credentials
from surfaces.conftest import Api
from world import PASSWORD

NEW = "another long one"


async def _session(api: Api, password: str = PASSWORD, who: str = "clerk") -> dict[str, str]:
    """Sign in and return the headers of a browser."""
    anyone = await api.client("anonymous")
    answer = await anyone.post("/api/v1/session", json={"email": f"{who}@acme.example", "password": password})
    anyone.cookies.clear()
    assert answer.status_code == 201, answer.text
    return {
        "Cookie": answer.headers["Set-Cookie"].partition(";")[0],
        "X-CSRF-Token": answer.json()["csrf_token"],
    }


async def _with_password(api: Api) -> httpx.AsyncClient:
    world = api.world
    await credentials.set_password(world.context, world.admin, world.people["clerk"], PASSWORD)
    return await api.client("anonymous")


async def test_a_profile_is_changed_in_the_parts_that_are_given(api: Api) -> None:
    clerk = await api.client("clerk")
    before = (await clerk.get("/api/v1/me")).json()
    changed = await clerk.patch("/api/v1/me", json={"name": "Cleo Clerk", "time_zone": "Asia/Tokyo"})
    assert changed.json() == {**before, "name": "Cleo Clerk", "time_zone": "Asia/Tokyo"}
    again = await clerk.patch("/api/v1/me", json={"locale": "ja"})
    assert again.json() == (await clerk.get("/api/v1/me")).json() == {**changed.json(), "locale": "ja"}


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": " "}, "name"), ({"time_zone": "Mars/Base"}, "time_zone"), ({"locale": "??"}, "locale")],
)
async def test_a_profile_refuses_what_no_user_can_have(api: Api, given: dict[str, str], field: str) -> None:
    clerk = await api.client("clerk")
    before = (await clerk.get("/api/v1/me")).json()
    refused = await clerk.patch("/api/v1/me", json=given)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert (await clerk.get("/api/v1/me")).json() == before
    assert (await clerk.patch("/api/v1/me", json={"email": "boss@acme.example"})).status_code == 400


async def test_a_new_password_ends_every_session_but_the_one_that_asked(api: Api) -> None:
    anyone = await _with_password(api)
    own, other = await _session(api), await _session(api)
    changed = await anyone.post("/api/v1/me/password", json={"old": PASSWORD, "new": NEW}, headers=own)
    assert changed.status_code == 204
    assert (await anyone.get("/api/v1/me", headers=own)).status_code == 200
    assert (await anyone.get("/api/v1/me", headers=other)).json()["code"] == "session_ended"
    old = await anyone.post("/api/v1/session", json={"email": "clerk@acme.example", "password": PASSWORD})
    assert old.status_code == 401
    await _session(api, NEW)
    world = api.world  # the session that stayed ends with the password that it belongs to now
    await credentials.set_password(world.context, world.admin, world.people["clerk"], PASSWORD)
    assert (await anyone.get("/api/v1/me", headers=own)).status_code == 401


async def test_a_wrong_old_password_is_a_fault_beside_its_field_and_counts_as_a_try(api: Api) -> None:
    anyone = await _with_password(api)
    own = await _session(api)
    for _ in range(credentials.FAILURES_PER_LOGIN):
        refused = await anyone.post("/api/v1/me/password", json={"old": "a guess", "new": NEW}, headers=own)
        (fault,) = refused.json()["errors"]
        assert (refused.status_code, fault["field"], fault["code"]) == (422, "old", "wrong_password")
    slowed = await anyone.post("/api/v1/me/password", json={"old": PASSWORD, "new": NEW}, headers=own)
    assert (slowed.status_code, slowed.json()["code"]) == (429, "too_many_requests")
    signing_in = await anyone.post("/api/v1/session", json={"email": "clerk@acme.example", "password": PASSWORD})
    assert signing_in.status_code == 429, "the tries of both are counted together"
    assert (await anyone.get("/api/v1/me", headers=own)).status_code == 200
    events = (await (await api.client("admin")).get("/api/v1/events", params={"limit": 200})).json()["items"]
    failed = [event for event in events if event["kind"] == "sign_in.failed"]
    assert len(failed) == credentials.FAILURES_PER_LOGIN
    assert failed[0]["data"]["reason"] == "wrong_old_password"


async def test_a_short_new_password_is_refused_before_a_try_is_counted(api: Api) -> None:
    anyone = await _with_password(api)
    own = await _session(api)
    for _ in range(credentials.FAILURES_PER_LOGIN + 1):
        refused = await anyone.post("/api/v1/me/password", json={"old": PASSWORD, "new": "short"}, headers=own)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "new")


async def test_who_has_no_password_cannot_make_one_with_an_old_one(api: Api) -> None:
    viewer = await api.client("viewer")
    refused = await viewer.post("/api/v1/me/password", json={"old": "", "new": NEW})
    assert refused.json()["errors"][0]["code"] == "wrong_password"


async def _names(client: httpx.AsyncClient, **asked: Any) -> list[str]:
    answer = await client.get("/api/v1/users", params=asked)
    assert answer.status_code == 200, answer.text
    return [user["name"] for user in answer.json()["items"]]


async def test_people_are_found_by_numbers_by_a_text_in_their_names_and_by_group(api: Api) -> None:
    world = api.world
    clerk, admin = await api.client("clerk"), await api.client("admin")
    ids = f"{world.people['viewer']}, {world.people['buyer']},999999"
    assert sorted(await _names(clerk, id=ids)) == ["Buyer", "Viewer"]
    assert await _names(clerk, q="LER") == ["Clerk"]
    assert await _names(clerk, group=world.groups["clerks"]) == ["Clerk"]
    assert await _names(admin, group=world.groups["buyers"], q="b") == ["Buyer"]
    assert await _names(clerk, q="%") == []
    first = (await clerk.get("/api/v1/users", params={"q": "e", "limit": 1})).json()
    assert await _names(clerk, q="e", cursor=first["next"]) == (await _names(clerk, q="e"))[1:]


async def test_only_administrators_read_and_search_e_mails(api: Api) -> None:
    clerk, admin = await api.client("clerk"), await api.client("admin")
    assert {user["email"] for user in (await clerk.get("/api/v1/users")).json()["items"]} == {None}
    assert "buyer@acme.example" in {user["email"] for user in (await admin.get("/api/v1/users")).json()["items"]}
    assert await _names(clerk, q="buyer@acme") == []
    assert await _names(admin, q="buyer@acme") == ["Buyer"]


async def test_members_of_a_group_are_shown_to_administrators_and_to_its_members(api: Api) -> None:
    clerk = await api.client("clerk")
    refused = await clerk.get("/api/v1/users", params={"group": api.world.groups["buyers"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("ids", ["", "x", "1,,2", "-1", ",".join(map(str, range(1, 202)))])
async def test_numbers_that_no_users_can_have_are_refused(api: Api, ids: str) -> None:
    refused = await (await api.client("clerk")).get("/api/v1/users", params={"id": ids})
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/id")


async def test_people_of_another_account_are_not_found(api: Api) -> None:
    rival = await api.client("rival")
    assert await _names(rival, id=str(api.world.people["clerk"])) == []
    assert "Clerk" not in await _names(rival)
