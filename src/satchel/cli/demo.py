"""`satchel demo`: a server with sample people, apps, instances and real files, to try everything on.

The first run fills a new data directory and writes the logins that it made to `demo.json` there; later runs serve the
same again. It listens on this machine only.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from satchel.cli import output

if TYPE_CHECKING:
    from satchel.actions.context import Context

LOGINS_FILE = "demo.json"
DEFAULT_DIRECTORY = Path("demo-data")


def demo(
    *,
    data: Annotated[Path, typer.Option("--data", help="Where the demo keeps everything.")] = DEFAULT_DIRECTORY,
    port: Annotated[int, typer.Option(help="Port to listen on, on 127.0.0.1.", envvar="SATCHEL_PORT")] = 8080,
    fill_only: Annotated[bool, typer.Option("--fill-only", help="Only fill the data directory; do not serve.")] = False,
) -> None:
    """Serve a sample server: four apps, people of different rights, running and ended instances with real files.

    Delete the data directory to begin anew.
    """
    from satchel import main as server  # noqa: PLC0415  # only the commands that serve need the server's parts

    settings = output.settings(data_directory=data, host="127.0.0.1", port=port)
    server.set_up_logs(settings)
    logins: dict[str, Mapping[str, str]] = {}

    async def prepare(context: "Context") -> None:
        logins.update(await _prepare(context, data))

    async def fill() -> None:
        async with server.open_context(settings) as context:
            await prepare(context)

    if fill_only:
        output.run(fill())
        _print(settings.public_url, logins, is_serving=False)
        return
    output.run(
        server.serve(
            settings,
            with_web=True,
            with_worker=True,
            prepare=prepare,
            on_ready=lambda address: _print(address, logins, is_serving=True),
        )
    )


async def _prepare(context: "Context", data: Path) -> Mapping[str, Mapping[str, str]]:
    from satchel.cli import demo_data  # noqa: PLC0415  # needs the server's parts

    path = data / LOGINS_FILE
    if path.exists():
        known: Mapping[str, Mapping[str, str]] = json.loads(path.read_text(encoding="utf-8"))
        return known
    with output.err.status("Making the sample people, apps and files ..."):
        made = await demo_data.fill(context)
    written = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(written, "w", encoding="utf-8") as file:
        json.dump(made, file, indent=2)
    return made


def _print(address: str, logins: Mapping[str, Mapping[str, str]], *, is_serving: bool) -> None:
    say = output.out.print
    if is_serving:
        say(Text(f"\nSatchel answers at {address}", style="bold green"))
        say(f"  native API    {address}/api/v1", markup=False)
        say(f"  Navixy API    {address}/navixy/v2  (user/auth takes the logins below)", markup=False)
        say(f"  OpenAPI       {address}/api/openapi.json", markup=False)
        say(f"  health        {address}/healthz", markup=False)
    say("\nSign in as (e-mail, password, bearer token):")
    for login in logins.values():
        say(Text(f"  {login['email']:<28} {login['password']:<18} {login['token']}"))
        say(Text(f"      {login['what']}", style="dim"))
    if is_serving:
        first = next(iter(logins.values()))
        say("\nTry:")
        say(f"  export SATCHEL_URL={address} SATCHEL_TOKEN={first['token']}", markup=False)
        say('  curl -H "Authorization: Bearer $SATCHEL_TOKEN" $SATCHEL_URL/api/v1/instances', markup=False)
        say("\nStop with Ctrl-C.\n")
