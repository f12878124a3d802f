"""The doors at which people sign in with an e-mail and a password: one function each, which says how it went."""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable
from html import unescape

import httpx

from satchel.actions.identity import oauth_clients
from surfaces.conftest import Api

IN, WRONG, SLOW = "in", "wrong", "slow"
BACK = "https://program.example/back"

Door = Callable[[httpx.AsyncClient, str, str], Awaitable[tuple[str, httpx.Response]]]


def client_from(api: Api, address: str) -> httpx.AsyncClient:
    """Return a client of nobody's that comes from an address."""
    transport = httpx.ASGITransport(app=api.app, client=(address, 5000))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", timeout=60)


async def native(client: httpx.AsyncClient, login: str, password: str) -> tuple[str, httpx.Response]:
    """Open a session."""
    answer = await client.post("/api/v1/session", json={"email": login, "password": password})
    client.cookies.clear()
    return {201: IN, 401: WRONG, 429: SLOW}[answer.status_code], answer


async def alloy(client: httpx.AsyncClient, login: str, password: str) -> tuple[str, httpx.Response]:
    """Get a token by the password grant."""
    form = {"grant_type": "password", "username": login, "password": password}
    answer = await client.post("/alloy/api/token", data=form)
    if answer.status_code == 200:
        return IN, answer
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    return SLOW if "Retry-After" in answer.headers else WRONG, answer


async def navixy(client: httpx.AsyncClient, login: str, password: str) -> tuple[str, httpx.Response]:
    """Open a session of a hash."""
    answer = await client.post("/navixy/v2/user/auth", json={"login": login, "password": password})
    data = answer.json()
    return IN if data["success"] else {102: WRONG, 105: SLOW}[data["status"]["code"]], answer


async def program(api: Api) -> Door:
    """Register a program and return the page on which people allow it."""
    made = await oauth_clients.register(
        api.world.context, api.world.admin, name="Program", redirect_uris=[BACK], is_public=False
    )

    async def page(client: httpx.AsyncClient, login: str, password: str) -> tuple[str, httpx.Response]:
        asked = {"response_type": "code", "client_id": made.public_id}
        shown = await client.get("/questetra/oauth2/authorize", params=asked)
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', shown.text)
        form = {name: unescape(value) for name, value in found}
        form |= {"email": login, "password": password, "decision": "allow"}
        cookie = shown.headers["Set-Cookie"].partition(";")[0]
        answer = await client.post("/questetra/oauth2/authorize", data=form, headers={"Cookie": cookie})
        return {303: IN, 401: WRONG, 429: SLOW}[answer.status_code], answer

    return page


async def door(api: Api, name: str) -> Door:
    """Return a door by its name."""
    return await program(api) if name == "program" else {"native": native, "alloy": alloy, "navixy": navixy}[name]


DOORS = ("native", "alloy", "navixy", "program")


def basic(email: str, password: str) -> dict[str, str]:
    """Return the header of Basic."""
    return {"Authorization": "Basic " + b64encode(f"{email}:{password}".encode()).decode()}
