"""Runs the command line: `satchel`, or `python -m satchel`."""

import gc
import sys

from satchel import __version__
from satchel.cli import output
from satchel.cli.root import app


def main() -> None:
    """Run the command line with the process's arguments."""
    gc.freeze()  # the modules stay to the end; the garbage collector need not traverse them
    try:
        app()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "satchel":
            raise
        output.err.print(f"error: {_needs_server(error.name)}", markup=False)
        sys.exit(output.ExitCode.UNREACHABLE)


def _needs_server(missing: str) -> str:
    """Return what to install where only the client and its commands are."""
    return (
        f"`satchel {' '.join(sys.argv[1:2])}` needs the server's parts, which are not installed ({missing} is missing)."
        f" Install the wheel with its extra: pip install 'satchel-{__version__}-py3-none-any.whl[server]' "
        "(docs/howto/install.md)."
    )


if __name__ == "__main__":
    main()
