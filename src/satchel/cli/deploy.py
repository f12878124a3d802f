"""`satchel deploy`: sends an app bundle to a server, and prints what is wrong with it."""

import io
import zipfile
from pathlib import Path
from typing import Annotated

import httpx
import typer

from satchel.cli import output
from satchel.cli.output import Code
from satchel.model.errors import Finding, InvalidRequest, Unavailable

BUNDLE_FILES = ("app.yaml", "process.bpmn")
TIMEOUT_S = 60.0


def deploy(
    bundle: Annotated[Path, typer.Argument(help="A folder or zip with app.yaml and process.bpmn.", exists=True)],
    *,
    url: Annotated[str, typer.Option(envvar="SATCHEL_URL", help="The server's address.")] = "http://127.0.0.1:8080",
    token: Annotated[
        str, typer.Option(envvar="SATCHEL_TOKEN", help="A token of somebody who may deploy the app.", show_envvar=True)
    ] = "",
) -> None:
    """Check an app bundle as a whole and deploy it as a new version.

    Every finding is printed with its file, line and BPMN element; with an error nothing is deployed (exit code 4).
    """
    raise typer.Exit(output.run(_deploy(bundle, url, token)))


async def _deploy(bundle: Path, url: str, token: str) -> Code:
    if not token:
        raise InvalidRequest("Give a token: --token, or SATCHEL_TOKEN. `satchel admin token EMAIL` makes one.")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/zip"}
    try:
        async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S) as client:
            answer = await client.post("/api/v1/apps", content=_zipped(bundle), headers=headers)
    except httpx.HTTPError as error:
        raise Unavailable(f"The server at {url} cannot be reached ({error}). Is it running?") from error
    try:
        body = answer.json()
    except ValueError:
        raise Unavailable(f"{url} answered {answer.status_code} without JSON; is it a Satchel server?") from None
    named = [Finding(**finding) for finding in body.get("findings", body.get("warnings", []))]
    output.findings(named)
    if answer.is_success:
        output.out.print(f"deployed {body['code']} version {body['version']}")
        return Code.OK
    output.err.print(f"error: {body.get('detail', answer.reason_phrase)}", style="red", markup=False)
    return Code.FINDINGS if named else Code.REFUSED


def _zipped(bundle: Path) -> bytes:
    if bundle.is_file():
        return bundle.read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in BUNDLE_FILES:
            if (bundle / name).is_file():
                archive.write(bundle / name, name)
    return packed.getvalue()
