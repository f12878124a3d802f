"""`satchel admin dump` and `satchel admin restore`: the rows of a server in one file, and back."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from satchel.cli import output
from satchel.cli.serve import DataDirectory


def dump(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; only you may read it.")],
    *,
    data: DataDirectory = None,
) -> None:
    """Write the database into a file, also while the server runs; files and the key of secrets are not in it."""
    from satchel.db import dumps  # noqa: PLC0415  # only the commands that serve need the server's parts

    _with_database(data, path, dumps.dump, creates=False)
    output.out.print(f"the database is in {path}", markup=False)


def restore(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="What `satchel admin dump` wrote.")],
    *,
    data: DataDirectory = None,
) -> None:
    """Fill an empty database from a file: that of SATCHEL_DATABASE_URL, or a new embedded one in the data directory."""
    from satchel.db import dumps  # noqa: PLC0415  # only the commands that serve need the server's parts

    _with_database(data, path, dumps.restore, creates=True)
    output.out.print("the database is restored; compare it with the files: satchel doctor", markup=False)


def _with_database(
    data: Path | None, path: Path, work: Callable[[str, Path], Awaitable[None]], *, creates: bool
) -> None:
    from satchel import main as server  # noqa: PLC0415  # only the commands that serve need the server's parts

    settings = output.settings(data_directory=data)
    server.set_up_logs(settings)

    async def run() -> None:
        async with server.open_database(settings, creates=creates) as dsn:
            await work(dsn, path)

    output.run(run())
