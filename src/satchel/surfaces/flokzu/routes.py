"""Every endpoint of the Flokzu surface."""

from satchel.surfaces.flokzu import auth, commons, databases, files, instances, people
from satchel.surfaces.flokzu.addresses import PREFIX
from satchel.surfaces.flokzu.errors import document
from satchel.surfaces.kit.endpoints import Endpoint
from satchel.surfaces.kit.surface import Surface

ENDPOINTS: tuple[Endpoint, ...] = (
    *instances.ENDPOINTS,
    *files.ENDPOINTS,
    *databases.ENDPOINTS,
    *people.ENDPOINTS,
    *commons.ENDPOINTS,
)

SURFACE = Surface(prefix=PREFIX, endpoints=ENDPOINTS, document=document, authenticate=auth.authenticate)
