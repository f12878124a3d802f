"""Recipients: whom a change notifies, put along with the statements that it makes anyway."""

from dataclasses import replace
from typing import Final

from satchel.actions.instances.run import Run
from satchel.db.notifications import Mention, OfTask
from satchel.db.notifications import notify_mentioned as put_mentions
from satchel.db.tasks import Assignee
from satchel.model.ids import ElementId, TaskId
from satchel.model.mentions import possible_names
from satchel.model.notifications import NotificationKind

MOST_OFFERS: Final = 20
"""Of how many of the offered tasks that one change opens people are notified; it may open a thousand of them."""


def of_opened(run: Run, element: ElementId, chosen: Assignee) -> OfTask:
    """Return whom to notify of a task that is opened at an element."""
    run.ledger.offers += chosen.user is None and chosen.email is None
    return replace(of_task(run, element), is_offered=run.ledger.offers <= MOST_OFFERS)


def of_task(run: Run, element: ElementId, *, held: NotificationKind = NotificationKind.ASSIGNED) -> OfTask:
    """Return whom to notify of a task at an element, without the actor; `held`: what its holder is notified of."""
    manifest = run.app.manifest
    return OfTask(
        held=held,
        held_channel=manifest.channel(held, element),
        offered_channel=manifest.channel(NotificationKind.OFFERED, element),
        by=run.actor.user_id,
        now=run.now,
    )


def notify_mentioned(run: Run, text: str, task: TaskId | None) -> None:
    """Notify those whom a comment names and who may read it."""
    names = possible_names(text)
    if names:
        comment = Mention(
            instance_id=run.instance.id,
            app_id=run.instance.app_id,
            task_id=task,
            by=run.actor.user_id,
            text=text,
            names=names,
            channel=run.app.manifest.channel(NotificationKind.MENTIONED),
            now=run.now,
        )
        put_mentions(run.tx, run.instance.account_id, comment)
