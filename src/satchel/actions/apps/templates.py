"""Form templates: apps that have one form and no order of work but filling it in, made by what clients call one.

They are apps as all others, with versions, rights and instances; only these may be changed by such calls, for the order
of work of any other would be lost.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from satchel.actions import access
from satchel.actions.apps import deploying
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.loading import LoadedApp
from satchel.db import apps as rows
from satchel.engine.parse import outline
from satchel.model.actor import Actor, Right
from satchel.model.app import Assignment, TaskForm
from satchel.model.app_yaml.bundle import parse_manifest
from satchel.model.app_yaml.plain_process import ELEMENTS, TASK
from satchel.model.errors import Conflict, Forbidden
from satchel.model.fields import Field
from satchel.model.ids import AppId, FieldId

CATEGORY = "Form templates"
CODE_LETTERS = "FORM"
_TIMES_A_CODE_IS_TRIED = 5
"""Others may take the code that was free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousTemplate:
    """What a template was before it is written anew.

    Attributes:
        numbers: of every field that it ever had: a number stays with its field.
        fields: of the newest version.
    """

    numbers: Mapping[FieldId, int]
    fields: Sequence[Field]


NOTHING = PreviousTemplate(numbers={}, fields=())

Write = Callable[[str, PreviousTemplate], Mapping[str, bytes]]
"""Makes a template's bundle from the code that it has and what it was."""


def is_template(app: LoadedApp) -> bool:
    """Return whether an app is a template of this module's, with nothing of its own that a template has not."""
    manifest = app.manifest
    form = manifest.tasks.get(TASK)
    more = (manifest.start.fields, manifest.messages, manifest.actions)
    if (
        manifest.category != CATEGORY
        or form is None
        or any(more)
        or frozenset(outline(app.definition).elements) != ELEMENTS
    ):
        return False
    return form == TaskForm(assign=Assignment(), fields=form.fields)


async def create(context: Context, actor: Actor, write: Write) -> AppId:
    """Deploy a template as a new app; it needs the right `manage` for every app.

    Raises:
        Forbidden: the actor lacks it.
        InvalidBundle: the bundle has faults.
    """
    if actor.apps_with(Right.MANAGE) is not None:
        raise Forbidden(
            "You need the right 'manage' for all apps to make a template. Ask an administrator to grant it."
        )
    for _ in range(_TIMES_A_CODE_IS_TRIED - 1):
        try:
            return await _create(context, actor, write)
        except Conflict:
            continue
    return await _create(context, actor, write)


async def _create(context: Context, actor: Actor, write: Write) -> AppId:
    async with context.database.read() as tx:
        taken = {row.code for row in await rows.apps(tx, actor.account_id)}
    free = next(code for number in range(1, len(taken) + 2) if (code := f"{CODE_LETTERS}{number}") not in taken)
    return (await deploying.deploy_new(context, actor, write(free, NOTHING))).app_id


async def update(context: Context, actor: Actor, code: str, write: Write) -> None:
    """Deploy a template's next version; forms that there are stay as they are.

    Raises:
        NotFound, Forbidden: the actor lacks the right `manage` for it.
        Conflict: the app is no template of this module's.
        InvalidBundle: the bundle has faults, or a field of it changed its type.
    """
    found = await _manageable(context, actor, code)
    versions = await deploying.versions(context, actor, code)
    ever = [field for version in versions for field in parse_manifest(version.manifest).fields]
    earlier = PreviousTemplate(numbers={field.id: field.number for field in ever}, fields=found.manifest.fields)
    await deploying.deploy(context, actor, write(code, earlier))


async def withdraw(context: Context, actor: Actor, code: str) -> None:
    """Take a template away: nothing more can be started from it; what was started stays, and it can be deployed again.

    Raises:
        NotFound, Forbidden, Conflict: as `update`.
    """
    found = await _manageable(context, actor, code)
    async with context.database.write() as tx:
        await rows.withdraw(tx, actor.account_id, found.app_id)
        await write_event(tx, context, actor, "app.withdrawn", {"app": code})


async def _manageable(context: Context, actor: Actor, code: str) -> LoadedApp:
    found = await deploying.read(context, actor, code)
    access.require_right(actor, Right.MANAGE, found.app_id, code)
    if not is_template(found):
        raise Conflict(f"The app {code} has a process that templates do not support. Deploy it as an app.")
    return found
