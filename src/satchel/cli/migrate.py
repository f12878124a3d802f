"""`satchel migrate`: shows what a move of running instances would do, and does it."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, cast
from urllib.parse import quote

import httpx
import typer

from satchel.cli import output
from satchel.cli.output import ExitCode
from satchel.cli.remote import UNNAMED, Token, Url, refuse, request
from satchel.model.errors import InvalidRequest

POLL_S = 0.5
"""How often a running move is looked at."""


def migrate(
    app: Annotated[str, typer.Argument(help="Code of the app.")],
    *,
    mapped: Annotated[
        list[str] | None, typer.Option("--map", help="OLD=NEW: an element that has another id now; repeat.")
    ] = None,
    dropped: Annotated[list[str] | None, typer.Option("--drop", help="A boundary event to give up; repeat.")] = None,
    is_applied: Annotated[
        bool, typer.Option("--apply", help="Move the instances; else only show what would happen.")
    ] = False,
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Show what a move of an app's running instances to its newest version would do, or move them.

    With instances that cannot move the exit code is 4; those that can are moved all the same with --apply.
    """
    mapping: dict[str, str | None] = dict(map(_pair, mapped or [])) | dict.fromkeys(dropped or [])
    path, work = migrations_of(app), apply if is_applied else _preview
    raise typer.Exit(output.run(work(path, mapping, url, token)))


def migrations_of(app: str) -> str:
    """Return the address of an app's moves."""
    return f"/api/v1/apps/{quote(app, safe='')}/migrations"


def _pair(text: str) -> tuple[str, str]:
    old, is_there, new = text.partition("=")
    if not is_there or not old or not new:
        raise typer.BadParameter(f"--map takes OLD=NEW, not {text!r}.")
    return old, new


async def _preview(path: str, mapping: Mapping[str, str | None], url: str, token: str) -> ExitCode:
    counts, rows, version = Counter[str](), list[tuple[object, ...]](), 0
    content = json.dumps({"mapping": dict(mapping)}).encode()
    after: object = 0
    while after is not None:
        answer, body = await request(url, token, "POST", f"{path}/preview?limit=200&cursor={after}", content=content)
        if not answer.is_success:
            return refuse_with_faults(answer, body)
        version = cast("int", body["version"])
        counts.update(cast("dict[str, int]", body["counts"]))
        rows += _rows(cast("list[dict[str, Any]]", body["items"]))
        if body.get("next") == after:
            raise InvalidRequest("The server repeats a page.")
        after = body.get("next")
    _print(rows)
    output.note(
        f"to version {version}: {counts['unchanged']} move unchanged, {counts['mapped']} by the mapping,"
        f" {counts['needs_mapping']} need a mapping, {counts['blocked']} cannot move"
    )
    return ExitCode.FINDINGS if rows else ExitCode.OK


async def apply(path: str, mapping: Mapping[str, str | None], url: str, token: str) -> ExitCode:
    """Move an app's running instances, and print what stays and why; the address is `migrations_of` the app."""
    answer, body = await request(url, token, "POST", path, content=json.dumps({"mapping": dict(mapping)}).encode())
    if not answer.is_success:
        return refuse_with_faults(answer, body)
    own = f"{path}/{body['id']}"
    while body["state"] == "running":
        await asyncio.sleep(POLL_S)
        answer, body = await request(url, token, "GET", own)
        if not answer.is_success:
            return refuse(answer, body)
    rows: list[tuple[object, ...]] = []
    after: object = 0
    while after is not None:
        answer, found = await request(url, token, "GET", f"{own}/results?limit=200&cursor={after}")
        if not answer.is_success:
            return refuse(answer, found)
        rows += _rows(cast("list[dict[str, Any]]", found["items"]))
        after = found.get("next")
    _print(rows)
    output.note(f"move {body['id']} to version {body['version']}: {body['moved']} moved, {body['refused']} stay")
    if body["state"] != "done":
        why = cast("dict[str, str]", body["error"] or {}).get("message", "")
        output.note(f"error: the move {body['state']}. {why}".strip(), style="red")
        return ExitCode.REFUSED
    return ExitCode.FINDINGS if rows else ExitCode.OK


def _rows(items: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Return a row for each reason why an instance stays."""
    return [
        (one["instance"], one["identifier"], one["version"], one["outcome"], found["element"], found["message"])
        for one in items
        for found in one["findings"]
    ]


def _print(rows: list[tuple[object, ...]]) -> None:
    if rows:
        output.table(["instance", "identifier", "version", "outcome", "element", "why"], rows)


def refuse_with_faults(answer: httpx.Response, body: dict[str, object], code: ExitCode = ExitCode.REFUSED) -> ExitCode:
    """Print the server's refusal with each of its faults, and return its exit code."""
    for fault in cast("list[dict[str, str]]", body.get("errors", [])):
        output.note(f"  {fault.get('field')}: {fault.get('message')}")
    return refuse(answer, body, code)
