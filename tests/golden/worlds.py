"""The worlds of transcripts: what is there before the first request, and the names that it gives."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping

from golden.flokzu_world import flokzu
from golden.navixy_world import navixy
from satchel.actions import credentials
from surfaces.conftest import Api
from world import bundle, fields

PNG = b"\x89PNG\r\n\x1a\n" + bytes(71_550 - 8)
README = b"r" * 1_056

MANIFEST = {
    "code": "DWN",
    "name": "For test: file download",
    "title": "{{ subject }}",
    "fields": fields(
        {"id": "subject", "type": "text", "label": "Title", "searchable": True},
        {"id": "files", "type": "file", "label": "File", "max_files": 9},
        {"id": "empty", "type": "file", "label": "Empty"},
    ),
    "start": {"fields": {"subject": "edit", "files": "edit"}},
    "tasks": {"a": {"assign": {"group": "clerks"}}},
}


async def questetra(api: Api) -> Mapping[str, object]:
    """One process with a picture and a text in item 2, nothing in item 3; the clerk has an API password."""
    world = api.world
    code = await world.deploy(bundle(MANIFEST))
    clerk = await world.actor("clerk")
    uploads = [
        await world.upload(clerk, data, name=name, field="files", app=code)
        for name, data in (("ques-kun-01.png", PNG), ("README.txt", README))
    ]
    instance = await world.start(clerk, code, subject="Test", files=uploads)
    app = (await world.rows("SELECT app_id FROM instances WHERE id = %s", instance))[0][0]
    known: dict[str, object] = {
        "app": app,
        "process": instance,
        "clerk": clerk.user_id,
        "place": instance * 1024 + 2,
        "text_place": instance * 1024 + 1,
        "readme": README.decode(),
    }
    for who in ("clerk", "stranger", "viewer"):
        actor = await world.actor(who)
        assert actor.user_id is not None
        made = await credentials.create_api_password(world.context, actor, actor.user_id)
        known[f"basic_{who}"] = b64encode(f"{who}@acme.example:{made.secret}".encode()).decode()
    return known


WORLDS: Mapping[str, Callable[[Api], Awaitable[Mapping[str, object]]]] = {
    "flokzu": flokzu,
    "navixy": navixy,
    "questetra": questetra,
}
"""By the name that a transcript says after `given`."""
