"""What the properties of a whole world share."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from database import Postgres
from stage import Stage
from world import open_world


@pytest.fixture(scope="module")
def stage(populated: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A world that all examples of a module live in."""
    with populated.clone() as dsn, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        world = runner.run(stack.enter_async_context(open_world(dsn, tmp_path_factory.mktemp("world"))))
        yield Stage(runner, world)
        runner.run(stack.aclose())
