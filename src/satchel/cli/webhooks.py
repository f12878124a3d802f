"""`satchel webhooks`: notifications of an app's events, and their deliveries."""

import asyncio
import json
from typing import Annotated, Any, cast
from urllib.parse import quote

import typer

from satchel.cli import output
from satchel.cli.output import ExitCode
from satchel.cli.remote import UNNAMED, Token, Url, change, refuse, request

Events = Annotated[
    list[str] | None, typer.Option("--event", help="start, save, task_done or end; repeat. All by default.")
]
Webhook = Annotated[int, typer.Argument(help="Number of the webhook.")]

_TEST_TAKES_S = 30
_LOOK_EVERY_S = 0.25

app = typer.Typer(name="webhooks", help="Webhooks: notify an address of an app's events.", no_args_is_help=True)


@app.command("list")
def listing(
    code: Annotated[str | None, typer.Argument(help="Only those of this app.")] = None,
    *,
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """List webhooks."""
    raise typer.Exit(output.run(_list(code, url, token)))


async def _list(code: str | None, url: str, token: str) -> ExitCode:
    only = "" if code is None else f"?app={quote(code, safe='')}"
    answer, body = await request(url, token, "GET", f"/api/v1/webhooks{only}")
    if not answer.is_success:
        return refuse(answer, body)
    rows = [
        (one["id"], one["app"], ",".join(one["events"]), one["format"], _state(one), one["url"])
        for one in cast("list[dict[str, Any]]", body["items"])
    ]
    output.table(["webhook", "app", "events", "format", "state", "address"], rows)
    return ExitCode.OK


def _state(webhook: dict[str, Any]) -> str:
    if not webhook["active"]:
        return f"off ({webhook['disabled']})" if webhook["disabled"] else "off"
    return f"failing since {webhook['failing_since']}" if webhook["failing_since"] else "on"


@app.command("add")
def add(
    code: Annotated[str, typer.Argument(help="Code of the app.")],
    address: Annotated[str, typer.Argument(help="The address to notify: http or https.")],
    *,
    events: Events = None,
    form: Annotated[str, typer.Option("--format", help="Format of the messages.")] = "native",
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Notify an address of an app's events; prints the number and, only once, the secret."""
    given: dict[str, object] = {"app": code, "url": address, "format": form}
    raise typer.Exit(output.run(_add(given | ({"events": events} if events else {}), url, token)))


async def _add(given: dict[str, object], url: str, token: str) -> ExitCode:
    answer, body = await request(url, token, "POST", "/api/v1/webhooks", content=json.dumps(given).encode())
    if not answer.is_success:
        return refuse(answer, body)
    output.table(["webhook", "secret"], [(body["id"], body["secret"])])
    if "token" in body:
        output.table(["webhook", "token"], [(body["id"], body["token"])])
    output.err.print("The secret is shown only once; receivers verify messages with it.", markup=False)
    return ExitCode.OK


@app.command("switch")
def switch(
    webhook: Webhook,
    *,
    on: Annotated[bool, typer.Option("--on/--off", help="Whether it is notified.")],
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Switch a webhook on or off."""
    path, done = f"/api/v1/webhooks/{webhook}", f"webhook {webhook} is {'on' if on else 'off'}"
    work = change("PATCH", path, {"active": on}, done, url=url, token=token)
    raise typer.Exit(output.run(work))


@app.command("delete")
def delete(webhook: Webhook, *, url: Url = UNNAMED, token: Token = "") -> None:
    """Delete a webhook with its log."""
    work = change("DELETE", f"/api/v1/webhooks/{webhook}", {}, f"webhook {webhook} deleted", url=url, token=token)
    raise typer.Exit(output.run(work))


@app.command("secret")
def secret(
    webhook: Webhook,
    *,
    at_once: Annotated[bool, typer.Option("--at-once", help="The previous secret no longer signs.")] = False,
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Replace a webhook's secret and print the new one; the previous one also signs for another day."""
    raise typer.Exit(output.run(_secret(webhook, {"at_once": at_once}, url, token)))


async def _secret(webhook: int, given: dict[str, object], url: str, token: str) -> ExitCode:
    path = f"/api/v1/webhooks/{webhook}/secret"
    answer, body = await request(url, token, "POST", path, content=json.dumps(given).encode())
    if not answer.is_success:
        return refuse(answer, body)
    output.table(["webhook", "secret"], [(body["id"], body["secret"])])
    return ExitCode.OK


@app.command("test")
def send_test(webhook: Webhook, *, url: Url = UNNAMED, token: Token = "") -> None:
    """Send a webhook a test and print the answer."""
    raise typer.Exit(output.run(_test(webhook, url, token)))


async def _test(webhook: int, url: str, token: str) -> ExitCode:
    answer, body = await request(url, token, "POST", f"/api/v1/webhooks/{webhook}/test", content=b"{}")
    if not answer.is_success:
        return refuse(answer, body)
    path = f"/api/v1/deliveries/{body['delivery']}"
    for _ in range(round(_TEST_TAKES_S / _LOOK_EVERY_S)):
        answer, body = await request(url, token, "GET", path)
        if not answer.is_success:
            return refuse(answer, body)
        if body["state"] != "waiting":
            break
        await asyncio.sleep(_LOOK_EVERY_S)
    _print_attempts(body)
    if body["state"] == "waiting":
        output.err.print("The test is still waiting; does a worker run?", markup=False)
    return ExitCode.OK if body["state"] == "delivered" else ExitCode.REFUSED


@app.command("log")
def log(
    webhook: Webhook,
    *,
    state: Annotated[str | None, typer.Option(help="Only those waiting, delivered or failed.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, the newest first.")] = 20,
    delivery: Annotated[int | None, typer.Option(help="Every attempt of this delivery, with the answers.")] = None,
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """List a webhook's deliveries, or the attempts of one delivery."""
    work = _log(webhook, state, limit, url, token) if delivery is None else _delivery(delivery, url, token)
    raise typer.Exit(output.run(work))


async def _log(webhook: int, state: str | None, limit: int, url: str, token: str) -> ExitCode:
    only = "" if state is None else f"&state={quote(state, safe='')}"
    answer, body = await request(url, token, "GET", f"/api/v1/webhooks/{webhook}/deliveries?limit={limit}{only}")
    if not answer.is_success:
        return refuse(answer, body)
    rows = [
        (one["id"], one["at"], one["event"], one["instance"] or "", one["state"], one["attempt"], one["reason"] or "")
        for one in cast("list[dict[str, Any]]", body["items"])
    ]
    output.table(["delivery", "at", "event", "instance", "state", "attempts", "why"], rows)
    return ExitCode.OK


async def _delivery(delivery: int, url: str, token: str) -> ExitCode:
    answer, body = await request(url, token, "GET", f"/api/v1/deliveries/{delivery}")
    if not answer.is_success:
        return refuse(answer, body)
    _print_attempts(body)
    return ExitCode.OK


def _print_attempts(delivery: dict[str, object]) -> None:
    rows = [
        (
            delivery["id"],
            made["number"],
            made["state"],
            made["started_at"],
            "" if made["duration_ms"] is None else f"{made['duration_ms']} ms",
            made["status"] or "",
            made["message"] or made["reply"],
        )
        for made in cast("list[dict[str, Any]]", delivery["attempts"])
    ]
    output.table(["delivery", "attempt", "state", "at", "took", "status", "what"], rows)


@app.command("redeliver")
def redeliver(
    delivery: Annotated[int, typer.Argument(help="Number of the delivery.")],
    *,
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Repeat a delivery that ended."""
    path = f"/api/v1/deliveries/{delivery}/redeliver"
    work = change("POST", path, {}, f"delivery {delivery} is repeated", url=url, token=token)
    raise typer.Exit(output.run(work))
