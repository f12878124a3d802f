"""The sample archive (`examples/receiver`), which the demo runs as the receiver of its calls."""

import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

import typer

from satchel.cli import output

RECEIVER_PORT = 8099
"""The default port; the calls of the examples name it."""


@contextmanager
def run_receiver(port: int) -> Generator[None]:
    """Run the sample receiver beside the server; it ends with this process, however that ends.

    Exits with 3, as for every port in use, if the receiver cannot listen.
    """
    from satchel.cli.demo.samples import examples_folder  # noqa: PLC0415  # needs the server's parts

    if not _is_free(port):
        output.err.print(
            f"error: the port {port} of the sample receiver is in use. Stop the program that uses it, or choose another"
            " port in a new data directory, since the sample apps name it:"
            f' make demo ARGS="--receiver-port {port + 1} --data demo-data-{port + 1}"',
            markup=False,
        )
        raise typer.Exit(output.ExitCode.UNREACHABLE)
    script = examples_folder() / "receiver" / "receiver.py"
    command = [sys.executable, str(script), "--port", str(port), "--until-input-ends"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603  # our own script
        try:
            while process.poll() is None:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.05)  # a separate process: there is nothing else to wait on
            if process.poll() is not None:
                output.err.print("error: the sample receiver ended at once; see its message above.", markup=False)
                raise typer.Exit(output.ExitCode.UNREACHABLE)
            yield
        finally:
            process.terminate()


def _is_free(port: int) -> bool:
    """Return whether a port is free; the receiver of a killed demo gets three seconds to end."""
    for _ in range(60):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return True
        time.sleep(0.05)  # a separate process: there is nothing else to wait on
    return False
