"""`satchel schedules`: saved searches whose new files go to a folder of the server every day."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, cast

import typer

from satchel.cli import output
from satchel.cli.output import ExitCode, bytes_text
from satchel.cli.remote import UNNAMED, Token, Url, refuse, request

app = typer.Typer(help="Export saved searches into folders of the server every day.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="Number of the schedule.")]
_PATH = "/api/v1/schedules"


@app.command("add")
def add(
    search: Annotated[int, typer.Argument(help="Number of the saved search.")],
    folder: Annotated[str, typer.Argument(help="Name of a folder in the server's directory for exports.")],
    *,
    at: Annotated[str, typer.Option(help="Time in your time zone.")] = "02:30",
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Export a saved search every day."""
    body = {"search": search, "folder": folder, "at": at}
    raise typer.Exit(output.run(_change(url, token, "POST", _PATH, body)))


@app.command("list")
def listing(*, url: Url = UNNAMED, token: Token = "") -> None:
    """List schedules and when they run next."""
    headings = ("id", "search", "folder", "at", "runs", "next_run_at")
    raise typer.Exit(output.run(_table(url, token, f"{_PATH}?limit=200", headings)))


@app.command("runs")
def runs(schedule: Number, *, url: Url = UNNAMED, token: Token = "") -> None:
    """List a schedule's runs and their results."""
    headings = ("number", "state", "started_at", "instances", "files", "bytes", "left_out", "missing", "error")
    raise typer.Exit(output.run(_table(url, token, f"{_PATH}/{schedule}/runs?limit=200", headings)))


@app.command("run")
def run(schedule: Number, *, url: Url = UNNAMED, token: Token = "") -> None:
    """Run a schedule now."""
    raise typer.Exit(output.run(_change(url, token, "POST", f"{_PATH}/{schedule}/run", None)))


@app.command("remove")
def remove(schedule: Number, *, url: Url = UNNAMED, token: Token = "") -> None:
    """Remove a schedule; the files in its folder stay."""
    raise typer.Exit(output.run(_change(url, token, "DELETE", f"{_PATH}/{schedule}", None)))


async def _change(url: str, token: str, method: str, path: str, body: Mapping[str, object] | None) -> ExitCode:
    """Send a change and print the number of the created thing, if any."""
    content = None if body is None else json.dumps(body).encode()
    answer, told = await request(url, token, method, path, content=content)
    if not answer.is_success:
        return refuse(answer, told)
    if "id" in told:
        output.say(told["id"])
    return ExitCode.OK


async def _table(url: str, token: str, path: str, headings: tuple[str, ...]) -> ExitCode:
    answer, body = await request(url, token, "GET", path)
    if not answer.is_success:
        return refuse(answer, body)
    rows = [[_cell(name, row[name]) for name in headings] for row in cast("list[dict[str, Any]]", body["items"])]
    output.table(headings, rows)
    return ExitCode.OK


def _cell(name: str, value: Any) -> object:  # noqa: ANN401  # whatever JSON holds
    if value is None:
        return ""
    if name == "error":
        return value["message"]
    return bytes_text(value) if name == "bytes" else value
