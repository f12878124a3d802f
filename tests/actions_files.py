"""An app with fields for files of every sort, for tests of tickets, claims and files."""

from satchel.actions.instances import tasks
from satchel.model.ids import InstanceId, TaskId
from world import World, fields

MANIFEST = {
    "code": "FIL",
    "fields": fields(
        {"id": "any", "type": "file"},
        {"id": "pdf", "type": "file", "accept": [".pdf"], "min_bytes": 10, "max_bytes": 1000, "max_files": 1},
        {"id": "few", "type": "file", "max_unclaimed": 2},
        {"id": "photo", "type": "photo"},
        {"id": "shown", "type": "file"},
        {"id": "secret", "type": "file"},
        {"id": "note", "type": "text"},
        {"id": "linked", "type": "file", "max_files": 2, "allow_links": True},
    ),
    "start": {"fields": {"any": "edit", "pdf": "edit", "few": "edit", "photo": "edit", "note": "edit"}},
    "tasks": {
        "a": {
            "fields": {
                "any": "edit",
                "pdf": "edit",
                "few": "edit",
                "photo": "edit",
                "shown": "read",
                "note": "edit",
                "linked": "edit",
            }
        }
    },
}


async def instance_of(world: World, task: TaskId) -> InstanceId:
    return (await tasks.read(world.context, world.admin, task)).instance.id
