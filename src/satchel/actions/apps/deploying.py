"""Apps: checks a bundle as a whole and deploys it as a new version; running instances stay on theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from satchel.actions import access
from satchel.actions.apps.called_apps import thrown_by_called
from satchel.actions.apps.notification_findings import notification_findings
from satchel.actions.apps.option_findings import option_findings
from satchel.actions.apps.service_findings import service_findings
from satchel.actions.apps.working_time_findings import working_time_findings
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.loading import LoadedApp
from satchel.db import accounts as people
from satchel.db import apps as rows
from satchel.db import moves as move_rows
from satchel.db.apps import AppRow, Slot, VersionRow
from satchel.db.pool import Reader, Writer
from satchel.engine.check import check
from satchel.engine.rule_findings import rule_findings
from satchel.model.actor import Actor, Right
from satchel.model.app_yaml.bundle import (
    MANIFEST_FILE,
    Bundle,
    apps_named,
    draft_bundle,
    groups_named,
    has_errors,
    parse_manifest,
    users_named,
)
from satchel.model.app_yaml.versions import compare
from satchel.model.errors import Conflict, Finding, InvalidBundle, NotFound
from satchel.model.fields import SLOTS_PER_KIND, slot_kind
from satchel.model.ids import AppId, VersionId

_OF_TYPES = frozenset({"field_type", "rule_type", "hidden_operand"})
"""Codes of findings about types; a field with a fault of its own has another type until that is corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A bundle that was accepted.

    Attributes:
        number: of the version, counted per app from 1.
        warnings: findings that do not refuse a bundle.
        older_instances: how many instances run on earlier versions.
    """

    app_id: AppId
    version_id: VersionId
    code: str
    number: int
    warnings: tuple[Finding, ...]
    older_instances: int


async def deploy(context: Context, actor: Actor, files: Mapping[str, bytes]) -> Deployed:
    """Check a bundle, given as its files by name, and deploy it as a new version.

    A new app needs the account right `admin`, a new version of an app the right `manage` for it.

    Raises:
        InvalidBundle: with every finding of both files; nothing was deployed.
        Forbidden, NotFound: the actor may not deploy this app.
    """
    bundle, findings = draft_bundle(files)
    if bundle is None:
        raise InvalidBundle(findings)
    async with context.database.read() as tx:
        known = await rows.app_by_code(tx, actor.account_id, bundle.manifest.code)
        if known is None:
            access.require_admin(actor)
        else:
            access.require_right(actor, Right.MANAGE, known.id, known.code)
    return await _deploy(context, actor, bundle, findings, is_new=False)


async def deploy_new(context: Context, actor: Actor, files: Mapping[str, bytes]) -> Deployed:
    """Deploy a bundle as the first version of an app; the caller has asked for the right to.

    Raises:
        InvalidBundle: with every finding of both files; nothing was deployed.
        Conflict: the account has an app of this code.
    """
    bundle, findings = draft_bundle(files)
    if bundle is None:
        raise InvalidBundle(findings)
    return await _deploy(context, actor, bundle, findings, is_new=True)


async def _deploy(
    context: Context, actor: Actor, bundle: Bundle, findings: Sequence[Finding], *, is_new: bool
) -> Deployed:
    found = await _all_findings(context, actor, bundle, findings)
    if has_errors(found):
        raise InvalidBundle(found)
    async with context.database.write() as tx:
        now = context.clock()
        row = await rows.lock_or_insert_app(
            tx,
            actor.account_id,
            code=bundle.manifest.code,
            name=bundle.manifest.name,
            category=bundle.manifest.category,
            now=now,
        )
        if is_new and await rows.versions(tx, actor.account_id, row.id):
            raise Conflict(f"The app {row.code} exists already.")
        await _require_no_move(tx, row)
        changes = await _changes(tx, actor, bundle)  # again: another version may have come since
        if changes:
            raise InvalidBundle(changes)
        version, number = await rows.insert_version(
            tx,
            row,
            name=bundle.manifest.name,
            category=bundle.manifest.category,
            manifest=bundle.source,
            bpmn=bundle.process,
            by=actor.user_id,
            now=now,
        )
        await _give_slots(tx, row, bundle)
        await write_event(tx, context, actor, "app.deployed", {"app": row.code, "version": number})
        older = await move_rows.count_others(tx, actor.account_id, row.id, version)
    return Deployed(
        app_id=row.id,
        version_id=version,
        code=row.code,
        number=number,
        warnings=tuple(found),
        older_instances=older,
    )


async def _require_no_move(tx: Reader, row: AppRow) -> None:
    """Require that no instances of the app are on their way to its newest version.

    Raises:
        Conflict: they are; wait until the move has ended, or stop it.
    """
    running = await move_rows.running_move(tx, row.account_id, row.id)
    if running is not None:
        message = f"Instances of {row.code} are being moved (move {running}). Deploy when that has ended, or stop it."
        raise Conflict(message)


async def _all_findings(context: Context, actor: Actor, bundle: Bundle, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings of both files together, and those that only the account knows.

    Where app.yaml has errors of its own, what could follow from those alone is left out.
    """
    found, is_draft = list(findings), has_errors(findings)
    async with context.database.read() as tx:
        called = await thrown_by_called(context, tx, actor, bundle.manifest)
    for finding in check(bundle.process, bundle.manifest, called):
        if is_draft and finding.code in _OF_TYPES:
            continue
        line = finding.line
        if finding.file == MANIFEST_FILE and line is None and finding.element is not None:
            line = bundle.line_of_element(finding.element)
        found.append(replace(finding, line=line))
    found += [
        bundle.finding(one.code, one.pointer, one.message, severity=one.severity)
        for one in rule_findings(bundle.manifest)
        if not (is_draft and one.code in _OF_TYPES)
    ]
    async with context.database.read() as tx:
        found += await _unknown_people(tx, actor, bundle)
        found += await _unknown_apps(tx, actor, bundle)
        found += await _taken_aliases(context, tx, actor, bundle)
        found += await service_findings(tx, actor, bundle, context.http.guard)
        found += await working_time_findings(context, tx, actor, bundle)
        found += await notification_findings(tx, actor, bundle)
        found += await option_findings(context, tx, actor, bundle)
        if not is_draft:
            found += await _changes(tx, actor, bundle)
    return found


