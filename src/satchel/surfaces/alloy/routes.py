"""Every endpoint of the Alloy Navigator surface."""

from satchel.surfaces.alloy import actions, activities, attachment_lists, attachments, auth, objects
from satchel.surfaces.alloy.addresses import PREFIX, normal_path
from satchel.surfaces.alloy.errors import document
from satchel.surfaces.kit.endpoints import Endpoint
from satchel.surfaces.kit.surface import Surface

ENDPOINTS: tuple[Endpoint, ...] = (
    *auth.ENDPOINTS,
    *activities.ENDPOINTS,
    *objects.ENDPOINTS,
    *actions.ENDPOINTS,
    *attachment_lists.ENDPOINTS,
    *attachments.ENDPOINTS,
)

SURFACE = Surface(
    prefix=PREFIX,
    endpoints=ENDPOINTS,
    document=document,
    authenticate=auth.authenticate,
    normal_path=normal_path,
)
