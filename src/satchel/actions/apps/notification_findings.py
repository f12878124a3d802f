"""What only an account can tell of an app's notifications before it is deployed: groups that may not see late tasks."""

from satchel.db import accounts as people
from satchel.db import apps as rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor, Right
from satchel.model.app_yaml.bundle import Bundle
from satchel.model.app_yaml.document import pointer_token
from satchel.model.errors import Finding


async def notification_findings(tx: Reader, actor: Actor, bundle: Bundle) -> list[Finding]:
    """Return a warning for each escalation to a group that may not view the app: nobody would be notified."""
    tasks = {element: form.escalation for element, form in bundle.manifest.tasks.items() if form.escalation is not None}
    if not tasks:
        return []
    app = await rows.app_by_code(tx, actor.account_id, bundle.manifest.code)
    apps = {None, None if app is None else app.id}
    granted = await people.grants(tx, actor.account_id)
    viewing = {group for group, of, right in granted if of in apps and right in (Right.VIEW, Right.ADMIN)}
    found: list[Finding] = []
    for element, escalation in tasks.items():
        group = await people.group_by_name(tx, actor.account_id, escalation.to)
        if group is not None and group.id not in viewing:
            message = (
                f"The group '{escalation.to}' may not view this app, so that nobody is notified when {element} is late;"
                f" grant it: satchel admin grant '{escalation.to}' view --app {bundle.manifest.code}"
            )
            pointer = f"/tasks/{pointer_token(element)}/late/to"
            found.append(bundle.finding("group_without_view", pointer, message, severity="warning"))
    return found