async def _unknown_people(tx: Reader, actor: Actor, bundle: Bundle) -> list[Finding]:
    found: list[Finding] = []
    for name, pointer in groups_named(bundle.manifest).items():
        if await people.group_by_name(tx, actor.account_id, name) is None:
            message = f"There is no group '{name}' in this account; create it first: satchel admin group '{name}'."
            found.append(bundle.finding("unknown_group", pointer, message))
    for email, pointer in users_named(bundle.manifest).items():
        if await people.user_by_email(tx, actor.account_id, email) is None:
            message = f"There is no user {email} in this account; create them first."
            found.append(bundle.finding("unknown_user", pointer, message))
    return found


async def _unknown_apps(tx: Reader, actor: Actor, bundle: Bundle) -> list[Finding]:
    """Return a warning for each call of an app that is not there: two apps may call each other, and one comes first."""
    found: list[Finding] = []
    for code, pointer in apps_named(bundle.manifest).items():
        if code != bundle.manifest.code and await rows.app_by_code(tx, actor.account_id, code) is None:
            message = f"There is no app {code} in this account yet; deploy it before an instance reaches this call."
            found.append(bundle.finding("unknown_app", pointer, message, severity="warning"))
    return found


async def _taken_aliases(context: Context, tx: Reader, actor: Actor, bundle: Bundle) -> list[Finding]:
    """Return an error for each alias of an action that an action of another app has."""
    aliases = {action.alias: action for action in bundle.manifest.actions.values() if action.alias is not None}
    found: list[Finding] = []
    for row in await rows.apps(tx, actor.account_id) if aliases else ():
        if row.version_id is None or row.code == bundle.manifest.code:
            continue
        other = await context.apps.version(tx, actor.account_id, row.version_id)
        for taken in other.manifest.actions.values():
            if taken.alias in aliases:
                mine = aliases[taken.alias]
                message = (
                    f"The action {mine.id} has the alias {taken.alias}, which is one of the app {row.code} already."
                )
                found.append(bundle.finding("action_alias", f"/actions/{mine.id}/alias", message))
    return found


