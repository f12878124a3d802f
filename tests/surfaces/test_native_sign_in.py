"""Who asks: tokens, keys, API passwords, sessions with their CSRF token; and what is never kept of them."""

from base64 import b64encode
from datetime import timedelta

import httpx
import pytest

from satchel.actions.identity import credentials
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from surfaces.conftest import Api
from world import PASSWORD

ME = "/api/v1/me"
GROUPS = "/api/v1/groups"


async def _session(api: Api, who: str = "admin") -> tuple[str, str]:
    """Sign in with e-mail and password; return the cookie and the CSRF token."""
    world = api.world
    admin = world.admin
    user = admin.user_id if who == "admin" else world.people[who]
    assert user is not None
    await credentials.set_password(world.context, admin, user, PASSWORD)
    anyone = await api.client("anonymous")
    email = (await (await api.client(who)).get(ME)).json()["email"]
    answer = await anyone.post("/api/v1/session", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    anyone.cookies.clear()
    return cookie.partition(";")[0], answer.json()["csrf_token"]


def _basic(email: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{email}:{password}".encode()).decode()}


async def test_a_session_reads_with_its_cookie_and_changes_only_with_its_csrf_token(api: Api) -> None:
    cookie, csrf = await _session(api)
    anyone = await api.client("anonymous")
    assert (await anyone.get(ME, headers={"Cookie": cookie})).status_code == 200
    for headers in ({"Cookie": cookie}, {"Cookie": cookie, "X-CSRF-Token": "another"}):
        refused = await anyone.post(GROUPS, json={"name": "g"}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    made = await anyone.post(GROUPS, json={"name": "g"}, headers={"Cookie": cookie, "X-CSRF-Token": csrf})
    assert made.status_code == 201


async def test_a_session_that_was_ended_is_over(api: Api) -> None:
    cookie, csrf = await _session(api)
    anyone = await api.client("anonymous")
    ended = await anyone.delete("/api/v1/session", headers={"Cookie": cookie, "X-CSRF-Token": csrf})
    assert ended.status_code == 204
    assert "Max-Age=0" in ended.headers["Set-Cookie"]
    assert (await anyone.get(ME, headers={"Cookie": cookie})).status_code == 401


async def test_signing_in_needs_no_good_credential_beside_the_password(api: Api) -> None:
    anyone = await api.client("anonymous")
    body = {"email": "nobody@acme.example", "password": "wrong"}
    answer = await anyone.post("/api/v1/session", json=body, headers={"Authorization": "Bearer st_old"})
    assert answer.json()["detail"] == "The e-mail or the password is wrong."
    assert (await anyone.get("/healthz", headers={"Authorization": "Bearer st_old"})).status_code == 200


async def test_an_api_key_is_taken_in_both_headers_and_a_session_in_neither(api: Api) -> None:
    admin, anyone = await api.client("admin"), await api.client("anonymous")
    user = (await admin.get(ME)).json()["id"]
    made = (await admin.post(f"/api/v1/users/{user}/credentials", json={"kind": "api_key"})).json()
    for headers in ({"X-Api-Key": made["secret"]}, {"Authorization": f"Bearer {made['secret']}"}):
        assert (await anyone.get(ME, headers=headers)).status_code == 200
    cookie, _ = await _session(api)
    session = cookie.partition("=")[2]
    for headers in ({"X-Api-Key": session}, {"Authorization": f"Bearer {session}"}):
        assert (await anyone.get(ME, headers=headers)).status_code == 401


async def test_an_api_password_ends_at_once_also_when_it_was_used_a_moment_ago(api: Api) -> None:
    admin, anyone = await api.client("admin"), await api.client("anonymous")
    me = (await admin.get(ME)).json()
    made = (await admin.post(f"/api/v1/users/{me['id']}/credentials", json={"kind": "api_password"})).json()
    headers = _basic(me["email"], made["secret"])
    for _ in range(2):
        assert (await anyone.get(ME, headers=headers)).status_code == 200
    assert (await admin.delete(f"/api/v1/credentials/{made['id']}")).status_code == 204
    assert (await anyone.get(ME, headers=headers)).status_code == 401


async def test_an_api_password_is_hashed_once_for_many_requests(api: Api) -> None:
    admin, anyone = await api.client("admin"), await api.client("anonymous")
    me = (await admin.get(ME)).json()
    made = (await admin.post(f"/api/v1/users/{me['id']}/credentials", json={"kind": "api_password"})).json()
    headers = _basic(me["email"], made["secret"])
    assert (await anyone.get(ME, headers=headers)).status_code == 200
    for _ in range(20):  # past the limit of wrong passwords, where verifying would be refused
        await anyone.get(ME, headers=_basic(me["email"], "wrong password"))
    assert (await anyone.get(ME, headers=headers)).status_code == 200


async def test_too_many_wrong_passwords_tell_when_to_come_again(api: Api) -> None:
    anyone = await api.client("anonymous")
    body = {"email": "admin@acme.example", "password": "wrong password"}
    for _ in range(credentials.FAILURES_PER_LOGIN):
        assert (await anyone.post("/api/v1/session", json=body)).status_code == 401
    answer = await anyone.post("/api/v1/session", json=body)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert answer.headers["Retry-After"].endswith("GMT")


async def test_a_refusal_of_nobody_names_the_ways_to_sign_in(api: Api) -> None:
    answer = await (await api.client("anonymous")).get(ME)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Satchel"'


async def test_basic_is_offered_only_to_those_who_tried_it(api: Api) -> None:
    anyone = await api.client("anonymous")
    basic = await anyone.get(ME, headers=_basic("admin@acme.example", "wrong"))
    assert basic.headers["WWW-Authenticate"].startswith('Basic realm="Satchel", charset="UTF-8", Bearer ')
    for tried in ({"Authorization": "Bearer st_old"}, {"X-Api-Key": "sk_old"}, {"Cookie": "satchel_session=ss_old"}):
        refused = await anyone.get(ME, headers=tried)
        assert refused.status_code == 401
        assert "Basic" not in refused.headers["WWW-Authenticate"]


@pytest.mark.parametrize("kind", ["token", "api_key", "api_password"])
async def test_a_credential_ends_at_the_moment_that_was_asked_for(api: Api, kind: str) -> None:
    admin, anyone = await api.client("admin"), await api.client("anonymous")
    address = f"/api/v1/users/{(await admin.get(ME)).json()['id']}/credentials"
    ends_at = api.world.clock() + timedelta(hours=1)
    made = await admin.post(address, json={"kind": kind, "expires_at": ends_at.isoformat()})
    assert made.status_code == 201, made.text
    assert made.json()["expires_at"] == "2026-03-02T10:30:00.000Z"
    secret = made.json()["secret"]
    proof = _basic("admin@acme.example", secret) if kind == "api_password" else {"Authorization": f"Bearer {secret}"}
    api.world.clock.advance(timedelta(hours=1) - timedelta(microseconds=1))
    assert (await anyone.get(ME, headers=proof)).status_code == 200
    api.world.clock.advance(timedelta(microseconds=1))
    assert (await anyone.get(ME, headers=proof)).status_code == 401


@pytest.mark.parametrize(
    ("moment", "status", "code"),
    [
        ("2026-03-02T09:30:00Z", 422, "invalid_values"),
        ("1999-01-01T00:00:00Z", 422, "invalid_values"),
        ("2027-01-01T00:00:00", 400, "invalid_request"),
        ("tomorrow", 400, "invalid_request"),
        (1_800_000_000, 400, "invalid_request"),
    ],
)
@pytest.mark.parametrize("kind", ["token", "api_password"])
async def test_a_credential_is_not_made_to_end_in_the_past_or_at_no_moment(
    api: Api, kind: str, moment: object, status: int, code: str
) -> None:
    admin = await api.client("admin")
    address = f"/api/v1/users/{(await admin.get(ME)).json()['id']}/credentials"
    refused = await admin.post(address, json={"kind": kind, "expires_at": moment})
    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def _metrics(api: Api, client: str, token: str | None = None, **headers: str) -> httpx.Response:
    settings = read_settings({} if token is None else {"SATCHEL_METRICS_TOKEN": token})
    app = create_app(api.world.context, settings)
    transport = httpx.ASGITransport(app=app, client=(client, 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as anyone:
        return await anyone.get("/metrics", headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_the_counts_are_for_programs_of_the_same_machine(api: Api, client: str) -> None:
    answer = await _metrics(api, client)
    assert answer.status_code == 200
    assert "satchel_requests_total" in answer.text


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        ("203.0.113.9", {}),
        ("::ffff:203.0.113.9", {}),
        ("testclient", {}),
        ("127.0.0.1", {"X_Forwarded_For": "127.0.0.1"}),
        ("127.0.0.1", {"X_Forwarded_Proto": "https"}),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", {"Via": "1.1 proxy"}),
    ],
)
async def test_the_counts_are_not_for_others_nor_for_what_a_proxy_brings(
    api: Api, client: str, headers: dict[str, str]
) -> None:
    answer = await _metrics(api, client, **headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_with_a_token_the_counts_are_for_whoever_has_it_and_nobody_else(api: Api) -> None:
    token = "a-token-of-prometheus"
    given = await _metrics(api, "203.0.113.9", token, Authorization=f"Bearer {token}", X_Forwarded_For="203.0.113.9")
    assert given.status_code == 200
    for wrong in ({}, {"Authorization": "Bearer another"}, {"Authorization": f"Basic {token}"}):
        refused = await _metrics(api, "127.0.0.1", token, **wrong)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_a_secret_that_is_answered_again_under_its_key_is_not_readable_in_the_database(api: Api) -> None:
    admin = await api.client("admin")
    user = (await admin.get(ME)).json()["id"]
    headers = {"Idempotency-Key": "make one token"}
    address = f"/api/v1/users/{user}/credentials"
    first = await admin.post(address, json={"kind": "token"}, headers=headers)
    second = await admin.post(address, json={"kind": "token"}, headers=headers)
    assert (second.status_code, second.json()) == (201, first.json())
    [(kept,)] = await api.world.rows("SELECT body FROM idempotency_keys WHERE key = %s", "make one token")
    assert isinstance(kept, bytes)
    assert first.json()["secret"].encode() not in kept


async def test_a_refused_request_frees_its_key(api: Api) -> None:
    admin = await api.client("admin")
    headers = {"Idempotency-Key": "k"}
    assert (await admin.post(GROUPS, json={"name": ""}, headers=headers)).status_code == 422
    assert (await admin.post(GROUPS, json={"name": "good"}, headers=headers)).status_code == 201


async def test_a_key_of_one_credential_is_nothing_to_another(api: Api) -> None:
    headers = {"Idempotency-Key": "same"}
    admin, rival = await api.client("admin"), await api.client("rival")
    assert (await admin.post(GROUPS, json={"name": "theirs"}, headers=headers)).status_code == 201
    other = await rival.post(GROUPS, json={"name": "ours"}, headers=headers)
    assert other.status_code == 201
    assert "Idempotency-Replayed" not in other.headers
