"""`satchel admin keys`: the key that links to files and exports are signed with."""

import typer

from satchel.cli import output
from satchel.cli.serve import DataDirectory

app = typer.Typer(help="Replace the key that links are signed with.", no_args_is_help=True)


@app.command("rotate")
def rotate(*, data: DataDirectory = None) -> None:
    """Sign links with a new key: all that were made before, to files and exports, in every account, end at once."""

    async def work() -> None:
        from satchel import main as server  # noqa: PLC0415  # needs the server's parts
        from satchel.actions import links  # noqa: PLC0415  # as above

        async with server.open_context(output.settings(data_directory=data)) as context:
            await links.rotate_key(context)
            output.out.print("links are signed with a new key; every link that was made before has ended", markup=False)

    output.run(work())
