"""How calls sign in with secrets, and that a secret is seen by nobody but the server that it is meant for."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from calling import allow, attempts, deploy_task, incident
from peers import Arrived, Peer, peer
from satchel.actions.identity import secrets
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, InvalidBundle, InvalidValues, NotFound
from satchel.outbound.allowed import parse_allowed
from satchel.outbound.guard import Guard
from satchel.outbound.http import HttpClient
from world import World, faults_of

SECRET = 'open sesame+ü"7/%'
FIRST, SECOND = "first-of-two-values", "second-of-two-values"


@pytest.fixture
async def other(world: World) -> AsyncIterator[Peer]:
    async with peer() as made:
        allow(world, made)
        yield made


async def deploy(world: World, url: str, auth: dict[str, str], **task: object) -> None:
    await deploy_task(world, kind="rest", method="GET", url=url, auth=auth, **task)


@pytest.mark.parametrize(
    ("auth", "sent"),
    [
        (
            {"type": "basic", "user": "satchel", "password": "key"},
            f"authorization: Basic {base64.b64encode(f'satchel:{SECRET}'.encode()).decode()}",
        ),
        ({"type": "bearer", "token": "key"}, f"authorization: Bearer {SECRET}"),
        ({"type": "header", "name": "X-Api-Key", "value": "key"}, f"x-api-key: {SECRET}"),
    ],
)
async def test_a_call_signs_in_with_the_secret_that_it_names(
    world: World, clerk: Actor, other: Peer, auth: dict[str, str], sent: str
) -> None:
    await secrets.put(world.context, world.admin, "key", SECRET, apps=["RST"])
    await deploy(world, other.url("/"), auth)

    source = await world.start(clerk, "RST")
    await world.perform(source)

    header, _, value = sent.partition(": ")
    assert other.requests[0].headers[header] == value
    (made,) = await attempts(world, source)
    request = made.details["request"]
    assert isinstance(request, dict)
    recorded = {one["name"].lower(): one["value"] for one in request["headers"]}
    assert (list(recorded), recorded[header]) == (["idempotency-key", header], None)


def token_server(other: Peer, tokens: list[str]) -> None:
    """Give these tokens one after the other, and take only the newest that was given."""
    given: list[str] = []

    async def token(_arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        given.append(tokens[len(given)])
        data = json.dumps({"access_token": given[-1], "token_type": "Bearer", "expires_in": 3600}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data)

    async def resource(arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        is_new = arrived.headers.get("authorization") == f"Bearer {tokens[-1]}" or len(tokens) == 1
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n" if is_new else b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")

    other.paths |= {"/token": token, "/resource": resource}


def asked(other: Peer, path: str) -> list[Arrived]:
    return [arrived for arrived in other.requests if arrived.target == path]


OAUTH = {"type": "oauth2", "client_id": "satchel", "client_secret": "key", "scope": "files.read"}


async def test_a_token_is_asked_for_with_the_client_s_credentials_and_used_until_it_ends(
    world: World, clerk: Actor, other: Peer
) -> None:
    token_server(other, [FIRST])
    await secrets.put(world.context, world.admin, "key", "s3cret-value", apps=["RST"])
    await deploy(world, other.url("/resource"), {**OAUTH, "token_url": other.url("/token")})

    for _ in range(2):
        await world.perform(await world.start(clerk, "RST"))

    (request,) = asked(other, "/token")
    assert parse_qs(request.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["files.read"]}
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"satchel:s3cret-value"
    assert [call.headers["authorization"] for call in asked(other, "/resource")] == [f"Bearer {FIRST}"] * 2

    world.clock.advance(timedelta(hours=1))
    token_server(other, [SECOND])
    await world.perform(await world.start(clerk, "RST"))
    assert asked(other, "/resource")[-1].headers["authorization"] == f"Bearer {SECOND}"


async def test_the_token_of_a_secret_that_is_bound_to_hosts_goes_to_no_other(
    world: World, clerk: Actor, other: Peer
) -> None:
    token_server(other, [FIRST])
    there = f"http://localhost:{other.port}/resource"
    client = HttpClient(
        Guard(allowed=tuple(parse_allowed(f"{host}:{other.port}") for host in ("127.0.0.1", "localhost")))
    )
    world.context = replace(world.context, http=client)
    await deploy(world, there, {**OAUTH, "token_url": other.url("/token")}, retry={"attempts": 1})
    await secrets.put(world.context, world.admin, "key", "s3cret-value", ["127.0.0.1", "localhost"], apps=["RST"])
    await world.perform(await world.start(clerk, "RST"))
    assert [arrived.target for arrived in other.requests] == ["/token", "/resource"]

    await secrets.put(world.context, world.admin, "key", "s3cret-value", ["127.0.0.1"])
    source = await world.start(clerk, "RST")
    await world.perform(source)

    assert len(other.requests) == 2
    assert "127.0.0.1 only, not to localhost" in await incident(world, source)


async def test_a_token_that_is_no_longer_taken_is_asked_for_anew(world: World, clerk: Actor, other: Peer) -> None:
    token_server(other, [FIRST])
    await secrets.put(world.context, world.admin, "key", "s3cret-value", apps=["RST"])
    await deploy(world, other.url("/resource"), {**OAUTH, "token_url": other.url("/token")})
    await world.perform(await world.start(clerk, "RST"))
    token_server(other, [SECOND, SECOND])

    source = await world.start(clerk, "RST")
    await world.perform(source)
    assert [made.state for made in await attempts(world, source)] == ["failed"]
    world.clock.advance(timedelta(hours=1))
    await world.perform(source)

    assert asked(other, "/resource")[-1].headers["authorization"] == f"Bearer {SECOND}"
    assert (await world.open_task(source)).element == "u"


async def test_a_token_that_is_kept_is_not_used_once_its_secret_is_granted_no_more(
    world: World, clerk: Actor, other: Peer
) -> None:
    token_server(other, [FIRST])
    await secrets.put(world.context, world.admin, "key", "s3cret-value", apps=["RST"])
    await deploy(world, other.url("/resource"), {**OAUTH, "token_url": other.url("/token")}, retry={"attempts": 1})
    await world.perform(await world.start(clerk, "RST"))
    assert [arrived.target for arrived in other.requests] == ["/token", "/resource"]

    await secrets.put(world.context, world.admin, "key", None, apps=["OTHER"])
    source = await world.start(clerk, "RST")
    await world.perform(source)

    assert len(other.requests) == 2
    assert "satchel admin secret key --app RST" in await incident(world, source)


@pytest.mark.parametrize("hosts", [None, ["elsewhere.example"]])
async def test_a_secret_that_is_missing_or_bound_to_another_host_is_not_sent(
    world: World, clerk: Actor, other: Peer, hosts: list[str] | None
) -> None:
    if hosts is not None:
        await secrets.put(world.context, world.admin, "key", SECRET, hosts, apps=["RST"])
    await deploy(world, other.url("/"), {"type": "bearer", "token": "key"})
    source = await world.start(clerk, "RST")

    await world.perform(source)

    assert other.connections == 0
    message = await incident(world, source)
    assert ("satchel admin secret key" if hosts is None else "elsewhere.example only, not to 127.0.0.1") in message


async def test_a_secret_is_in_no_table_though_the_other_side_repeats_it(
    world: World, clerk: Actor, other: Peer, capfd: pytest.CaptureFixture[str]
) -> None:
    pair = base64.b64encode(f"me:{SECRET}".encode()).decode()
    echoes = {
        "/ok": (b"200 OK", f'{{"said": {json.dumps(SECRET)}, "basic": "{pair}", "n": 1}}'),
        "/no": (b"400 Bad", f"no: {SECRET}"),
        "/cut": (b"400 Bad", "x" * (1024 - len(SECRET.encode()) + 3) + SECRET),
    }
    for path, (status, text) in echoes.items():
        other.answers(path, text.encode(), status=status.decode())
    await secrets.put(world.context, world.admin, "key", SECRET, apps=["RST"])
    sources = []
    for path in echoes:
        await deploy(world, other.url(path), {"type": "basic", "user": "me", "password": "key"})
        sources.append(await world.start(clerk, "RST"))
        await world.perform(sources[-1])

    assert len(other.requests) == len(echoes)
    assert "***" in str((await attempts(world, sources[0]))[0].details["reply"])
    tables = await world.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    for (table,) in tables:
        held = str(await world.rows(f"SELECT t::text FROM {table} t"))
        for leak in (SECRET, SECRET[:8], SECRET.replace('"', '\\"'), pair):
            assert leak not in held, table
    written = "".join(capfd.readouterr())
    assert SECRET[:8] not in written
    assert pair not in written


async def test_only_administrators_set_list_and_forget_secrets_and_nobody_reads_them(
    world: World, clerk: Actor
) -> None:
    await secrets.put(world.context, world.admin, "key", FIRST, ["API.example.com"])
    await secrets.put(world.context, world.admin, "key", SECOND)

    (known,) = await secrets.listing(world.context, world.admin)
    assert (known.name, list(known.hosts)) == ("key", [])
    assert not hasattr(known, "value")
    assert await secrets.listing(world.context, world.rival) == []
    with pytest.raises(Forbidden):
        await secrets.put(world.context, clerk, "key", "mine")
    with pytest.raises(Forbidden):
        await secrets.listing(world.context, clerk)
    with pytest.raises(NotFound):
        await secrets.delete(world.context, world.rival, "key")
    await secrets.delete(world.context, world.admin, "key")
    assert await secrets.listing(world.context, world.admin) == []


@pytest.mark.parametrize(
    ("name", "value", "hosts", "fault"),
    [
        ("Key", "v", [], "name"),
        ("key", "", [], "value"),
        ("key", "two\r\nlines", [], "value"),
        ("key", "v" * 4097, [], "value"),
        ("key", "v", ["https://example.com/"], "hosts"),
    ],
)
async def test_a_secret_that_could_not_be_used_is_refused(
    world: World, name: str, value: str, hosts: list[str], fault: str
) -> None:
    with pytest.raises(InvalidValues) as refused:
        await secrets.put(world.context, world.admin, name, value, hosts)
    assert faults_of(refused.value) == [(fault, "format")]


async def test_a_secret_sealed_with_another_key_or_moved_to_another_account_does_not_open(
    world: World, clerk: Actor, other: Peer
) -> None:
    await secrets.put(world.context, world.rival, "key", SECRET, apps=["RST"])
    await world.rows(f"UPDATE secrets SET account_id = {int(world.account)} RETURNING name")
    await deploy(world, other.url("/"), {"type": "bearer", "token": "key"})
    source = await world.start(clerk, "RST")

    await world.perform(source)

    assert other.connections == 0
    assert "sealed with another key" in await incident(world, source)


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        ({"type": "digest"}, "unknown_value"),
        ({"type": "basic", "user": "me"}, "missing_key"),
        ({"type": "bearer", "token": "key", "user": "me"}, "unknown_key"),
        ({"type": "bearer", "token": "The Secret Itself"}, "format"),
        ({"type": "oauth2", "client_id": "a", "client_secret": "key"}, "missing_key"),
    ],
)
async def test_sign_in_that_cannot_work_is_refused_when_it_is_deployed(
    world: World, auth: dict[str, str], code: str
) -> None:
    with pytest.raises(InvalidBundle) as refused:
        await deploy(world, "https://example.com/", auth)
    assert code in {finding.code for finding in refused.value.findings}
