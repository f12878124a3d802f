"""Every endpoint of the Navixy surface."""

from satchel.surfaces.kit.endpoints import Endpoint
from satchel.surfaces.kit.surface import Surface
from satchel.surfaces.navixy import auth, checkins, files, form_lists, forms, people, sheets, tasks, templates
from satchel.surfaces.navixy.addresses import PREFIX, normal_path
from satchel.surfaces.navixy.errors import document

ENDPOINTS: tuple[Endpoint, ...] = (
    *auth.ENDPOINTS,
    *people.ENDPOINTS,
    *tasks.ENDPOINTS,
    *forms.ENDPOINTS,
    *form_lists.ENDPOINTS,
    *sheets.ENDPOINTS,
    *checkins.ENDPOINTS,
    *templates.ENDPOINTS,
    *files.ENDPOINTS,
)

SURFACE = Surface(
    prefix=PREFIX,
    endpoints=auth.counted(ENDPOINTS),
    document=document,
    authenticate=auth.authenticate,
    normal_path=normal_path,
)
