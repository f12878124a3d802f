"""Sessions of browsers: read again after a reload, moved on by use, ended and told apart from no sign-in."""

import httpx
import pytest

from satchel.actions.identity import credentials, sessions
from satchel.actions.tokens import token_hash
from surfaces.conftest import Api
from world import PASSWORD

ME = "/api/v1/me"
SESSION = "/api/v1/session"
GROUPS = "/api/v1/groups"


async def _browser(api: Api, who: str = "clerk") -> tuple[httpx.AsyncClient, str]:
    """Return a client with the cookie of a session that it has just opened, and the CSRF token."""
    world = api.world
    await credentials.set_password(world.context, world.admin, world.people[who], PASSWORD)
    return await _sign_in(api, f"{who}@acme.example")


async def _sign_in(api: Api, email: str, *, device: str = "a test") -> tuple[httpx.AsyncClient, str]:
    anyone = await api.client("anonymous")
    headers = [(b"User-Agent", device.encode("latin-1"))]
    answer = await anyone.post(SESSION, json={"email": email, "password": PASSWORD}, headers=headers)
    anyone.cookies.clear()
    assert answer.status_code == 201, answer.text
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    browser = httpx.AsyncClient(
        transport=anyone._transport,  # the same application, with a cookie of its own
        base_url=anyone.base_url,
        headers={"Cookie": cookie},
        event_hooks=anyone.event_hooks,
    )
    return browser, answer.json()["csrf_token"]


async def test_a_page_that_is_loaded_anew_gets_the_token_for_its_changes(api: Api) -> None:
    browser, csrf = await _browser(api)
    found = (await browser.get(SESSION)).json()
    assert found == {
        "user": api.world.people["clerk"],
        "csrf_token": csrf,
        "expires_at": "2026-03-02T21:30:00.000Z",
    }
    changed = await browser.post(f"/api/v1/users/{found['user']}/credentials", headers={"X-CSRF-Token": csrf}, json={})
    assert changed.status_code == 201


async def test_the_token_of_a_session_is_of_no_use_for_another(api: Api) -> None:
    browser, _ = await _browser(api)
    _, other = await _sign_in(api, "clerk@acme.example")
    user = api.world.people["clerk"]
    refused = await browser.post(f"/api/v1/users/{user}/credentials", headers={"X-CSRF-Token": other}, json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_session_of_an_earlier_release_keeps_its_token_and_gets_the_new_one_too(api: Api) -> None:
    browser, _ = await _browser(api)
    user = api.world.people["clerk"]
    async with api.world.context.database.write() as tx:
        await tx.execute("UPDATE credentials SET csrf_hash = %s WHERE kind = 'session'", (token_hash("old"),))
    found = (await browser.get(SESSION)).json()["csrf_token"]
    for token in ("old", found):
        made = await browser.post(f"/api/v1/users/{user}/credentials", headers={"X-CSRF-Token": token}, json={})
        assert made.status_code == 201


async def test_use_moves_the_end_of_a_session_up_to_its_longest_life(api: Api) -> None:
    browser, _ = await _browser(api)
    clock, policy = api.world.clock, api.world.context.policy
    ends_at = clock() + policy.session_max_lifetime
    while clock() < ends_at - policy.session_lifetime / 2:
        clock.advance(policy.session_lifetime / 2)
        assert (await browser.get(ME)).status_code == 200
    clock.advance(ends_at - clock())
    assert (await browser.get(ME)).json()["code"] == "session_ended"


async def test_a_session_without_use_ends(api: Api) -> None:
    browser, _ = await _browser(api)
    api.world.clock.advance(api.world.context.policy.session_lifetime)
    ended = await browser.get(ME)
    assert (ended.status_code, ended.json()["code"]) == (401, "session_ended")
    assert "WWW-Authenticate" in ended.headers


async def test_a_session_that_is_used_often_is_written_seldom(api: Api) -> None:
    browser, _ = await _browser(api)
    policy = api.world.context.policy
    versions = set[str]()
    step = policy.session_lifetime / sessions.STEPS
    for _ in range(40):
        assert (await browser.get(ME)).status_code == 200
        versions.add(str(await api.world.rows("SELECT xmin FROM credentials WHERE kind = 'session'")))
        api.world.clock.advance(step / 20)
    assert len(versions) == 2, "forty requests in two steps write once"


async def test_the_cookie_outlives_the_session_so_that_its_end_is_told_from_no_sign_in(api: Api) -> None:
    world = api.world
    await credentials.set_password(world.context, world.admin, world.people["clerk"], PASSWORD)
    anyone = await api.client("anonymous")
    answer = await anyone.post(SESSION, json={"email": "clerk@acme.example", "password": PASSWORD})
    parts = dict(part.strip().partition("=")[::2] for part in answer.headers["Set-Cookie"].split(";"))
    assert int(parts["Max-Age"]) > world.context.policy.session_max_lifetime.total_seconds()
    anyone.cookies.clear()
    assert (await anyone.get(SESSION)).json()["code"] == "unauthenticated"


@pytest.mark.parametrize("way", ["sign_out", "new_password", "deactivated", "unknown"])
async def test_each_end_of_a_session_is_session_ended(api: Api, way: str) -> None:
    world = api.world
    browser, csrf = await _browser(api)
    admin, user = await api.client("admin"), world.people["clerk"]
    if way == "sign_out":
        ended = await browser.delete(SESSION, headers={"X-CSRF-Token": csrf})
        assert (ended.status_code, "Max-Age=0" in ended.headers["Set-Cookie"]) == (204, True)
    elif way == "new_password":
        changed = await admin.post(f"/api/v1/users/{user}/password", json={"password": "another long one"})
        assert changed.status_code == 204
    elif way == "deactivated":
        assert (await admin.post(f"/api/v1/users/{user}/deactivate")).status_code == 204
    else:
        browser.headers["Cookie"] = "satchel_session=ss_of-nobody"
    for address in (ME, SESSION, "/api/v1/uploads/1"):
        answer = await browser.get(address)
        assert (answer.status_code, answer.json()["code"]) == (401, "session_ended"), address
    changed = await browser.post(GROUPS, json={"name": "g"}, headers={"X-CSRF-Token": csrf})
    assert changed.json()["code"] == "session_ended"


async def test_a_token_has_no_session(api: Api) -> None:
    answer = await (await api.client("clerk")).get(SESSION)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("reason", ["disk_full", "read_only_sql_transaction"])
async def test_a_reader_is_answered_also_where_the_database_takes_no_writes(api: Api, reason: str) -> None:
    browser, _ = await _browser(api)
    api.world.clock.advance(api.world.context.policy.session_lifetime / 2)
    async with api.world.context.database.write() as tx:
        await tx.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '"
            + {"disk_full": "53100", "read_only_sql_transaction": "25006"}[reason]
            + "'; END $$"
        )
        await tx.execute("CREATE TRIGGER refused BEFORE UPDATE ON credentials FOR EACH ROW EXECUTE FUNCTION refuse()")
    assert (await browser.get(ME)).status_code == 200


