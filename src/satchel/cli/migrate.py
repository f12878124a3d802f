"""`satchel migrate`: shows what a move of running instances would do, and does it."""

import asyncio
import json
from collections import Counter
from typing import Annotated, Any, cast
from urllib.parse import quote

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
    apply: Annotated[
        bool, typer.Option("--apply", help="Move the instances; else only show what would happen.")
    ] = False,
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Show what a move of an app's running instances to its newest version would do, or move them.

    With instances that cannot move the exit code is 4; those that can are moved all the same with --apply.
    """
    mapping: dict[str, str | None] = dict(map(_pair, mapped or [])) | dict.fromkeys(dropped or [])
    path = f"/api/v1/apps/{quote(app, safe='')}/migrations"
    raise typer.Exit(output.run(_apply(path, mapping, url, token) if apply else _preview(path, mapping, url, token)))


def _pair(text: str) -> tuple[str, str]:
    old, is_there, new = text.partition("=")
    if not is_there or not old or not new:
        raise typer.BadParameter(f"--map takes OLD=NEW, not {text!r}.")
    return old, new


async def _preview(path: str, mapping: dict[str, str | None], url: str, token: str) -> ExitCode:
    counts, rows, version = Counter[str](), list[tuple[object, ...]](), 0
    content = json.dumps({"mapping": mapping}).encode()
    after: object = 0
    while after is not None:
        answer, body = await request(url, token, "POST", f"{path}/preview?limit=200&cursor={after}", content=content)
        if not answer.is_success:
            return _refuse(answer, body)
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


async def _apply(path: str, mapping: dict[str, str | None], url: str, token: str) -> ExitCode:
    answer, body = await request(url, token, "POST", path, content=json.dumps({"mapping": mapping}).encode())
    if not answer.is_success:
        return _refuse(answer, body)
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


def _refuse(answer: Any, body: dict[str, object]) -> ExitCode:  # noqa: ANN401  # as `refuse` takes it
    for fault in cast("list[dict[str, str]]", body.get("errors", [])):
        output.note(f"  {fault.get('field')}: {fault.get('message')}")
    return refuse(answer, body)
