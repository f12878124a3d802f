"""The world of Navixy's transcripts: a task whose form has a field `file1`, as the seed's samples have it."""

from collections.abc import Mapping

from satchel.actions.identity import ceilings, credentials, hashes
from satchel.model.ids import UserId
from surfaces.conftest import Api
from surfaces.navixy_client import MANIFEST
from world import PASSWORD, bundle

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


async def navixy(api: Api) -> Mapping[str, object]:
    """A task of the clerk's account, hashes of several people, a picture, and a quota that 16 MiB twice exceed."""
    world = api.world
    await ceilings.set_ceiling(world.context, world.account, 30 * 1024 * 1024)
    code = await world.deploy(bundle(MANIFEST))
    clerk = await world.actor("clerk")
    instance = await world.start(clerk, code)
    task = await world.open_task(instance)
    assert clerk.user_id is not None
    await credentials.set_password(world.context, clerk, clerk.user_id, PASSWORD)
    known: dict[str, object] = {
        "app": task.app_id,
        "task": int(task.id),
        "clerk": clerk.user_id,
        "password": PASSWORD,
        "picture": PICTURE.decode("utf-8", "surrogateescape"),
        "picture_bytes": len(PICTURE),
    }
    for who in ("clerk", "viewer", "stranger", "manager"):
        known[f"hash_{who}"] = await _session(api, world.people[who])
    assert world.admin.user_id is not None
    known["hash_admin"] = await _session(api, world.admin.user_id)
    return known


async def _session(api: Api, user: UserId) -> str:
    return (await hashes.open_for(api.world.context, api.world.admin, user)).secret
