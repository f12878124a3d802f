"""`satchel demo`: a server with sample people, apps, instances and real files, to try everything on.

The first run fills a new data directory and writes the logins that it made to `demo.json` there; later runs serve the
same again. It listens on this machine only.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from satchel.cli import output

if TYPE_CHECKING:
    from satchel.actions.context import Context

LOGINS_FILE = "demo.json"
RECEIVER_PORT = 8099
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
    """Serve a sample server: four apps, people of different rights, running and ended instances with real files.

    Delete the data directory to begin anew.
    """
    from satchel import main as server  # noqa: PLC0415  # only the commands that serve need the server's parts

    receiver = f"127.0.0.1:{receiver_port}"
    settings = output.settings(data_directory=data, host="127.0.0.1", port=port, outbound_allow=receiver)
    server.set_up_logs(settings)
    logins: dict[str, Mapping[str, str]] = {}

    async def prepare(context: "Context") -> None:
        logins.update(await _prepare(context, data, receiver))

    async def fill() -> None:
        async with server.open_context(settings) as context:
            await prepare(context)

    if fill_only:
        output.run(fill())
        _print(settings.public_url, logins, is_serving=False)
        return
    with _receiver(receiver_port):
        output.run(
            server.serve(
                settings,
                with_web=True,
                with_worker=True,
                prepare=prepare,
                on_ready=lambda address: _print(address, logins, receiver=receiver, is_serving=True),
            )
        )


@contextmanager
def _receiver(port: int) -> Generator[None]:
    """Run the sample receiver beside the server; it ends when this process does, however that ends.

    Exits with 3, as for every port that is taken, if the receiver cannot listen.
    """
    from satchel.cli.samples import examples_folder  # noqa: PLC0415  # needs the server's parts

    if not _is_free(port):
        output.err.print(f"error: the port {port} of the sample receiver is taken: --receiver-port", markup=False)
        raise typer.Exit(output.Code.UNREACHABLE)
    script = examples_folder() / "receiver" / "receiver.py"
    command = [sys.executable, str(script), "--port", str(port), "--until-input-ends"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603  # our own script
        try:
            while process.poll() is None:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.05)  # a process of its own: there is nothing else to wait on
            if process.poll() is not None:
                output.err.print("error: the sample receiver ended at once; it says why above.", markup=False)
                raise typer.Exit(output.Code.UNREACHABLE)
            yield
        finally:
            process.terminate()


def _is_free(port: int) -> bool:
    """Return whether nobody listens on a port; what a killed demo left behind gets three seconds to end."""
    for _ in range(60):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return True
        time.sleep(0.05)  # a process of its own: there is nothing else to wait on
    return False


async def _prepare(context: "Context", data: Path, receiver: str) -> Mapping[str, Mapping[str, str]]:
    from satchel.cli import demo_data  # noqa: PLC0415  # needs the server's parts

    path = data / LOGINS_FILE
    if path.exists():
        known: Mapping[str, Mapping[str, str]] = json.loads(path.read_text(encoding="utf-8"))
        return known
    with output.err.status("Making the sample people, apps and files ..."):
        made = await demo_data.fill(context, receiver)
    written = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(written, "w", encoding="utf-8") as file:
        json.dump(made, file, indent=2)
    return made


def _print(address: str, logins: Mapping[str, Mapping[str, str]], *, receiver: str = "", is_serving: bool) -> None:
    say = output.out.print
    if is_serving:
        say(Text(f"\nSatchel answers at {address}", style="bold green"))
        say(f"  native API    {address}/api/v1", markup=False)
        say(f"  OpenAPI       {address}/api/openapi.json", markup=False)
        say(f"  health        {address}/healthz", markup=False)
        say(f"  receiver      http://{receiver}/  (a sample archive; shows what processes sent it)", markup=False)
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
    from satchel.cli.demo_surfaces import PROGRAM, SURFACES  # noqa: PLC0415  # needs the server's parts

    output.out.print("\nClients of other products need only another base address:")
    for surface in SURFACES:
        output.out.print(Text(f"  {surface.name:<10} {address}{surface.path}"))
        output.out.print(Text(f"      {surface.said(logins[PROGRAM])}", style="dim"))
