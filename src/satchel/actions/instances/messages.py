"""Messages that an instance waits for: what waits for one, and its delivery to the oldest of that.

BPMN gives a message to one receiver (it passes between two participants); a signal is for all who wait for it.
"""

from satchel.actions.instances.advance import advance
from satchel.actions.instances.run import Run
from satchel.db import waits as rows
from satchel.engine.command import MessageArrived
from satchel.engine.step import waiting_since
from satchel.model.ids import ElementId
from satchel.model.instance import Wait


async def receiver(run: Run, name: str, *, at: ElementId | None = None) -> Wait | None:
    """Return what receives a message in an instance: of all that waits for it, what has waited longest; or None.

    Args:
        run: the instance.
        name: of the message.
        at: only this element may receive it.
    """
    waits = [
        wait
        for wait in await rows.waits(run.tx, run.instance.account_id, run.instance.id)
        if wait.kind == "message" and wait.name == name and at in (None, wait.element)
    ]
    if len(waits) > 1 and run.state is not None:
        since = waiting_since(run.app.definition, run.state)
        waits.sort(key=lambda wait: since.get(wait.token, 0))
    return waits[0] if waits else None


async def deliver(run: Run, to: Wait) -> None:
    """Let what receives a message continue.

    Raises:
        EngineStopped: the process cannot go on; the transaction must not commit.
    """
    await rows.delete_wait(run.tx, run.instance.account_id, run.instance.id, to.token)
    await advance(run, MessageArrived(token=to.token))
