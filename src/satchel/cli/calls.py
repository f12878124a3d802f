"""`satchel call` and `satchel incidents`: service tasks, their requests, attempts and incidents."""

import json
from typing import Annotated, Any, cast
from urllib.parse import quote

import httpx
import typer

from satchel.cli import output
from satchel.cli.output import ExitCode, bytes_text
from satchel.cli.remote import UNNAMED, Token, Url, change, refuse, request
from satchel.model.errors import InvalidRequest


def call(
    instance: Annotated[str, typer.Argument(help="Number or identifier of the instance, such as EVA-1.")],
    task: Annotated[str | None, typer.Argument(help="BPMN id of the service task; needed with --dry-run.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent now; send nothing.")] = False,
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Show the service tasks of an instance with every attempt, or what one of them would send now."""
    if dry_run and task is None:
        raise typer.BadParameter("--dry-run needs the id of a service task.")
    work = _dry_run(instance, task, url, token) if dry_run and task is not None else _calls(instance, task, url, token)
    raise typer.Exit(output.run(work))


async def _instance(which: str, url: str, token: str) -> tuple[httpx.Response, dict[str, object]]:
    """Return the answer about an instance, by its number or its identifier."""
    return await request(url, token, "GET", f"/api/v1/instances/{quote(which, safe='')}")


async def _dry_run(instance: str, task: str, url: str, token: str) -> ExitCode:
    answer, body = await _instance(instance, url, token)
    if answer.is_success:
        path = f"/api/v1/instances/{body['id']}/services/{quote(task, safe='')}/request"
        answer, body = await request(url, token, "GET", path)
    if not answer.is_success:
        return refuse(answer, body)
    say = output.say
    say(f"{body['method']} {body['url']}")
    for name, value in cast("list[list[str]]", body["headers"]):
        say(f"{name}: {value}")
    if body["auth"] is not None:
        say(f"(signs in by {body['auth']})")
    size = cast("int", body["body_bytes"])
    say("")
    say(f"{body['media_type'] or 'no body'}, {size} bytes ({bytes_text(size)})")
    for file in cast("list[dict[str, object]]", body["files"]):
        say(f"  file {file['id']}: {file['name']}, {file['size']} bytes, {file['media_type']}")
    if body["body"]:
        output.out.print(f"\n{body['body']}", markup=False, soft_wrap=True)
    return ExitCode.OK


async def _calls(instance: str, task: str | None, url: str, token: str) -> ExitCode:
    answer, body = await _instance(instance, url, token)
    if answer.is_success:
        answer, body = await request(url, token, "GET", f"/api/v1/instances/{body['id']}/calls")
    if not answer.is_success:
        return refuse(answer, body)
    rows: list[tuple[object, ...]] = []
    for found in cast("list[dict[str, Any]]", body["items"]):
        if task not in (None, found["element"]):
            continue
        _, whole = await request(url, token, "GET", f"/api/v1/calls/{found['id']}")
        attempts = cast("list[dict[str, Any]]", whole.get("attempts", []))
        rows += [
            (
                found["id"],
                found["element"],
                made["number"],
                made["state"],
                made["started_at"],
                made["details"].get("status", ""),
                made["message"] or made["details"].get("url", ""),
            )
            for made in attempts
        ] or [(found["id"], found["element"], "", found["state"], found["opened_at"], "", "")]
    output.table(["call", "task", "attempt", "state", "at", "status", "what"], rows)
    return ExitCode.OK


def incidents(
    *,
    instance: Annotated[str | None, typer.Option(help="Only those of this instance, by number or identifier.")] = None,
    retry: Annotated[int | None, typer.Option(help="Retry the step of this incident.")] = None,
    newest: Annotated[
        bool, typer.Option("--newest", help="With --retry: use the newest version's settings of the service task.")
    ] = False,
    skip: Annotated[int | None, typer.Option(help="Continue past this incident without its task's result.")] = None,
    values: Annotated[list[str] | None, typer.Option("--set", help="With --skip: FIELD=JSON to set; repeat.")] = None,
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """List open incidents, retry one, or skip its service task with values set by hand."""
    if retry is not None:
        work = _retry(retry, newest=newest, url=url, token=token)
    elif skip is not None:
        given: dict[str, object] = {"values": dict(value_of(text) for text in values or [])}
        work = change("POST", f"/api/v1/incidents/{skip}/skip", given, f"incident {skip} skipped", url=url, token=token)
    else:
        work = _incidents(instance, url, token)
    raise typer.Exit(output.run(work))


async def _retry(incident: int, *, newest: bool, url: str, token: str) -> ExitCode:
    asked = "?settings=newest" if newest else ""
    answer, body = await request(url, token, "POST", f"/api/v1/incidents/{incident}/retry{asked}")
    if not answer.is_success:
        return refuse(answer, body)
    used = body.get("version")
    with_settings = "" if used is None else f" with the settings of version {used}"
    output.say(f"incident {incident} retried{with_settings}")
    if body.get("newer_version") is not None:
        output.note(f"version {body['newer_version']} has other settings: --newest uses them")
    return ExitCode.OK


def value_of(text: str) -> tuple[str, object]:
    """Return what `FIELD=JSON` sets; what is no JSON is text."""
    name, is_there, value = text.partition("=")
    if not is_there:
        raise typer.BadParameter(f"--set takes FIELD=JSON, not {text!r}.")
    try:
        return name, cast("object", json.loads(value))
    except ValueError:
        return name, value


def _what(incident: dict[str, Any]) -> str:
    newer = incident.get("newer_version")
    more = "" if newer is None else f" (Version {newer} has other settings: --retry {incident['id']} --newest.)"
    return f"{incident['message']}{more}"


async def _incidents(instance: str | None, url: str, token: str) -> ExitCode:
    only = ""
    if instance is not None:
        answer, body = await _instance(instance, url, token)
        if not answer.is_success:
            return refuse(answer, body)
        only = f"&instance={body['id']}"
    rows: list[tuple[object, ...]] = []
    after: object = 0
    while after is not None:
        answer, body = await request(url, token, "GET", f"/api/v1/incidents?limit=100&cursor={after}{only}")
        if not answer.is_success:
            return refuse(answer, body)
        found = cast("list[dict[str, Any]]", body["items"])
        rows += [(one["id"], one["instance"], one["element"], one["opened_at"], _what(one)) for one in found]
        if body.get("next") == after:
            raise InvalidRequest("The server repeats a page.")
        after = body.get("next")
    output.table(["incident", "instance", "step", "since", "what"], rows)
    return ExitCode.OK
