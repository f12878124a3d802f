"""One instance moves to another version of its app: the engine decides, and its rows follow in one transaction.

Open tasks keep what was saved and get the new form; service tasks that wait take the new settings at their next
attempt; timers keep their due time. Values of fields that are gone stay with the instance, and the history names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from satchel.actions.instances.reactions import recompute
from satchel.actions.instances.run import Run
from satchel.actions.loading import LoadedApp
from satchel.db import calls as call_rows
from satchel.db import moves as rows
from satchel.db import waits as wait_rows
from satchel.db.moves import MovedToken
from satchel.engine import effect as effects
from satchel.engine.migrate import Mapped, Migrated, Migration, MoveFinding
from satchel.model.errors import CorruptState
from satchel.model.ids import ElementId, InstanceId, TokenId, VersionId
from satchel.model.moves import MoveOutcome, MoveResult
from satchel.queue.enqueue import PERFORM_CALL

_BY_MAPPING = frozenset({"gone", "kind_changed", "join_changed"})
"""What a mapping could help with."""


@dataclass(slots=True)
class Plans:
    """How instances of each version go to one other; what the engine found out is kept for all of them."""

    target: LoadedApp
    mapping: Mapped
    _known: dict[VersionId, Migration]

    @classmethod
    def to(cls, target: LoadedApp, mapping: Mapped) -> "Plans":
        """Return plans for a version."""
        return cls(target, mapping, {})

    def of(self, app: LoadedApp) -> Migration:
        """Return how instances of a version move."""
        if app.version_id not in self._known:
            self._known[app.version_id] = Migration(app.definition, self.target.definition, self.mapping)
        return self._known[app.version_id]


async def look(run: Run, plans: Plans) -> tuple[MoveResult, Migrated | None]:
    """Return what becomes of an instance that runs, and its new state if it moves."""
    findings: tuple[MoveFinding, ...]
    try:
        found = plans.of(run.app).apply(
            run.state or b"", now=run.now, values=await run.known_values(), new_token=run.new_token
        )
        findings = () if isinstance(found, Migrated) else found
    except CorruptState as error:
        found = findings = (MoveFinding(element=ElementId(""), code=error.code, message=error.message),)
    if isinstance(found, Migrated):
        outcome = MoveOutcome.MAPPED if found.by_mapping else MoveOutcome.UNCHANGED
    elif all(finding.code in _BY_MAPPING for finding in findings):
        outcome = MoveOutcome.NEEDS_MAPPING
    else:
        outcome = MoveOutcome.BLOCKED
    result = MoveResult(
        instance_id=run.instance.id,
        identifier=run.instance.identifier,
        from_version=run.app.number,
        outcome=outcome,
        findings=[{"element": one.element, "code": one.code, "message": one.message} for one in findings],
    )
    return result, found if isinstance(found, Migrated) else None


async def move(run: Run, target: LoadedApp, migrated: Migrated) -> None:
    """Put a locked instance on another version; the caller saves it."""
    account, instance, before = run.instance.account_id, run.instance.id, run.app
    gone = _gone(run, target)
    run.app = target
    run.instance = replace(run.instance, version_id=target.version_id)
    run.state = migrated.state
    recompute(run)
    await rows.set_version(run.tx, account, instance, target.version_id)
    if migrated.standing:
        tokens = [
            MovedToken(token=token, element=one.element, name=one.name, message=one.message)
            for token, one in migrated.standing.items()
        ]
        await rows.set_elements(run.tx, account, instance, tokens)
    failing = [element for element, form in target.manifest.tasks.items() if form.fail_when_late]
    await rows.set_fails_at(run.tx, account, instance, failing=failing)
    await _move_calls(run, before, migrated)
    for effect in migrated.effects:
        await _record(run, effect)
    data: dict[str, object] = {"app": target.manifest.code, "from": before.number, "to": target.number}
    if gone:
        data["gone"] = gone
    await run.event("instance.moved", data=data)


def _gone(run: Run, target: LoadedApp) -> Mapping[str, object]:
    """Return the values of fields that the new version does not have."""
    known = {str(field.id) for field in target.manifest.fields}
    return {name: value for name, value in run.values.items() if name not in known and value is not None}


async def _move_calls(run: Run, before: LoadedApp, migrated: Migrated) -> None:
    """Have service tasks done by those who do them in the new version."""
    for call in await call_rows.calls(run.tx, run.instance.account_id, run.instance.id):
        if call.state != "waiting" or call.token not in migrated.standing:
            continue
        service = run.app.manifest.services.get(call.element)
        kind = service.kind if service is not None else "manual"
        if kind != call.kind:
            await rows.set_kind(run.tx, call.account_id, call.instance_id, call.token, kind)
        was_by_hand = call.kind not in _own_kinds(before)
        if service is not None and service.task is not None and was_by_hand:
            await call_rows.count_anew(run.tx, call.account_id, call.id, run.now)
            run.ledger.enqueue(PERFORM_CALL, call=call.id, attempt=call.attempt + 1)


def _own_kinds(app: LoadedApp) -> frozenset[str]:
    """Return the kinds of service tasks that Satchel does by itself, as far as the version has them."""
    return frozenset(service.kind for service in app.manifest.services.values() if service.task is not None)


async def _record(run: Run, effect: effects.Effect) -> None:
    """Record an event that is armed anew or given up; a move has no other effects."""
    account, instance = run.instance.account_id, run.instance.id
    match effect:
        case effects.TimerSet():
            await _insert(run, effect.token, "timer", effect.element, due_at=effect.due_at)
        case effects.MessageAwaited():
            await _insert(run, effect.token, "message", effect.element, name=effect.name)
        case effects.TimerDropped() | effects.MessageDropped():
            await wait_rows.delete_wait(run.tx, account, instance, effect.token)
        case _:
            raise TypeError(type(effect).__name__)


async def _insert(
    run: Run,
    token: TokenId,
    kind: str,
    element: ElementId,
    *,
    name: str | None = None,
    due_at: datetime | None = None,
) -> None:
    account, instance = run.instance.account_id, InstanceId(run.instance.id)
    await wait_rows.insert_wait(
        run.tx, account, instance, token=token, kind=kind, element=element, name=name, due_at=due_at, now=run.now
    )
