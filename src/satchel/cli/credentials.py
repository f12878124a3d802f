"""Credentials of other systems: from the environment, from a file, or from a prompt; never from the command line.

Every user of the machine can see command lines, and they stay in the shell's history.
"""

import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from satchel.model.errors import InvalidRequest
from satchel.settings import variables

_SHOWN = ("EMAIL", "USERNAME", "LOGIN", "ID")
"""Endings of the names of variables whose values may be shown while they are typed."""


def credentials(ways: Sequence[Sequence[str]], file: Path | None) -> dict[str, str]:
    """Return the variables of the first complete way to sign in; without one, prompt for the first.

    Args:
        ways: names of variables, grouped by way.
        file: with lines `NAME=value`, which override the environment.

    Raises:
        InvalidRequest: no way is complete and there is no terminal, or other users may read the file.
    """
    names = [name for way in ways for name in way]
    known = variables(names) | ({} if file is None else _read(file))
    for way in ways:
        if all(name in known for name in way):
            return {name: known[name] for name in way}
    if not sys.stdin.isatty():
        said = " or ".join(" and ".join(way) for way in ways)
        raise InvalidRequest(f"Set {said} in the environment, or in a file for --credentials.")
    return {name: known.get(name) or _typed(name) for name in ways[0]}


def _typed(name: str) -> str:
    answer: str = typer.prompt(name, hide_input=not name.endswith(_SHOWN), err=True)
    return answer


def _read(file: Path) -> dict[str, str]:
    try:
        with file.open(encoding="utf-8-sig") as opened:
            if os.name == "posix" and os.fstat(opened.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise InvalidRequest(f"Other users may read {file}. Restrict it to yourself: chmod 600.")
            lines = opened.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{file} cannot be read as UTF-8 ({error}).") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        name, is_pair, value = line.strip().removeprefix("export ").lstrip().partition("=")
        if not name or name.startswith("#"):
            continue
        if not is_pair:
            raise InvalidRequest(f"Line {number} of {file} is not NAME=value.")
        found[name.strip()] = value.strip().strip("\"'")
    return found
