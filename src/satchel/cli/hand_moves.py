"""`satchel tokens` and `satchel complete`: what those who manage an app do by hand to one instance."""

import json
from typing import Annotated, Any, cast
from urllib.parse import quote

import typer

from satchel.cli import output
from satchel.cli.calls import value_of
from satchel.cli.migrate import refuse_with_faults
from satchel.cli.output import ExitCode
from satchel.cli.remote import UNNAMED, Token, Url, request
from satchel.model.errors import InvalidRequest, NotFound

Which = Annotated[str, typer.Argument(help="Number or identifier of the instance, such as EVA-1.")]
Reason = Annotated[str, typer.Option(help="Why; the history shows it. Required for a change.")]


def tokens(
    instance: Which,
    *,
    cancel: Annotated[
        list[str] | None, typer.Option(help="Number of a token to cancel, or the element that it is at; repeat.")
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option(help="Element to start at, or flow to come over; @TOKEN names an open subprocess; repeat."),
    ] = None,
    reason: Reason = "",
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Show where an instance stands, or move it by hand: cancel tokens and start others, all or nothing.

    Where the instance cannot be in that way nothing moves, and the exit code is 4.
    """
    if cancel or start:
        given: dict[str, object] = {"start": [_place(one) for one in start or []], "reason": reason}
        raise typer.Exit(output.run(_move(instance, cancel or [], given, url, token)))
    raise typer.Exit(output.run(_show(instance, url, token)))


def complete(
    instance: Which,
    task: Annotated[str, typer.Argument(help="Number of the task, or the element that it is at.")],
    *,
    outcome: Annotated[str | None, typer.Option(help="The task's outcome, if it has any.")] = None,
    values: Annotated[list[str] | None, typer.Option("--set", help="FIELD=JSON to fill in; repeat.")] = None,
    reason: Reason = "",
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Complete a task in its holder's place; the history says in whose, and why."""
    given: dict[str, object] = {"values": dict(map(value_of, values or [])), "outcome": outcome, "reason": reason}
    raise typer.Exit(output.run(_complete(instance, task, given, url, token)))


async def _known(which: str, url: str, token: str) -> dict[str, Any]:
    """Return what the server says of an instance."""
    return await _read(url, token, f"/api/v1/instances/{quote(which, safe='')}")


async def _read(url: str, token: str, path: str) -> dict[str, Any]:
    answer, body = await request(url, token, "GET", path)
    if not answer.is_success:
        raise _RefusedError(refuse_with_faults(answer, body))
    return body


class _RefusedError(Exception):
    """The server refused, and that was printed."""

    def __init__(self, code: ExitCode) -> None:
        super().__init__(code)
        self.code = code


async def _show(which: str, url: str, token: str) -> ExitCode:
    try:
        instance = await _known(which, url, token)
        _print(await _read(url, token, f"/api/v1/instances/{instance['id']}/tokens"))
    except _RefusedError as refused:
        return refused.code
    return ExitCode.OK


async def _move(which: str, cancel: list[str], given: dict[str, object], url: str, token: str) -> ExitCode:
    try:
        instance = await _known(which, url, token)
        path = f"/api/v1/instances/{instance['id']}/tokens"
        standing = await _read(url, token, path)
    except _RefusedError as refused:
        return refused.code
    whole = {**given, "cancel": [_number(one, standing["items"]) for one in cancel]}
    answer, body = await request(url, token, "POST", path, content=json.dumps(whole).encode())
    if not answer.is_success:
        return refuse_with_faults(answer, body, ExitCode.FINDINGS if "errors" in body else ExitCode.REFUSED)
    _print(body)
    return ExitCode.OK


async def _complete(which: str, task: str, given: dict[str, object], url: str, token: str) -> ExitCode:
    try:
        instance = await _known(which, url, token)
    except _RefusedError as refused:
        return refused.code
    number = _task(task, instance["tasks"])
    path = f"/api/v1/instances/{instance['id']}/tasks/{number}/complete"
    answer, body = await request(url, token, "POST", path, content=json.dumps(given).encode())
    if not answer.is_success:
        return refuse_with_faults(answer, body)
    now = cast("dict[str, Any]", body["instance"])
    output.say(f"task {number} completed; {now['identifier']} is {now['state']}")
    return ExitCode.OK


def _number(which: str, items: list[dict[str, Any]]) -> int:
    """Return the number of a token that is named by it, or by its element."""
    if which.isdigit():
        return int(which)
    found = [one["id"] for one in items if one["element"] == which and one["may"]]
    return int(_only(found, "token", which))


def _task(which: str, items: list[dict[str, Any]]) -> int:
    if which.isdigit():
        return int(which)
    found = [one["id"] for one in items if one["element"] == which and one["closed_at"] is None]
    return int(_only(found, "task", which))


def _only(found: list[Any], what: str, which: str) -> Any:  # noqa: ANN401  # a number of the server's JSON
    if not found:
        raise NotFound(what, which)
    if len(found) > 1:
        raise InvalidRequest(f"There are several at {which}; name one by its number: {', '.join(map(str, found))}.")
    return found[0]


def _place(text: str) -> dict[str, object]:
    at, is_within, within = text.partition("@")
    if not at or (is_within and not within.isdigit()):
        raise typer.BadParameter(f"--start takes ELEMENT or ELEMENT@TOKEN, not {text!r}.")
    return {"at": at, "within": int(within) if is_within else None}


def _print(body: dict[str, Any]) -> None:
    rows = [
        (
            one["id"],
            one["element"],
            one["name"],
            one["mode"] if one["flow"] is None else f"{one['mode']} over {one['flow']}",
            "" if one["within"] is None else one["within"],
            "" if one["part_of"] is None else one["part_of"],
        )
        for one in body["items"]
    ]
    output.table(["token", "element", "name", "does", "within", "part of"], rows)
