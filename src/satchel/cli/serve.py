"""`satchel serve` and `satchel worker`: the processes of a server."""

from pathlib import Path
from typing import Annotated

import typer

from satchel.cli import output
from satchel.cli.output import ExitCode

DataDirectory = Annotated[
    Path | None,
    typer.Option("--data", help="Where everything is kept; overrides SATCHEL_DATA_DIRECTORY.", show_default=False),
]


def serve(
    *,
    data: DataDirectory = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; overrides SATCHEL_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; overrides SATCHEL_PORT.")] = None,
    with_worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Run a worker in the same server.")] = True,
    processes: Annotated[
        int | None,
        typer.Option(help="How many processes answer HTTP; overrides SATCHEL_PROCESSES.", show_default=False),
    ] = None,
) -> None:
    """Serve HTTP and run jobs, in one process or in several.

    Without SATCHEL_DATABASE_URL the database runs inside the data directory and stops with this command.
    """
    from satchel import main as server  # noqa: PLC0415  # only the commands that serve need the server's parts

    settings = output.settings(data_directory=data, host=host, port=port, processes=processes)
    server.set_up_logs(settings)

    def ready(address: str) -> None:
        if server.logs_for_people(settings):  # otherwise each line is a document, and this one is in the log
            output.err.print(f"Satchel answers at {address} (stop with Ctrl-C).")

    output.run(server.serve(settings, with_web=True, with_worker=with_worker, on_ready=ready))


def worker(*, data: DataDirectory = None) -> None:
    """Run jobs only, beside a server that uses the same database and storage; start as many as needed."""
    from satchel import main as server  # noqa: PLC0415  # only the commands that serve need the server's parts

    settings = output.settings(data_directory=data)
    server.set_up_logs(settings)
    opening = server.Opening.SERVE
    output.run(server.serve(settings, with_web=False, with_worker=True, on_ready=lambda _: None, opening=opening))
    raise typer.Exit(ExitCode.OK)
