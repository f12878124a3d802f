"""The world that tests of actions live in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from satchel.model.actor import Actor
from world import World, open_world


@pytest.fixture
async def world(populated_database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Two accounts, people with different rights, and a local store."""
    async with open_world(populated_database, tmp_path) as made:
        yield made


@pytest.fixture
async def clerk(world: World) -> Actor:
    """Somebody who starts, views, changes and deletes."""
    return await world.actor("clerk")


@pytest.fixture
async def buyer(world: World) -> Actor:
    """Somebody with no right but to the tasks of a group."""
    return await world.actor("buyer")


@pytest.fixture
async def viewer(world: World) -> Actor:
    """Somebody who may only look."""
    return await world.actor("viewer")


@pytest.fixture
async def manager(world: World) -> Actor:
    """Somebody who deploys and assigns."""
    return await world.actor("manager")


@pytest.fixture
async def stranger(world: World) -> Actor:
    """Somebody of the account without any right."""
    return await world.actor("stranger")
