"""Messages that an instance waits for: which they are, and their delivery to everything in it that waits."""

from collections.abc import Sequence

from satchel.actions.instances.advance import advance
from satchel.actions.instances.run import Run
from satchel.db import waits as rows
from satchel.engine.command import MessageArrived
from satchel.model.instance import Wait


async def waiting_for(run: Run, name: str) -> Sequence[Wait]:
    """Return everything in an instance that waits for a message."""
    waits = await rows.waits(run.tx, run.instance.account_id, run.instance.id)
    return [wait for wait in waits if wait.kind == "message" and wait.name == name]


async def deliver(run: Run, name: str, waiting: Sequence[Wait]) -> None:
    """Let everything that waits for a message go on, unless an earlier of them ended it.

    Raises:
        EngineStopped: the process cannot go on; the transaction must not commit.
    """
    for wait in waiting:
        if wait.token in {still.token for still in await waiting_for(run, name)}:
            await rows.delete_wait(run.tx, run.instance.account_id, run.instance.id, wait.token)
            await advance(run, MessageArrived(token=wait.token))
