"""Every endpoint of the Questetra surface."""

from satchel.surfaces.kit.endpoints import Endpoint
from satchel.surfaces.kit.surface import Surface
from satchel.surfaces.questetra import apps, auth, messages, oauth, processes, task_forms, tasks
from satchel.surfaces.questetra.addresses import PREFIX
from satchel.surfaces.questetra.errors import document

ENDPOINTS: tuple[Endpoint, ...] = auth.by_scope(
    (
        *processes.ENDPOINTS,
        *apps.ENDPOINTS,
        *tasks.ENDPOINTS,
        *task_forms.ENDPOINTS,
        *messages.ENDPOINTS,
        *oauth.ENDPOINTS,
    )
)

SURFACE = Surface(prefix=PREFIX, endpoints=ENDPOINTS, document=document, authenticate=auth.authenticate)
