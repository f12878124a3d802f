"""What a bundle's working time finds in the account's calendar."""

from datetime import timedelta

from satchel.actions import calendars
from satchel.actions.context import Context
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.app_yaml.bundle import Bundle
from satchel.model.app_yaml.document import pointer_token
from satchel.model.errors import Finding
from satchel.model.working_time import HORIZON_DAYS, due_text


async def working_time_findings(context: Context, tx: Reader, actor: Actor, bundle: Bundle) -> list[Finding]:
    """Return a finding for each task that is due in more working time than the account's calendar has."""
    tasks = bundle.manifest.tasks.items()
    counted = [(element, form.due) for element, form in tasks if not isinstance(form.due, timedelta | None)]
    if not counted:
        return []
    calendar, now = await calendars.of_account(tx, actor.account_id), context.clock()
    found: list[Finding] = []
    for element, due in counted:
        if not await calendars.is_reachable(calendar, due, now):
            message = (
                f"The task {element} is due in {due_text(due)}, but the account's calendar has less working time"
                f" within {HORIZON_DAYS} days. Write less, or have an administrator set more working hours."
            )
            found.append(bundle.finding("no_working_time", f"/tasks/{pointer_token(element)}/due", message))
    return found
