"""Taking over: how a newcomer with the ticket gets it from a writer whose connection is dead.

A writer that got no byte for `SILENT` is cancelled and leaves the ticket; one that does get bytes keeps it, so that two
tabs of a browser do not steal it from each other. Only the process of a writer knows when its last byte came: another
process asks by a notice, and is answered by one.
"""

import asyncio
from datetime import timedelta
from math import ceil

from satchel.actions.context import Context
from satchel.actions.writers import Writing
from satchel.db.notices import notify
from satchel.model.errors import Busy
from satchel.model.ids import AccountId, UploadId
from satchel.model.uploads import Upload

SILENT = timedelta(seconds=3)
"""How long a writer gets no byte before another may take over."""

PATIENCE_S = 2.0
"""How long a newcomer waits for a writer that has to leave."""

ASKED = "upload.asked"
ANSWERED = "upload.answered"


async def take_over(context: Context, upload: Upload) -> None:
    """Have the writer of a ticket leave it, if it is silent; the caller then tries again.

    Raises:
        Busy: it gets bytes, or did not leave in time; try again after `retry_after_s`.
    """
    writing = context.writers.of(upload.account_id, upload.id)
    seconds = await (_ask_others(context, upload) if writing is None else _cut(context, writing))
    if seconds > 0:
        raise busy(upload.id, seconds)


def busy(upload: UploadId, seconds: int) -> Busy:
    """Build the error for a ticket that somebody else is writing to."""
    return Busy(
        f"Another request is writing to upload {upload}. Wait until it is finished, or try again shortly.",
        retry_after_s=seconds,
    )


async def _cut(context: Context, writing: Writing) -> int:
    """Make a silent writer of this process leave; return in how many seconds to try again, 0 for at once."""
    missing = SILENT - writing.silence(context.clock())
    if missing > timedelta(0):
        return max(1, ceil(missing.total_seconds()))
    return 0 if await writing.make_leave(PATIENCE_S) else 1


async def _ask_others(context: Context, upload: Upload) -> int:
    longest = ceil(SILENT.total_seconds())
    if not context.notices.is_listening:
        return longest
    key = (upload.account_id, upload.id)
    with context.writers.asking(key) as answer:
        async with context.database.read() as tx:
            await notify(tx, ASKED, f"{upload.account_id} {upload.id}")
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await answer
        except TimeoutError:  # its process died, or does not listen: the lease will end
            return longest


def attend(context: Context) -> None:
    """Answer the questions of other processes about the writers of this one, and hear their answers."""

    async def asked(text: str) -> None:
        account, upload = (int(word) for word in text.split())
        writing = context.writers.of(AccountId(account), UploadId(upload))
        if writing is None:
            return
        seconds = await _cut(context, writing)
        async with context.database.read() as tx:
            await notify(tx, ANSWERED, f"{account} {upload} {seconds}")

    async def answered(text: str) -> None:
        account, upload, seconds = (int(word) for word in text.split())
        context.writers.answered((AccountId(account), UploadId(upload)), seconds)

    context.notices.subscribe(ASKED, asked)
    context.notices.subscribe(ANSWERED, answered)
