"""Uploads whose bytes come with the request that claims them: a request that fails ends those that it made.

They are the same tickets and the same intake as of files that are sent before their form; but nobody else knows their
tickets, which do not count among those that wait to be claimed.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from satchel.actions.context import Context
from satchel.actions.files import intake, tickets
from satchel.actions.files.intake import Arrival
from satchel.actions.files.tickets import FIRST_ATTEMPT, UploadRequest
from satchel.model.actor import Actor
from satchel.model.errors import SatchelError
from satchel.model.uploads import Upload


class Incoming:
    """The uploads of one request.

    Args:
        context: of the server.
        actor: who sends them.

    Attributes:
        uploads: by number, as they stand.
    """

    def __init__(self, context: Context, actor: Actor) -> None:
        self.uploads: dict[int, Upload] = {}
        self._context = context
        self._actor = actor

    async def take(self, request: UploadRequest, chunks: AsyncIterator[bytes], arrival: Arrival) -> Upload:
        """Take a file's bytes in and return its upload.

        Args:
            request: whose size is a bound for how many bytes there can be; so much is reserved until they are there.
            chunks: the bytes.
            arrival: what came with them.

        Raises:
            NotFound, Forbidden, InvalidState, InvalidRequest, BadFile, TooLarge, OverQuota: as `tickets.reserve`.
            UploadExpired, Busy, DiskFull: as `intake.receive`.
        """
        asked = replace(request, framing_bytes=request.size_bytes, is_counted=False)
        upload = await tickets.receiving(self._context, self._actor, asked)
        number = int(upload.id)
        self.uploads[number] = upload
        self.uploads[number] = await intake.fill(self._context, upload, FIRST_ATTEMPT, chunks, arrival)
        return self.uploads[number]

    async def discard(self) -> None:
        """End whatever no form has claimed; where the database is away, the tickets' lifetime ends them."""
        if self.uploads:
            numbers = [upload.id for upload in self.uploads.values()]
            with suppress(SatchelError):
                await tickets.end_all(self._context, self._actor.account_id, numbers, reason="refused")

    @asynccontextmanager
    async def discarded_on_failure(self) -> AsyncGenerator[None]:
        """Discard them when the block fails, for whatever reason."""
        try:
            yield
        except BaseException:
            await self.discard()
            raise
