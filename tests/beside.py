"""Another process of the same server, as far as its memory is concerned: everything that a process keeps is its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from clock import SeededEntropy
from satchel.actions.backoff import Backoff
from satchel.actions.files.taking_over import attend
from satchel.actions.loading import LoadedApps
from satchel.actions.vault import Vault
from satchel.actions.writers import Writers
from satchel.blobs.local import LocalBlobs
from satchel.db.notices import Notices
from satchel.db.pool import Database
from world import VAULT_KEY, World

LISTENING_S = 30


@asynccontextmanager
async def beside(world: World, folder: Path, *, max_connections: int = 16) -> AsyncIterator[World]:
    """Open the same world once more, with a pool, caches, writers and a store of its own.

    Args:
        world: the first.
        folder: of both.
        max_connections: of the second pool.
    """
    blobs = LocalBlobs(folder / "blobs", clock=world.clock)
    async with Database(world.context.database.dsn, max_connections=max_connections) as database:
        yield replace(
            world,
            context=replace(
                world.context,
                database=database,
                blobs=blobs,
                entropy=SeededEntropy(2),
                apps=LoadedApps(),
                vault=Vault(VAULT_KEY),
                backoff=Backoff(),
                notices=Notices(),
                writers=Writers(),
            ),
        )


@asynccontextmanager
async def hearing(*worlds: World) -> AsyncIterator[None]:
    """Have processes hear each other's notices."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        try:
            for world in worlds:
                attend(world.context)
                group.create_task(world.context.notices.run(world.context.database.dsn, stop))
            for world in worlds:
                await asyncio.wait_for(world.context.notices.wait_until_listening(), LISTENING_S)
            yield
        finally:
            stop.set()