async def _own(browser: httpx.AsyncClient) -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await browser.get(f"{ME}/sessions")).json()["items"]
    return items


async def test_people_see_their_sessions_by_device_and_which_one_is_theirs_now(api: Api) -> None:
    first, _ = await _browser(api)
    await _browser(api, "viewer")
    second, _ = await _sign_in(api, "clerk@acme.example", device="Mozilla/5.0 (X11; Linux x86_64) Firefox/152.0")

    newest, oldest = await _own(second)
    assert newest == {
        "id": newest["id"],
        "device": "Mozilla/5.0 (X11; Linux x86_64) Firefox/152.0",
        "opened_at": "2026-03-02T09:30:00.000Z",
        "expires_at": "2026-03-02T21:30:00.000Z",
        "current": True,
    }
    assert (oldest["current"], [one["current"] for one in await _own(first)]) == (False, [False, True])


async def test_a_session_without_a_name_and_one_with_a_hostile_name_are_listed(api: Api) -> None:
    await _browser(api)
    await _sign_in(api, "clerk@acme.example", device="")
    browser, _ = await _sign_in(api, "clerk@acme.example", device="\tA\x9f" + "b" * 300)
    devices = [one["device"] for one in await _own(browser)]
    assert devices[:2] == ["A" + "b" * 199, ""]


async def test_a_session_that_has_ended_is_not_listed(api: Api) -> None:
    browser, csrf = await _browser(api)
    other, _ = await _sign_in(api, "clerk@acme.example")
    lifetime = api.world.context.policy.session_lifetime
    api.world.clock.advance(lifetime * 0.9)
    await browser.get(ME)  # used, so that it lives on
    api.world.clock.advance(lifetime * 0.2)
    assert [one["current"] for one in await _own(browser)] == [True]
    assert (await other.get(ME)).status_code == 401
    third, _ = await _sign_in(api, "clerk@acme.example")
    (ended,) = [one["id"] for one in await _own(browser) if not one["current"]]
    assert (await browser.delete(f"/api/v1/credentials/{ended}", headers={"X-CSRF-Token": csrf})).status_code == 204
    assert [one["current"] for one in await _own(browser)] == [True]
    assert (await third.get(ME)).json()["code"] == "session_ended"


async def test_all_other_sessions_end_and_what_belongs_to_nobody_of_them_stays(api: Api) -> None:
    browser, csrf = await _browser(api)
    other, _ = await _sign_in(api, "clerk@acme.example")
    of_viewer, _ = await _browser(api, "viewer")
    program = await api.client("clerk")

    ended = await browser.delete(f"{ME}/sessions", headers={"X-CSRF-Token": csrf})

    assert ended.status_code == 204
    assert (await other.get(ME)).json()["code"] == "session_ended"
    assert [(await each.get(ME)).status_code for each in (browser, of_viewer, program)] == [200, 200, 200]
    assert len(await _own(browser)) == 1
    assert (await program.delete(f"{ME}/sessions")).status_code == 204, "a program has no session of its own"
    assert (await browser.get(ME)).status_code == 401
