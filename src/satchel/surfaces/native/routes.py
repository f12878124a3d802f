"""Every endpoint of the native API."""

from dataclasses import replace

from satchel.model.api.queries import NoQuery
from satchel.surfaces.kit.endpoints import Endpoint
from satchel.surfaces.kit.surface import Surface
from satchel.surfaces.native import (
    absences,
    applications,
    apps,
    calendar,
    environment,
    exports,
    files,
    hand_moves,
    instances,
    migrations,
    notifications,
    oauth_clients,
    options,
    people,
    profile,
    schedules,
    searches,
    secrets,
    services,
    tasks,
    tus,
    uploads,
    webhooks,
)
from satchel.surfaces.native.auth import authenticate
from satchel.surfaces.native.errors import document

_DECLARED: tuple[Endpoint, ...] = (
    *profile.ENDPOINTS,
    *notifications.ENDPOINTS,
    *people.ENDPOINTS,
    *absences.ENDPOINTS,
    *calendar.ENDPOINTS,
    *applications.ENDPOINTS,
    *oauth_clients.ENDPOINTS,
    *apps.ENDPOINTS,
    *migrations.ENDPOINTS,
    *instances.ENDPOINTS,
    *hand_moves.ENDPOINTS,
    *tasks.ENDPOINTS,
    *options.ENDPOINTS,
    *uploads.ENDPOINTS,
    *tus.ENDPOINTS,
    *files.ENDPOINTS,
    *searches.ENDPOINTS,
    *exports.ENDPOINTS,
    *schedules.ENDPOINTS,
    *services.ENDPOINTS,
    *secrets.ENDPOINTS,
    *environment.ENDPOINTS,
    *webhooks.ENDPOINTS,
)

ENDPOINTS: tuple[Endpoint, ...] = tuple(replace(one, query=one.query or NoQuery) for one in _DECLARED)
"""All of them; where none is declared, no parameter of a query string is taken."""

SURFACE = Surface(prefix="/api", endpoints=ENDPOINTS, document=document, authenticate=authenticate, compresses=True)
