"""OAuth2 of the Questetra surface: a person allows a program, and the program gets, uses and renews its tokens."""

import hashlib
import re
from base64 import urlsafe_b64encode
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, quote_plus, urlsplit

import httpx

from golden.questetra_world import questetra
from satchel.actions.identity import credentials, oauth_clients
from surfaces.conftest import Api

AUTHORIZE, TOKEN = "/questetra/oauth2/authorize", "/questetra/oauth2/token"
BACK = "https://program.example/back?tenant=1"
VERIFIER = "v" * 50
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
PASSWORD = "correct horse battery"
UNSAFE = (
    *("http://program.example/", "https://", "javascript:alert(1)", "https://a.example/#x", "https://a b/", "ftp://a/"),
    *("https://u:p@a.example/", "https://a.example;x/", "https://*.example/"),
)
LIST = "/questetra/API/OR/ProcessInstance/list"


class Program:
    """A registered program and the person who uses it."""

    def __init__(self, api: Api, client: httpx.AsyncClient, made: oauth_clients.NewClient) -> None:
        self.api = api
        self.client = client
        self.made = made

    def asked(self, **more: str) -> dict[str, str]:
        return {"response_type": "code", "client_id": self.made.public_id, "redirect_uri": BACK, "state": "s&1", **more}

    async def page(self, **more: str) -> dict[str, str]:
        """Open the page and return what its form would send."""
        page = await self.client.get(AUTHORIZE, params=self.asked(**more))
        assert page.status_code == 200, page.text
        return form_of(page.text)

    async def code(self, who: str = "clerk", **more: str) -> str:
        """Have somebody allow the program and return its code."""
        form = await self.page(**more)
        form |= {"email": f"{who}@acme.example", "password": PASSWORD, "decision": "allow"}
        answer = await self.client.post(AUTHORIZE, data=form)
        assert answer.status_code == 303, answer.text
        said = parse_qs(urlsplit(answer.headers["location"]).query)
        assert answer.headers["location"].startswith(BACK + "&")
        assert said["state"] == ["s&1"]
        return said["code"][0]

    async def token(self, **given: str) -> httpx.Response:
        signed = {"client_id": self.made.public_id}
        signed |= {} if self.made.secret is None else {"client_secret": self.made.secret}
        return await self.client.post(TOKEN, data={**signed, **given})

    async def exchange(self, code: str, **more: str) -> httpx.Response:
        return await self.token(**{"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, **more})

    async def call(self, method: str, path: str, token: str) -> int:
        answer = await self.client.request(method, path, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code


def form_of(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: unescape(value) for name, value in found}


async def program(api: Api, *, is_public: bool = False) -> Program:
    world = api.world
    for who in ("clerk", "viewer"):
        await credentials.set_password(world.context, world.admin, world.people[who], PASSWORD)
    made = await oauth_clients.register(
        world.context, world.admin, name="Looker <3", redirect_uris=[BACK], is_public=is_public
    )
    return Program(api, await api.client("anonymous"), made)


async def test_a_program_reads_and_changes_what_its_person_allowed(api: Api) -> None:
    known = await questetra(api)
    ours = await program(api)
    star = f"/questetra/API/OR/ProcessInstance/{known['process']}/Star/add"

    answer = await ours.exchange(await ours.code(scope="any"))

    assert answer.status_code == 200, answer.text
    given = answer.json()
    assert {**given, "access_token": 1, "refresh_token": 2} == {
        "access_token": 1, "token_type": "Bearer", "expires_in": 43200, "refresh_token": 2, "scope": "any",
    }  # fmt: skip
    assert answer.headers["cache-control"] == "no-store"
    access = given["access_token"]
    assert await ours.call("GET", LIST, access) == 200
    assert await ours.call("POST", star, access) == 200
    assert await ours.call("GET", "/api/v1/me", access) == 401, "it is for the Questetra surface only"
    api.world.clock.advance(timedelta(hours=12))
    assert await ours.call("GET", LIST, access) == 401
    renewed = await ours.token(grant_type="refresh_token", refresh_token=given["refresh_token"], scope="read")
    assert renewed.json()["scope"] == "read"
    narrowed = renewed.json()["access_token"]
    assert [await ours.call("GET", LIST, narrowed), await ours.call("POST", star, narrowed)] == [200, 403]
    api.world.clock.advance(timedelta(days=30))
    late = await ours.token(grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")


async def test_the_scope_read_changes_nothing_and_never_grows(api: Api) -> None:
    known = await questetra(api)
    ours = await program(api)
    given = (await ours.exchange(await ours.code(scope="read", **PKCE), code_verifier=VERIFIER)).json()
    assert given["scope"] == "read"
    for path in ("stop", "delete", f"{known['process']}/Star/add"):
        assert await ours.call("POST", f"/questetra/API/OR/ProcessInstance/{path}", given["access_token"]) == 403
    wider = await ours.token(grant_type="refresh_token", refresh_token=given["refresh_token"], scope="any")
    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_scope")


async def test_a_code_is_good_once_for_its_program_its_address_and_its_verifier(api: Api) -> None:
    ours = await program(api)
    other = await program(api)
    code = await ours.code(**PKCE)
    wrong = [
        await ours.exchange(code),
        await ours.exchange(code, code_verifier="w" * 50),
        await ours.exchange(code, code_verifier=VERIFIER, redirect_uri="https://x.example/"),
        await other.exchange(code, code_verifier=VERIFIER),
        await ours.exchange("no code", code_verifier=VERIFIER),
    ]
    assert {(one.status_code, one.json()["error"]) for one in wrong} == {(400, "invalid_grant")}

    given = (await ours.exchange(code, code_verifier=VERIFIER)).json()

    assert await ours.call("GET", LIST, given["access_token"]) == 200
    again = await ours.exchange(code, code_verifier=VERIFIER)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert await ours.call("GET", LIST, given["access_token"]) == 401, "a code that comes twice was stolen"
    late = await ours.code(**PKCE)
    api.world.clock.advance(timedelta(minutes=1))
    assert (await ours.exchange(late, code_verifier=VERIFIER)).status_code == 400


async def test_a_program_without_a_secret_proves_itself_and_changes_its_refresh_token(api: Api) -> None:
    ours = await program(api, is_public=True)
    without = await ours.client.get(AUTHORIZE, params=ours.asked())
    assert parse_qs(urlsplit(without.headers["location"]).query)["error"] == ["invalid_request"]
    first = (await ours.exchange(await ours.code(**PKCE), code_verifier=VERIFIER)).json()

    second = (await ours.token(grant_type="refresh_token", refresh_token=first["refresh_token"])).json()

    assert second["refresh_token"] != first["refresh_token"]
    assert await ours.call("GET", LIST, first["access_token"]) == 401
    assert await ours.call("GET", LIST, second["access_token"]) == 200
    stolen = await ours.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert await ours.call("GET", LIST, second["access_token"]) == 401
    secret = await ours.token(grant_type="refresh_token", refresh_token="x", client_secret="made up")
    assert (secret.status_code, secret.json()["error"]) == (401, "invalid_client")


async def test_of_eleven_refresh_tokens_the_oldest_ends_and_a_revoked_program_has_none(api: Api) -> None:
    ours = await program(api)
    refresh = [(await ours.exchange(await ours.code())).json()["refresh_token"] for _ in range(11)]
    answers = [await ours.token(grant_type="refresh_token", refresh_token=one) for one in refresh]
    assert [one.status_code for one in answers] == [400] + [200] * 10
    access = answers[-1].json()["access_token"]
    await oauth_clients.revoke(api.world.context, api.world.admin, ours.made.id)
    assert await ours.call("GET", LIST, access) == 401
    assert (await ours.token(grant_type="refresh_token", refresh_token=refresh[-1])).json()["error"] == "invalid_client"
    assert (await ours.client.get(AUTHORIZE, params=ours.asked())).status_code == 400


async def test_the_page_runs_nothing_stands_in_no_frame_and_tells_no_stranger_s_address(api: Api) -> None:
    ours = await program(api)
    page = await ours.client.get(AUTHORIZE, params=ours.asked(scope="read"))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://program.example;" in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert re.search(r"satchel_oauth=\S+; HttpOnly; SameSite=Strict", page.headers["set-cookie"])
    assert "Looker &lt;3" in page.text
    assert "<script" not in page.text
    for wrong in ({"redirect_uri": "https://program.example/back"}, {"client_id": "x"}, {"redirect_uri": BACK + "#"}):
        refused = await ours.client.get(AUTHORIZE, params={**ours.asked(), **wrong})
        assert (refused.status_code, "location" in refused.headers) == (400, False)
        assert refused.headers["content-type"].startswith("text/html")
    for wrong in (
        {"response_type": "token"},
        {"scope": "write"},
        {"code_challenge": "x", "code_challenge_method": "plain"},
    ):
        sent = await ours.client.get(AUTHORIZE, params={**ours.asked(), **wrong})
        assert (sent.status_code, sent.headers["location"].startswith(BACK + "&error=")) == (303, True)


async def test_only_the_page_s_own_form_with_the_right_password_gives_a_code(api: Api) -> None:
    ours = await program(api)
    form = await ours.page() | {"email": "clerk@acme.example", "password": PASSWORD, "decision": "allow"}
    forged = [{**form, "csrf": "another"}, {name: value for name, value in form.items() if name != "csrf"}]
    for one in forged:
        refused = await ours.client.post(AUTHORIZE, data=one)
        assert (refused.status_code, "location" in refused.headers) == (403, False)
    wrong = await ours.client.post(AUTHORIZE, data={**form, "password": "wrong"})
    assert (wrong.status_code, "location" in wrong.headers) == (401, False)
    assert "The e-mail or the password is wrong." in wrong.text
    assert "wrong" not in form_of(wrong.text).values()
    again = form_of(wrong.text) | {"decision": "deny"}
    denied = await ours.client.post(AUTHORIZE, data=again)
    assert denied.headers["location"] == f"{BACK}&error=access_denied&state=s%261"
    assert (await ours.client.post(TOKEN, data={"grant_type": "password", "client_id": "x"})).status_code == 401
    other = await ours.token(grant_type="password")
    assert (other.status_code, other.json()["error"]) == (400, "unsupported_grant_type")
    assert (await ours.client.get(TOKEN)).status_code == 405


async def test_a_program_of_one_account_gets_nothing_of_another(api: Api) -> None:
    ours = await program(api)
    world = api.world
    assert world.rival.user_id is not None
    await credentials.set_password(world.context, world.rival, world.rival.user_id, PASSWORD)
    form = await ours.page() | {"email": "admin@rival.example", "password": PASSWORD, "decision": "allow"}
    refused = await ours.client.post(AUTHORIZE, data=form)
    assert (refused.status_code, "location" in refused.headers) == (401, False)
    assert "not for your account" in refused.text


async def test_administrators_register_programs_with_safe_addresses_only(api: Api) -> None:
    admin, clerk = await api.client("admin"), await api.client("clerk")
    path, good = "/api/v1/oauth-clients", {"name": "Program", "redirect_uris": ["http://127.0.0.1:9/back"]}
    for uri in UNSAFE:
        refused = await admin.post(path, json={**good, "redirect_uris": [uri]})
        assert refused.status_code == 422, refused.text
    assert (await clerk.post(path, json=good)).status_code == 403
    made = (await admin.post(path, json=good)).json()
    (listed,) = (await admin.get(path)).json()["items"]
    assert made["client_id"] == listed["client_id"]
    assert made["client_secret"] not in str(listed)
    assert (await admin.delete(f"{path}/{made['id']}")).status_code == 204
    assert (await admin.delete(f"{path}/{made['id']}")).status_code == 404
    assert (await admin.get(path)).json()["items"] == []


async def test_a_program_may_sign_in_by_basic_and_is_challenged_where_it_is_wrong(api: Api) -> None:
    ours = await program(api)
    secret = str(ours.made.secret)
    form = {"grant_type": "authorization_code", "code": await ours.code(), "redirect_uri": BACK}

    wrong = await ours.client.post(TOKEN, data=form, auth=(ours.made.public_id, "made up"))
    malformed = await ours.client.post(TOKEN, data=form, headers={"Authorization": "Basic !"})
    twice = await ours.client.post(TOKEN, data={**form, "client_secret": secret}, auth=(ours.made.public_id, secret))
    right = await ours.client.post(TOKEN, data=form, auth=(quote_plus(ours.made.public_id), quote_plus(secret)))

    assert [(one.status_code, one.json()["error"]) for one in (wrong, malformed)] == [(401, "invalid_client")] * 2
    assert [one.headers["WWW-Authenticate"] for one in (wrong, malformed)] == ['Basic realm="Satchel"'] * 2
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
    assert (right.status_code, right.json()["token_type"]) == (200, "Bearer")


async def test_a_method_that_an_address_does_not_take_is_answered_with_those_that_it_does(api: Api) -> None:
    ours = await program(api)

    answers = [await ours.client.delete(LIST), await ours.client.put(TOKEN)]

    assert [(one.status_code, one.headers["Allow"]) for one in answers] == [(405, "GET, POST"), (405, "POST")]
