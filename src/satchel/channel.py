"""The channel between a server and one of its web processes: small messages both ways, over a socket of no name.

It ends with either of the two, however that ended, so that each learns at once that the other is gone.
"""

import asyncio
import socket
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

_LENGTH_BYTES: Final = 4


class Kind(Enum):
    """What a message says."""

    ORDERS = b"o"
    """To the web process, as the first: what it is to serve with."""

    PREPARED = b"p"
    """From it: it could serve."""

    GO = b"g"
    """To it: it may."""

    SERVES = b"s"
    """From it: it does."""

    COUNTS_WANTED = b"w"
    """To it: what has it counted? From it: what have all of them?"""

    COUNTS = b"c"
    """The answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    kind: Kind
    content: bytes = b""

    def packed(self) -> bytes:
        """Return the message as it is sent."""
        return self.kind.value + len(self.content).to_bytes(_LENGTH_BYTES) + self.content


class Channel:
    """One end of the channel."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, end: socket.socket) -> Self:
        """Open one end of a pair of sockets."""
        return cls(*await asyncio.open_unix_connection(sock=end))

    def send(self, kind: Kind, content: bytes = b"") -> None:
        """Send a message, if the other end still is there."""
        if not self._writer.is_closing():
            self._writer.write(Message(kind, content).packed())

    async def receive(self) -> Message | None:
        """Return the next message; None once the other end is gone."""
        try:
            head = await self._reader.readexactly(1 + _LENGTH_BYTES)
            content = await self._reader.readexactly(int.from_bytes(head[1:]))
        except (asyncio.IncompleteReadError, OSError):
            return None
        return Message(Kind(head[:1]), content)

    def close(self) -> None:
        """Close this end."""
        self._writer.close()
