"""Requests of commands to a server's API: one request, one JSON answer, refusals as errors of the command."""

import json
from collections.abc import Mapping
from typing import Annotated, cast

import httpx
import typer

from satchel.cli import output
from satchel.cli.output import ExitCode
from satchel.model.errors import InvalidRequest, Unavailable
from satchel.settings import variables

TIMEOUT_S = 60.0

LOCAL_URL = "http://127.0.0.1:8080"
Url = Annotated[
    str, typer.Option(envvar="SATCHEL_URL", help=f"The server's address; {LOCAL_URL} by default.", show_default=False)
]
Token = Annotated[str, typer.Option(envvar="SATCHEL_TOKEN", help="Your token.", show_envvar=True)]
UNNAMED = ""
"""The default of `Url`: `server_of` decides."""

NEEDS_TOKEN = "Give a token: --token, or SATCHEL_TOKEN. `satchel admin token EMAIL` creates one."  # noqa: S105  # none
NEEDS_URL = "SATCHEL_TOKEN is set, but not the server that it is for: set SATCHEL_URL too, or give --url."


def server_of(url: str, token: str) -> str:
    """Return the address of the server that a command speaks to.

    A token of the environment goes to no server that nobody named: it may be of another than this machine's.

    Raises:
        InvalidRequest: there is no token, or one whose server is not named.
    """
    if not token:
        raise InvalidRequest(NEEDS_TOKEN)
    if url:
        return url
    if variables(["SATCHEL_TOKEN"]).get("SATCHEL_TOKEN") == token:
        raise InvalidRequest(NEEDS_URL)
    return LOCAL_URL


async def request(
    url: str, token: str, method: str, path: str, *, content: bytes | None = None, media_type: str = "application/json"
) -> tuple[httpx.Response, dict[str, object]]:
    """Send a request and return the answer with its JSON object, which is empty if there is no body.

    Raises:
        InvalidRequest: there is no token, or one whose server is not named.
        Unavailable: the server cannot be reached, or is not a Satchel server.
    """
    url = server_of(url, token)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": media_type}
    try:
        async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S) as client:
            answer = await client.request(method, path, content=content, headers=headers)
    except httpx.HTTPError as error:
        raise Unavailable(f"The server at {url} cannot be reached ({error}). Is it running?") from error
    if not answer.content:
        return answer, {}
    try:
        return answer, cast("dict[str, object]", answer.json())
    except ValueError:
        raise Unavailable(f"{url} answered {answer.status_code} without JSON; is it a Satchel server?") from None


def refuse(
    answer: httpx.Response, body: dict[str, object], code: ExitCode = ExitCode.REFUSED, *, faults: bool = False
) -> ExitCode:
    """Print the server's refusal, with `faults` also what is wrong with each member, and return its exit code."""
    address = answer.request.url
    server = f"{address.scheme}://{address.netloc.decode()}"
    said = body.get("detail", answer.reason_phrase)
    output.note(f"error: {said} (from {server})", style="red")
    for fault in cast("list[dict[str, object]]", body.get("errors", [])) if faults else ():
        output.note(f"  {fault['field']}: {fault['message']}")
    return code


async def change(method: str, path: str, given: Mapping[str, object], done: str, *, url: str, token: str) -> ExitCode:
    """Send a change and print `done`, or the refusal."""
    answer, body = await request(url, token, method, path, content=json.dumps(given).encode())
    if not answer.is_success:
        return refuse(answer, body)
    output.say(done)
    return ExitCode.OK
