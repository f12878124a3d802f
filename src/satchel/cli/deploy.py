"""Apps: `satchel deploy` sends a bundle and prints its findings; `retire`, and `nodes`, which numbers elements."""

import io
import zipfile
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import quote

import typer

from satchel.cli import output
from satchel.cli.migrate import apply, migrations_of
from satchel.cli.output import ExitCode
from satchel.cli.remote import UNNAMED, Token, Url, change, refuse, request
from satchel.model.errors import Finding
from satchel.model.faults import counted

BUNDLE_FILES = ("app.yaml", "process.bpmn")


def deploy(
    bundle: Annotated[Path, typer.Argument(help="A folder or zip with app.yaml and process.bpmn.", exists=True)],
    *,
    move_running: Annotated[
        bool, typer.Option("--move-running", help="Move the running instances to it, as satchel migrate --apply does.")
    ] = False,
    url: Url = UNNAMED,
    token: Annotated[
        str, typer.Option(envvar="SATCHEL_TOKEN", help="A token of a user who may deploy the app.", show_envvar=True)
    ] = "",
) -> None:
    """Check an app bundle as a whole and deploy it as a new version.

    Every finding is printed with its file, line and BPMN element; with an error nothing is deployed (exit code 4).
    Then it says how many instances run on earlier versions, and what a move to this one would do to them.
    """
    raise typer.Exit(output.run(_deploy(bundle, url, token, moves=move_running)))


async def _deploy(bundle: Path, url: str, token: str, *, moves: bool) -> ExitCode:
    answer, body = await request(
        url, token, "POST", "/api/v1/apps", content=_zipped(bundle), media_type="application/zip"
    )
    reported = cast("list[dict[str, Any]]", body.get("findings", body.get("warnings", [])))
    named = [Finding(**finding) for finding in reported]
    output.findings(named)
    if not answer.is_success:
        return refuse(answer, body, ExitCode.FINDINGS if named else ExitCode.REFUSED)
    warned = f" with {counted(named)}" if named else ""
    code, older = str(body["code"]), cast("int", body.get("older_instances", 0))
    output.say(f"deployed {code} version {body['version']}{warned}")
    if older and moves:
        return await apply(migrations_of(code), {}, url, token)
    if older:
        _print_older(code, older, cast("dict[str, Any] | None", body.get("move")))
    return ExitCode.OK


def _print_older(code: str, older: int, forecast: dict[str, Any] | None) -> None:
    """Print how many instances run on earlier versions, and what a move would do."""
    running = "1 instance runs" if older == 1 else f"{older} instances run"
    output.note(f"{running} on earlier versions: satchel migrate {code}")
    if forecast is not None:
        of = "" if forecast["is_whole"] else f"of the oldest {forecast['looked_at']}, "
        counts = forecast["counts"]
        output.note(
            f"{of}{counts['unchanged']} can move unchanged, {counts['needs_mapping']} need a mapping,"
            f" {counts['blocked']} cannot move"
        )


def _zipped(bundle: Path) -> bytes:
    if bundle.is_file():
        return bundle.read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in BUNDLE_FILES:
            if (bundle / name).is_file():
                archive.write(bundle / name, name)
    return packed.getvalue()


def retire(
    app: Annotated[str, typer.Argument(help="Code of the app.")],
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Bring a retired app back.")] = False,
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Retire an app: nothing new is started from it, what runs goes on. Or bring it back."""
    verb, done = ("restore", "is back") if undo else ("retire", "is retired")
    path = f"/api/v1/apps/{quote(app, safe='')}/{verb}"
    raise typer.Exit(output.run(change("POST", path, {}, f"{app} {done}", url=url, token=token)))


def nodes(
    app: Annotated[str, typer.Argument(help="Code of the app.")], *, url: Url = UNNAMED, token: Token = ""
) -> None:
    """List the elements of an app's process with their numbers, which are in addresses of Questetra's API."""
    raise typer.Exit(output.run(_nodes(app, url, token)))


async def _nodes(app: str, url: str, token: str) -> ExitCode:
    answer, body = await request(url, token, "GET", f"/api/v1/apps/{quote(app, safe='')}/nodes")
    if not answer.is_success:
        return refuse(answer, body)
    found = cast("list[dict[str, Any]]", body["items"])
    output.table(
        ["node", "kind", "element", "name"], [(at["number"], at["kind"], at["id"], at["name"]) for at in found]
    )
    return ExitCode.OK
