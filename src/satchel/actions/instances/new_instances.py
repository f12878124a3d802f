"""What a start needs before it begins, in one round trip: the app's newest version, the uploads, the numbers.

What to ask for depends on the app, so it is asked for the version that this process knew last; where another has become
the newest meanwhile, or this process has not seen the app yet, it is asked again.
"""

from dataclasses import dataclass

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.instances import claims, starting
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.ledger import Ledger
from satchel.actions.instances.run import Run
from satchel.actions.loading import LoadedApp
from satchel.db import apps as rows
from satchel.db import webhooks as webhook_rows
from satchel.db.apps import InstanceNumbers
from satchel.db.pool import Writer
from satchel.db.trips import Later
from satchel.model.actor import Actor, Right
from satchel.model.uploads import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInstance:
    """What an instance is about to be started with."""

    context: Context
    tx: Writer
    actor: Actor
    app: LoadedApp
    numbers: InstanceNumbers | None
    uploads: dict[int, Upload]
    has_webhooks: bool

    def run(self, *, by_system: bool = False) -> Run:
        """Create it, without values.

        Args:
            by_system: whether the system, and not the actor, is said to have started it.
        """
        made = starting.numbered(
            self.context, self.tx, self.actor, self.app, Ledger(), numbers=self.numbers, by_system=by_system
        )
        made.has_webhooks = self.has_webhooks
        return made


@dataclass(frozen=True, slots=True)
class _Asked:
    numbers: Later[InstanceNumbers | None]
    uploads: Later[list[Upload]] | None
    webhooks: Later[bool | None]


async def new_instance(context: Context, tx: Writer, actor: Actor, code: str, given: Submission) -> NewInstance:
    """Return what an instance of an app's newest version needs, with the uploads of its form locked.

    Raises:
        NotFound, Forbidden: the actor may not start the app.
        InvalidState: it is retired.
    """
    account = actor.account_id
    asked_row = tx.later(rows.by_code(account, code))
    guess = context.apps.known(account, code)
    asked = None
    if guess is not None and actor.may(Right.START, guess.app_id):
        asked = _ask(tx, actor, guess, given)
    await tx.trip()
    access.require_startable(actor, asked_row.result, code)
    app = await context.apps.newest_of(tx, account, code, asked_row.result)
    if asked is None or guess is not app:
        asked = _ask(tx, actor, app, given)
        await tx.trip()
    found = [] if asked.uploads is None else asked.uploads.result
    return NewInstance(
        context=context,
        tx=tx,
        actor=actor,
        app=app,
        numbers=asked.numbers.result,
        uploads={int(upload.id): upload for upload in found},
        has_webhooks=bool(asked.webhooks.result),
    )


def _ask(tx: Writer, actor: Actor, app: LoadedApp, given: Submission) -> _Asked:
    account = actor.account_id
    uploads = claims.ask_for_named(tx, account, given.numbers(app.manifest.fields), None)
    webhooks = tx.later(webhook_rows.has_active(account, app.app_id))
    return _Asked(tx.later(rows.next_numbers(app.app_id)), uploads, webhooks)
