"""The application that transcripts are replayed against, on a socket of its own: what arrives is real HTTP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from edge import PATIENT, serving
from satchel.model.policy import Policy
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from satchel.surfaces.http import listen
from surfaces.conftest import Api
from world import open_world


@pytest.fixture
async def api(populated_database: str, tmp_path: Path) -> AsyncIterator[Api]:
    """The application on a world of its own, served; addresses that it hands out are its own."""
    sockets = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    async with open_world(populated_database, tmp_path, policy=Policy(public_url=url)) as world:
        app = create_app(world.context, read_settings({}))
        async with serving(app, sockets, PATIENT), AsyncExitStack() as stack:
            yield Api(world, app, stack, url)