async def _changes(tx: Reader, actor: Actor, bundle: Bundle) -> list[Finding]:
    """Return what keeps the bundle from being a later version of any version that there was, and too many slots."""
    row = await rows.app_by_code(tx, actor.account_id, bundle.manifest.code)
    found: dict[tuple[str, int | None, str], Finding] = {}
    taken: dict[str, str] = {}
    if row is not None:
        for version in await rows.versions(tx, actor.account_id, row.id):
            for finding in compare(parse_manifest(version.manifest), bundle.manifest, bundle.places):
                found[finding.code, finding.line, finding.message] = finding
        taken = {slot.field_id: slot.kind for slot in await rows.slots(tx, actor.account_id, row.id)}
    for index, field in enumerate(bundle.manifest.fields):
        if not field.searchable or field.id in taken:
            continue
        kind = slot_kind(field.type).value
        if list(taken.values()).count(kind) >= SLOTS_PER_KIND:
            allowed = f"an app may have {SLOTS_PER_KIND} over all its versions"
            message = f"{field.id} is one searchable field of kind {kind} too many; {allowed}."
            finding = bundle.finding("too_many_searchable", f"/fields/{index}", message)
            found[finding.code, finding.line, finding.message] = finding
        taken[field.id] = kind
    return list(found.values())


async def _give_slots(tx: Writer, row: AppRow, bundle: Bundle) -> None:
    """Give each searchable field that has none the next free slot of its kind; slots are never given back."""
    taken = await rows.slots(tx, row.account_id, row.id)
    have = {slot.field_id for slot in taken}
    for field in bundle.manifest.fields:
        if not field.searchable or field.id in have:
            continue
        kind = slot_kind(field.type).value
        free = min(set(range(SLOTS_PER_KIND)) - {slot.slot for slot in taken if slot.kind == kind}, default=None)
        if free is None:  # another version was deployed between the check and the lock
            raise Conflict(f"Another version of {row.code} was deployed just now. Deploy again to see what is left.")
        slot = Slot(field_id=field.id, kind=kind, slot=free)
        await rows.insert_slot(tx, row.account_id, row.id, slot)
        taken.append(slot)


async def visible(context: Context, actor: Actor) -> list[AppRow]:
    """Return the apps for which the actor has any right, by code; without those that were withdrawn."""
    async with context.database.read() as tx:
        found = await rows.apps(tx, actor.account_id)
    return [row for row in found if row.version_id is not None and actor.knows(row.id)]


async def withdrawn(context: Context, actor: Actor) -> frozenset[AppId]:
    """Return the account's apps that were withdrawn."""
    async with context.database.read() as tx:
        return frozenset(row.id for row in await rows.apps(tx, actor.account_id) if row.version_id is None)


async def read(context: Context, actor: Actor, code: str) -> LoadedApp:
    """Return the newest version of an app for which the actor has any right.

    Raises:
        NotFound: there is no such app, or the actor may not know of it.
    """
    async with context.database.read() as tx:
        loaded = await context.apps.newest(tx, actor.account_id, code)
    _require_any(actor, loaded.app_id, code)
    return loaded


async def versions(context: Context, actor: Actor, code: str) -> list[VersionRow]:
    """Return all versions of an app with their bundles, newest first.

    Raises:
        NotFound: there is no such app, or the actor may not know of it.
    """
    async with context.database.read() as tx:
        row = await rows.app_by_code(tx, actor.account_id, code)
        if row is None:
            raise NotFound("app", code)
        _require_any(actor, row.id, code)
        return await rows.versions(tx, actor.account_id, row.id)


def _require_any(actor: Actor, app: AppId, code: str) -> None:
    if not actor.knows(app):
        raise NotFound("app", code)
