"""Notices: short texts from one process to all others of the same database, by NOTIFY.

A process has one LISTEN connection for all topics. A notice is a hint that may be lost (while the connection is being
made again, or while nobody listens): a sender must do without an answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from satchel.db.pool import Reader

CHANNEL = "satchel_notices"

PAUSE_S = 1.0
"""How long a process whose connection was lost waits before it makes another."""

_KEEP_ALIVE: Mapping[str, int] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""A connection that died without a word is found out, in seconds."""

Hear = Callable[[str], Awaitable[None]]
"""Takes a notice's text; runs beside everything else, and should not take long."""

_log = structlog.get_logger(__name__)


class Notices:
    """Hands the notices of all processes, its own included, to the subscribers of their topics."""

    def __init__(self) -> None:
        self._subscribers: dict[str, list[Hear]] = {}
        self._listening = asyncio.Event()

    @property
    def is_listening(self) -> bool:
        """Whether notices arrive at present."""
        return self._listening.is_set()

    async def wait_until_listening(self) -> None:
        """Wait until notices arrive."""
        await self._listening.wait()

    def subscribe(self, topic: str, hear: Hear) -> None:
        """Have `hear` called with the text of each notice of a topic."""
        self._subscribers.setdefault(topic, []).append(hear)

    async def run(self, dsn: str, stop: asyncio.Event) -> None:
        """Listen until `stop` is set; a connection that is lost is made again."""
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen(dsn, group))
            await stop.wait()
            listening.cancel()

    async def _listen(self, dsn: str, group: asyncio.TaskGroup) -> None:
        while True:
            try:
                connection = await AsyncConnection.connect(make_conninfo(dsn, **_KEEP_ALIVE), autocommit=True)
                async with connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._listening.set()
                    async for notice in connection.notifies():
                        topic, _, text = notice.payload.partition(" ")
                        for hear in self._subscribers.get(topic, ()):
                            group.create_task(_heard(hear, topic, text))
            except psycopg.Error as error:
                _log.warning("notices.lost", error=type(error).__name__)
            finally:
                self._listening.clear()
            await asyncio.sleep(PAUSE_S)


async def _heard(hear: Hear, topic: str, text: str) -> None:
    try:
        await hear(text)
    except Exception:  # noqa: BLE001  # ends the handling of one notice: the next must still be heard
        _log.exception("notice.crashed", topic=topic)


async def notify(tx: Reader, topic: str, text: str) -> None:
    """Send a notice to all processes that listen: at once, or in a transaction when it commits.

    Commits that notify wait for each other, so use it for what is rare.

    Args:
        topic: without blanks.
        text: less than 8000 bytes together with the topic.
    """
    await tx.value(str, "SELECT pg_notify(%s, %s)::text", (CHANNEL, f"{topic} {text}"))
