"""The application that transcripts are replayed against, on a socket of its own: what arrives is real HTTP."""

from collections.abc import AsyncIterator, MutableMapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from edge import PATIENT, serving
from satchel.model.policy import Policy
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from satchel.surfaces.http import listen
from satchel.surfaces.kit.bodies import Receive
from satchel.surfaces.kit.exchange import Send
from surfaces.conftest import Api
from world import open_world


@pytest.fixture
async def api(populated_database: str, tmp_path: Path) -> AsyncIterator[Api]:
    """The application on a world of its own, served; addresses that it hands out are its own. `app` may be replaced."""
    sockets = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    policy = Policy(public_url=url)
    async with open_world(populated_database, tmp_path, policy=policy) as world, AsyncExitStack() as stack:
        served = Api(world, create_app(world.context, read_settings({})), stack, url)

        async def application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
            await served.app(scope, receive, send)

        async with serving(application, sockets, PATIENT):
            yield served
