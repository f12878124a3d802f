"""Settings of service tasks that a later version of the app has changed: known to an incident, used by its retry.

The instance stays on its version; only the attempts of that one service task take the settings, and act for the one
who deployed them.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import cast

from satchel.actions.context import Context
from satchel.actions.loading import LoadedApp
from satchel.db import apps as app_rows
from satchel.db import calls as call_rows
from satchel.db import instances as instance_rows
from satchel.db.pool import Reader
from satchel.model.app_yaml.bundle import MANIFEST_FILE, PROCESS_FILE, draft_bundle
from satchel.model.app_yaml.document import plain, read_document
from satchel.model.errors import InvalidState
from satchel.model.ids import AccountId, ElementId
from satchel.model.instance import Incident, ServiceCall


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIncident:
    """An incident, and the number of the newest version where that has other settings for its service task."""

    incident: Incident
    newer: int | None

    @property
    def id(self) -> int:
        """The incident's number, by which lists are sorted."""
        return self.incident.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What a retry used.

    Attributes:
        version: the number of the version whose settings are used; None where it is no service task's.
        newer: the number of the newest version, if that has other settings, which were not used.
    """

    version: int | None
    newer: int | None


async def with_newer(context: Context, account: AccountId, incidents: Sequence[Incident]) -> list[KnownIncident]:
    """Return incidents with the versions that have other settings for their service tasks."""
    async with context.database.read() as tx:
        return [one async for one in _with_newer(context, tx, account, incidents)]


async def _with_newer(
    context: Context, tx: Reader, account: AccountId, incidents: Sequence[Incident]
) -> AsyncIterator[KnownIncident]:
    numbers = sorted({one.instance_id for one in incidents})
    known = {one.id: one for one in await instance_rows.instances_numbered(tx, account, numbers)} if numbers else {}
    for incident in incidents:
        instance, newer = known.get(incident.instance_id), None
        if instance is not None and incident.token is not None:
            app = await context.apps.version(tx, account, instance.version_id)
            call = await call_rows.call_by_token(tx, account, instance.id, incident.token)
            newest = None if call is None else await newer_app(context, tx, await used_by(context, tx, app, call), call)
            newer = None if newest is None else newest.number
        yield KnownIncident(incident=incident, newer=newer)


async def used_by(context: Context, tx: Reader, app: LoadedApp, call: ServiceCall) -> LoadedApp:
    """Return the version whose settings a service task of an instance uses; `app` is the instance's."""
    if call.settings_version_id is None:
        return app
    return await context.apps.version(tx, app.account_id, call.settings_version_id)


async def newer_app(context: Context, tx: Reader, used: LoadedApp, call: ServiceCall) -> LoadedApp | None:
    """Return the newest version of an app if it has other settings for a service task that waits."""
    row = await app_rows.app(tx, used.account_id, used.app_id)
    if call.state != "waiting" or row is None or row.version_id is None or row.version_id == used.version_id:
        return None
    newest = await context.apps.version(tx, used.account_id, row.version_id)
    service = newest.manifest.services.get(call.element)
    return newest if service is not None and service != used.manifest.services.get(call.element) else None


async def require_fitting(tx: Reader, app: LoadedApp, newest: LoadedApp, element: ElementId) -> None:
    """Require that the settings of a later version can be used for an instance of an earlier one.

    Raises:
        InvalidState: they wait for a person, or name what the instance's version does not have; move the instance.
    """
    hint = f"Move the instance to version {newest.number} to use them."
    service = newest.manifest.services[element]
    if service.task is None:
        raise InvalidState(f"In version {newest.number}, {element} waits for a person or a program. {hint}")
    own = await app_rows.version(tx, app.account_id, app.version_id)
    later = await app_rows.version(tx, app.account_id, newest.version_id)
    if own is None or later is None:
        raise InvalidState(f"Version {newest.number} is gone. Read the incident again.")
    ours, theirs = _document(own.manifest), _document(later.manifest)
    services = cast("dict[str, object]", theirs.get("services") or {})
    mixed = {**ours, "services": {**cast("dict[str, object]", ours.get("services") or {}), element: services[element]}}
    before = _errors(own.manifest, own.bpmn)
    found = _errors(json.dumps(mixed, default=str).encode(), own.bpmn) - before
    if found:
        why = " ".join(sorted(message for _, message in found))
        raise InvalidState(f"The settings of version {newest.number} do not fit version {app.number}: {why} {hint}")


def _document(manifest: bytes) -> dict[str, object]:
    node, _ = read_document(manifest, MANIFEST_FILE)
    return {} if node is None else cast("dict[str, object]", plain(node))


def _errors(manifest: bytes, bpmn: bytes) -> set[tuple[str, str]]:
    _, findings = draft_bundle({MANIFEST_FILE: manifest, PROCESS_FILE: bpmn})
    return {(one.code, one.message) for one in findings if one.severity == "error"}
