"""Runs the command line: `satchel`, or `python -m satchel`."""

import gc

from satchel.cli.root import app


def main() -> None:
    """Run the command line with the process's arguments."""
    gc.freeze()  # the modules stay to the end; the garbage collector need not traverse them
    app()


if __name__ == "__main__":
    main()
