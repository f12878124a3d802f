"""`satchel calendar`: when the account works."""

import json
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from satchel.cli import output
from satchel.cli.output import ExitCode
from satchel.cli.remote import UNNAMED, Token, Url, refuse, request
from satchel.model.errors import InvalidRequest

app = typer.Typer(help="Show and set when the account works, for what is due in working time.", no_args_is_help=True)

_PATH = "/api/v1/calendar"
_SETTINGS = ("time_zone", "hours", "country", "subdivision", "days")


@app.command("show")
def show(*, url: Url = UNNAMED, token: Token = "") -> None:
    """Print the calendar as JSON, with the public holidays of this and the next year."""
    raise typer.Exit(output.run(_show(url, token)))


@app.command("set")
def replace(
    *,
    file: Annotated[Path | None, typer.Option(help="Start from a JSON file, instead of the present calendar.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="An IANA name, such as Europe/Berlin.")] = None,
    country: Annotated[str | None, typer.Option(help="Two letters; its public holidays are free. '' for none.")] = None,
    subdivision: Annotated[str | None, typer.Option(help="A part of the country, such as BY. '' for none.")] = None,
    hours: Annotated[
        list[str] | None, typer.Option(help="Of a weekday: monday=09:00-12:00,13:00-17:00; sunday= for none.")
    ] = None,
    day: Annotated[
        list[str] | None, typer.Option(help="An own day: 2026-12-24=Christmas Eve, or with 09:00-12:00 before.")
    ] = None,
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Change the calendar; what is not named stays. For administrators."""
    named = {"time_zone": time_zone, "country": country, "subdivision": subdivision}
    given = {name: value or None for name, value in named.items() if value is not None}
    if given.get("country", "") != "" and "subdivision" not in given:
        given["subdivision"] = None  # of another country
    raise typer.Exit(output.run(_set(file, given, hours or [], day or [], url=url, token=token)))


async def _show(url: str, token: str) -> ExitCode:
    answer, body = await request(url, token, "GET", _PATH)
    if not answer.is_success:
        return refuse(answer, body)
    output.out.print(json.dumps(body, indent=2, ensure_ascii=False), markup=False)
    return ExitCode.OK


async def _set(
    file: Path | None, given: dict[str, str | None], hours: list[str], days: list[str], *, url: str, token: str
) -> ExitCode:
    if file is not None:
        found = _read(file)
    else:
        answer, found = await request(url, token, "GET", _PATH)
        if not answer.is_success:
            return refuse(answer, found)
    calendar: dict[str, Any] = {name: found[name] for name in _SETTINGS if name in found} | given
    calendar["hours"] = dict(cast("dict[str, list[str]]", calendar.get("hours", {})))
    for text in hours:
        weekday, _, parts = text.partition("=")
        calendar["hours"][weekday] = _parts(parts)
    own = {str(one["day"]): one for one in cast("list[dict[str, Any]]", calendar.get("days", []))}
    for text in days:
        on, _, said = text.partition("=")
        times, _, name = said.partition(" ") if said[:1].isdecimal() else ("", "", said)
        own[on] = {"day": on, "name": name, "hours": _parts(times)}
    calendar["days"] = [own[on] for on in sorted(own)]
    answer, body = await request(url, token, "PUT", _PATH, content=json.dumps(calendar).encode())
    if not answer.is_success:
        return refuse(answer, body, faults=True)
    output.out.print("The calendar is set.")
    return ExitCode.OK


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _read(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{file} cannot be read as JSON ({error}).") from error
    if not isinstance(found, dict):
        raise InvalidRequest(f"{file} holds no JSON object.")
    return cast("dict[str, object]", found)
