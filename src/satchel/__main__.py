"""Runs the command line: `satchel`, or `python -m satchel`."""

from satchel.cli.root import app


def main() -> None:
    """Run the command line with the process's arguments."""
    app()


if __name__ == "__main__":
    main()
