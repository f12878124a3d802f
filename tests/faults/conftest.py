"""Fixtures of the faults: folders that others may enter, and processes that end with the test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from embedding import (
    Command,
)
from place import new_folder
from satchel.db.embedded import cluster


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may pass through, unlike pytest's, which belong to one user."""
    made = new_folder()
    yield made
    shutil.rmtree(made, ignore_errors=True)  # a server that was killed may still be taking its own files away


@pytest.fixture
def data(folder: Path) -> Path:
    return folder / "data"


@pytest.fixture
def start() -> Iterator[Callable[..., Command]]:
    with ExitStack() as stack:

        def run(data: Path, **options: Any) -> Command:
            command = Command(data, **options)
            stack.callback(end, command)
            return command

        def end(command: Command) -> None:
            if command.process.poll() is None:
                command.process.kill()
            command.process.communicate()

        yield run


@pytest.fixture
def outside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place for root's databases, other than the machine's own."""
    place = folder / "outside"
    monkeypatch.setattr(cluster, "OUTSIDE", place)
    return place
