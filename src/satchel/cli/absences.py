"""`satchel absence`: when somebody is away, and who stands in for them."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, cast
from urllib.parse import quote

import typer

from satchel.cli import output
from satchel.cli.output import ExitCode
from satchel.cli.remote import UNNAMED, Token, Url, refuse, request

app = typer.Typer(help="Say when somebody is away, and who stands in for them.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="Number of the absence.")]
User = Annotated[str, typer.Option(help="Who is away, by number, name or e-mail; you by default. For administrators.")]
_MOST = 200


@app.command("set")
def create(
    *,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day away.")],
    last: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day away.")],
    substitute: Annotated[str, typer.Option(help="Who stands in, by number or name (administrators: or e-mail).")],
    user: User = "",
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Set an absence, and print its number."""
    said = {"from": _day(first), "until": _day(last)}
    raise typer.Exit(output.run(_send("POST", "", said, substitute, user, url=url, token=token)))


@app.command("change")
def change(
    absence: Number,
    *,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Another first day.")] = None,
    last: Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Another last day.")] = None,
    substitute: Annotated[str, typer.Option(help="Somebody else who stands in.")] = "",
    user: User = "",
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Change an absence; what is not named stays."""
    said = {name: _day(day) for name, day in (("from", first), ("until", last)) if day is not None}
    raise typer.Exit(output.run(_send("PATCH", f"/{absence}", said, substitute, user, url=url, token=token)))


@app.command("end")
def end(absence: Number, *, user: User = "", url: Url = UNNAMED, token: Token = "") -> None:
    """End an absence now; tasks that the substitute has not started come back."""
    raise typer.Exit(output.run(_send("DELETE", f"/{absence}", None, "", user, url=url, token=token)))


@app.command("list")
def listing(*, user: User = "", url: Url = UNNAMED, token: Token = "") -> None:
    """List absences that have not ended."""
    raise typer.Exit(output.run(_list(user, url=url, token=token)))


def _day(moment: datetime) -> str:
    day: date = moment.date()
    return day.isoformat()


async def _send(
    method: str, path: str, said: Mapping[str, str] | None, substitute: str, user: str, *, url: str, token: str
) -> ExitCode:
    """Send a change, with the people named in it by their numbers, and print the number of what was made."""
    body: dict[str, object] = dict(said or {})
    address = await _address(user, url=url, token=token)
    if isinstance(address, ExitCode):
        return address
    if substitute:
        found = await _person(substitute, url=url, token=token)
        if isinstance(found, ExitCode):
            return found
        body["substitute"] = found
    content = None if said is None else json.dumps(body).encode()
    answer, told = await request(url, token, method, f"{address}{path}", content=content)
    if not answer.is_success:
        return refuse(answer, told, faults=True)
    if method == "POST":
        output.out.print(told["id"])
    return ExitCode.OK


async def _list(user: str, *, url: str, token: str) -> ExitCode:
    address = await _address(user, url=url, token=token)
    if isinstance(address, ExitCode):
        return address
    answer, body = await request(url, token, "GET", address)
    if not answer.is_success:
        return refuse(answer, body)
    items = cast("list[dict[str, Any]]", body["items"])
    names = await _names({int(row["substitute"]) for row in items}, url=url, token=token)
    rows = [
        [row["id"], row["from"], row["until"], names.get(row["substitute"], row["substitute"]), _now(row)]
        for row in items
    ]
    output.table(("id", "from", "until", "substitute", "now"), rows)
    return ExitCode.OK


def _now(row: Mapping[str, Any]) -> str:
    return "away" if row["running"] else ""


async def _names(numbers: set[int], *, url: str, token: str) -> Mapping[int, str]:
    if not numbers:
        return {}
    listed = ",".join(str(number) for number in sorted(numbers))
    answer, body = await request(url, token, "GET", f"/api/v1/users?id={listed}&limit={_MOST}")
    items = cast("list[dict[str, Any]]", body.get("items", [])) if answer.is_success else []
    return {int(one["id"]): f"{one['name']} ({one['id']})" for one in items}


async def _address(user: str, *, url: str, token: str) -> str | ExitCode:
    """Return the address of somebody's absences; of the caller's where nobody is named."""
    if not user:
        return "/api/v1/me/absences"
    found = await _person(user, url=url, token=token)
    return found if isinstance(found, ExitCode) else f"/api/v1/users/{found}/absences"


async def _person(who: str, *, url: str, token: str) -> int | ExitCode:
    """Return the number of somebody who is named by it, by name or by e-mail."""
    if who.isascii() and who.isdecimal():
        return int(who)
    answer, body = await request(url, token, "GET", f"/api/v1/users?q={quote(who)}&limit={_MOST}")
    if not answer.is_success:
        return refuse(answer, body)
    found = [one for one in cast("list[dict[str, Any]]", body["items"]) if one["active"]]
    exact = [one for one in found if who.casefold() in (str(one["name"]).casefold(), str(one["email"]).casefold())]
    fitting = exact or found
    if len(fitting) == 1:
        return int(fitting[0]["id"])
    several = ", ".join(f"{one['name']} ({one['id']})" for one in fitting[:10])
    said = f"{who} fits several people: {several}. Give a number." if fitting else f"Nobody active is called {who}."
    output.note(f"error: {said}", style="red")
    return ExitCode.REFUSED
