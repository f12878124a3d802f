"""The world that tests of actions live in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from actions_files import MANIFEST
from calling import allow
from mailbox_server import Mailbox, open_mailbox
from peers import Peer, peer
from satchel.model.actor import Actor
from satchel.model.ids import TaskId
from webhook_steps import deploy as deploy_webhook_app
from world import World, bundle, open_world


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


@pytest.fixture
async def task(world: World, clerk: Actor) -> TaskId:
    """A task that the clerk holds, of an app with fields for files of every sort."""
    await world.deploy(bundle(MANIFEST))
    return await world.take_task(clerk, await world.start(clerk, "FIL"))


@pytest.fixture
async def receiver(world: World) -> AsyncIterator[Peer]:
    """A server that webhooks may be told at, with the app that has them."""
    async with peer() as made:
        allow(world, made)
        await deploy_webhook_app(world)
        yield made


@pytest.fixture
async def mailbox(world: World) -> AsyncIterator[Mailbox]:
    """The mail server of the world."""
    async with open_mailbox() as made:
        world.context = replace(world.context, mail_server=made.server)
        yield made
