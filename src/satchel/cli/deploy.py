"""Apps: `satchel deploy` sends a bundle and prints its findings; `retire`, and `nodes`, which numbers elements."""

import io
import zipfile
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import quote

import typer

from satchel.cli import output
from satchel.cli.output import ExitCode
from satchel.cli.remote import UNNAMED, Token, Url, change, refuse, request
from satchel.model.errors import Finding
from satchel.model.faults import counted

BUNDLE_FILES = ("app.yaml", "process.bpmn")


def deploy(
    bundle: Annotated[Path, typer.Argument(help="A folder or zip with app.yaml and process.bpmn.", exists=True)],
    *,
    url: Url = UNNAMED,
    token: Annotated[
        str, typer.Option(envvar="SATCHEL_TOKEN", help="A token of a user who may deploy the app.", show_envvar=True)
    ] = "",
) -> None:
    """Check an app bundle as a whole and deploy it as a new version.

    Every finding is printed with its file, line and BPMN element; with an error nothing is deployed (exit code 4).
    """
    raise typer.Exit(output.run(_deploy(bundle, url, token)))


async def _deploy(bundle: Path, url: str, token: str) -> ExitCode:
    answer, body = await request(
        url, token, "POST", "/api/v1/apps", content=_zipped(bundle), media_type="application/zip"
    )
    reported = cast("list[dict[str, Any]]", body.get("findings", body.get("warnings", [])))
    named = [Finding(**finding) for finding in reported]
    output.findings(named)
    if answer.is_success:
        warned = f" with {counted(named)}" if named else ""
        output.say(f"deployed {body['code']} version {body['version']}{warned}")
        older = cast("int", body.get("older_instances", 0))
        if older:
            running = "1 instance runs" if older == 1 else f"{older} instances run"
            output.note(f"{running} on earlier versions: satchel migrate {body['code']}")
        return ExitCode.OK
    return refuse(answer, body, ExitCode.FINDINGS if named else ExitCode.REFUSED)


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
