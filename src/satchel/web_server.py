"""The web server as a part of a process: its sockets, how long its requests wait, and what runs beside it."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from satchel.actions.context import Context
from satchel.actions.files.taking_over import attend
from satchel.db.pool import Waits
from satchel.model.errors import Unavailable
from satchel.settings import Settings
from satchel.surfaces.http import listen, serve
from satchel.work.keeping import keep_running

if TYPE_CHECKING:
    from satchel.surfaces.kit.dispatch import Asgi

LET_GO_S: Final = 3.0
LOOK_AGAIN_S: Final = 0.05
"""How long a port may stay with web processes whose parent was killed, and how often to look."""


def waits_of_requests(settings: Settings) -> Waits:
    """Return how long requests wait for locks and connections."""
    return Waits(lock=settings.lock_wait_s, connection=settings.pool_wait_s)


async def open_sockets(settings: Settings, port: int | None) -> list[socket.socket]:
    """Listen on a port, if there is one.

    With several processes, those of a server that was killed may have it for a moment longer: they are waited for.

    Raises:
        Unavailable: the port is in use.
    """
    if port is None:
        return []
    clock = asyncio.get_running_loop().time
    give_up_at = clock() + (LET_GO_S if settings.processes > 1 else 0.0)
    while True:
        try:
            return listen(settings.host, port)
        except Unavailable:
            if clock() >= give_up_at:
                raise
        await asyncio.sleep(LOOK_AGAIN_S)


async def serve_web(
    app: "Asgi",
    context: Context,
    settings: Settings,
    *,
    sockets: Sequence[socket.socket],
    stop: asyncio.Event,
    on_ready: Callable[[], None],
) -> None:
    """Serve HTTP, and hear what other processes notify this one of, until `stop` is set.

    Args:
        app: answers.
        context: of the application.
        settings: of the server.
        sockets: listening; closed at the end.
        stop: lets running requests finish, and ends it.
        on_ready: called when connections are accepted.
    """
    attend(context)
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_running("notices", partial(context.notices.run, context.database.dsn), stop))
        edge, is_shared = settings.edge(), settings.processes > 1
        group.create_task(serve(app, sockets=sockets, stop=stop, edge=edge, on_ready=on_ready, is_shared=is_shared))
