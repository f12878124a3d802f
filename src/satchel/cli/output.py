"""The output of commands: colours and progress on a terminal, plain lines in a pipe; and their exit codes.

Results go to standard output, everything else to standard error, so that a pipe gets only results.
"""

import asyncio
import os
import re
from collections.abc import Callable, Coroutine, Sequence
from enum import IntEnum
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer import Exit

from satchel.client.refusals import Refused
from satchel.model.errors import ErrorKind, Finding, InvalidBundle, InvalidValues, SatchelError
from satchel.settings import Settings, read_settings

Result = TypeVar("Result")

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that a terminal acts on instead of showing them, but for tabs and line feeds."""


class _CleanConsole(Console):
    """A console to which nothing that is printed is a command: titles, names and answers are other people's."""

    def print(self, *objects: Any, **how: Any) -> None:  # noqa: ANN401  # as the base class has it
        super().print(*(_cleaned(one) for one in objects), **how)


out: Console = _CleanConsole(highlight=False, soft_wrap=True)
err: Console = _CleanConsole(stderr=True, highlight=False, soft_wrap=True)


def _cleaned(printed: object) -> object:
    if isinstance(printed, str):
        return _UNSEEN.sub("\ufffd", printed)
    if isinstance(printed, Text):
        cleaned = printed.copy()
        cleaned.plain = _UNSEEN.sub("\ufffd", printed.plain)  # as long as before, so that styles stay in place
        return cleaned
    return printed


def shown(text: object) -> str:
    """Return what somebody else wrote as one line, without characters that a terminal acts on."""
    return _UNSEEN.sub("\ufffd", " ".join(str(text).splitlines()).replace("\t", " "))


def say(text: object) -> None:
    """Print a result that quotes others: one line, as they wrote it."""
    out.print(shown(text), markup=False)


def note(text: object, *, style: str | None = None) -> None:
    """Print what is beside the result, as `say` does."""
    err.print(shown(text), markup=False, style=style)


class ExitCode(IntEnum):
    """The exit codes of every command; docs/reference/cli.md lists them."""

    OK = 0
    REFUSED = 1
    """Satchel refused it; the message states why."""
    USAGE = 2
    """The command line is wrong."""
    UNREACHABLE = 3
    """The database, the server or the disk cannot be used."""
    FINDINGS = 4
    """A bundle has faults, or the doctor found damage."""


def run(work: Coroutine[object, object, Result]) -> Result:
    """Run a command's coroutine; an error of Satchel becomes a line and an exit code.

    Raises:
        Exit: with an `ExitCode`.
    """
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(work)
    except SatchelError as error:
        raise Exit(report(error)) from None
    except BrokenPipeError:
        os.close(1)
        raise Exit(ExitCode.OK) from None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return the factory of event loops: uvloop's if it is installed, as on servers."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415  # not installed without the server's parts
    except ImportError:
        return None
    return new_event_loop


def settings(**options: object) -> Settings:
    """Return the settings of this process; faults end the command.

    Raises:
        Exit: with an `ExitCode`.
    """
    try:
        return read_settings(None, **options)
    except SatchelError as error:
        raise Exit(report(error)) from None


def report(error: SatchelError) -> ExitCode:
    """Print an error and return its exit code."""
    if isinstance(error, InvalidBundle):
        findings(error.findings)
        err.print(Text(error.message, style="red"))
        return ExitCode.FINDINGS
    server = f" (from {error.server})" if isinstance(error, Refused) and error.server else ""
    err.print(Text("error: ", style="bold red"), Text(shown(error.message + server)), sep="", end="\n")
    if isinstance(error, InvalidValues):
        for fault in error.faults:
            err.print(Text(f"  {shown(fault.field or '(form)')}: {shown(fault.message)} [{fault.code}]"))
    unreachable = error.kind in (ErrorKind.UNAVAILABLE, ErrorKind.STORAGE)
    return ExitCode.UNREACHABLE if unreachable else ExitCode.REFUSED


def findings(found: Sequence[Finding]) -> None:
    """Print the findings of a bundle, a line each: place, severity, message, code."""
    for finding in found:
        style = "red" if finding.severity == "error" else "yellow"
        line = Text(shown(finding.place()), style="bold")
        line.append(f": {finding.severity}: ", style=style)
        line.append(f"{shown(finding.message)} [{finding.code}]")
        out.print(line)


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows: as a table on a terminal, as tab-separated lines in a pipe."""
    if not out.is_terminal:
        for row in rows:
            # The console would turn tabs into spaces.
            out.file.write("\t".join(" ".join(shown(cell).split()) for cell in row) + "\n")
        return
    drawn = Table(*headings, header_style="bold", box=None, pad_edge=False)
    for row in rows:
        drawn.add_row(*(Text(shown(cell)) for cell in row))
    out.print(drawn)


def bytes_text(count: int) -> str:
    """Return a size for a person: `1.5 MiB`."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":  # noqa: PLR2004  # the step between units
            return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{count} bytes"
