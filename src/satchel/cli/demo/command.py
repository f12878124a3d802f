"""`satchel demo`: a server with sample people, apps, instances and real files.

The first run fills a new data directory and writes its logins to `demo.json` there; later runs serve the
same data again. It listens on this machine only.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from satchel.cli import output
from satchel.cli.demo.receiver import RECEIVER_PORT, run_receiver
from satchel.model.errors import InvalidState, NotFound

if TYPE_CHECKING:
    from satchel.actions.context import Context

LOGINS_FILE = "demo.json"
DEFAULT_DIRECTORY = Path("demo-data")


def demo(
    *,
    data: Annotated[Path, typer.Option("--data", help="Where the demo keeps everything.")] = DEFAULT_DIRECTORY,
    port: Annotated[int, typer.Option(help="Port to listen on, on 127.0.0.1.", envvar="SATCHEL_PORT")] = 8080,
    receiver_port: Annotated[
        int, typer.Option(help="Port of the sample receiver, on 127.0.0.1; the same on every run.", min=1, max=65535)
    ] = RECEIVER_PORT,
    fill_only: Annotated[bool, typer.Option("--fill-only", help="Only fill the data directory; do not serve.")] = False,
) -> None:
    """Serve a sample server: four apps, people with different rights, running and ended instances with real files.

    Delete the data directory to start again.
    """
    from satchel import main as server  # noqa: PLC0415  # only the commands that serve need the server's parts

    receiver = f"127.0.0.1:{receiver_port}"
    settings = output.settings(data_directory=data, host="127.0.0.1", port=port, outbound_allow=receiver)
    server.set_up_logs(settings)
    logins: dict[str, Mapping[str, str]] = {}

    async def prepare(context: "Context") -> None:
        logins.update(await _prepare(context, data, receiver))

    async def fill() -> None:
        async with server.open_context(settings, server.Opening.CREATE) as context:
            await prepare(context)

    if fill_only:
        output.run(fill())
        _print(settings.public_url, logins, is_serving=False)
        return
    with run_receiver(receiver_port):
        output.run(
            server.serve(
                settings,
                with_web=True,
                with_worker=True,
                prepare=prepare,
                on_ready=lambda address: _print(address, logins, receiver=receiver, is_serving=True),
            )
        )


async def _prepare(context: "Context", data: Path, receiver: str) -> Mapping[str, Mapping[str, str]]:
    from satchel.actions.identity import accounts  # noqa: PLC0415  # needs the server's parts
    from satchel.cli.demo import data as demo_data  # noqa: PLC0415  # same

    path = data / LOGINS_FILE
    if path.exists():
        known: Mapping[str, Mapping[str, str]] = json.loads(path.read_text(encoding="utf-8"))
        return known
    with suppress(NotFound):
        await accounts.find_account(context, demo_data.ACCOUNT)
        raise InvalidState(f"The demo in {data} was interrupted while it was made. Remove {data} and start again.")
    with output.err.status("Making the sample people, apps and files ..."):
        made = await demo_data.fill(context, receiver)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(made, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)  # whole or not at all: without the logins nobody can sign in
    return made


def _print(address: str, logins: Mapping[str, Mapping[str, str]], *, receiver: str = "", is_serving: bool) -> None:
    say = output.out.print
    if is_serving:
        say(Text(f"\nSatchel answers at {address}", style="bold green"))
        say(f"  in a browser  {address}/", markup=False)
        say(f"  native API    {address}/api/v1", markup=False)
        say(f"  OpenAPI       {address}/api/openapi.json", markup=False)
        say(f"  health        {address}/healthz", markup=False)
        say(
            f"  receiver      http://{receiver}/  (a sample archive; shows the files that processes sent)", markup=False
        )
    say("\nSign in as (e-mail, password, bearer token):")
    for login in logins.values():
        say(Text(f"  {login['email']:<28} {login['password']:<18} {login['token']}"))
        say(Text(f"      {login['what']}", style="dim"))
    if is_serving:
        _print_surfaces(address, logins)
        first = next(iter(logins.values()))
        say("\nTry:")
        say(f"  export SATCHEL_URL={address} SATCHEL_TOKEN={first['token']}", markup=False)
        say('  curl -H "Authorization: Bearer $SATCHEL_TOKEN" $SATCHEL_URL/api/v1/instances', markup=False)
        say("\nStop with Ctrl-C.\n")


def _print_surfaces(address: str, logins: Mapping[str, Mapping[str, str]]) -> None:
    from satchel.cli.demo.surfaces import PROGRAM, SURFACES  # noqa: PLC0415  # needs the server's parts

    output.out.print("\nClients of other products need only another base address:")
    for surface in SURFACES:
        output.out.print(Text(f"  {surface.name:<10} {address}{surface.path}"))
        output.out.print(Text(f"      {surface.described(logins[PROGRAM])}", style="dim"))
