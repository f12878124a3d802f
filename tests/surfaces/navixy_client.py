"""A signed-in client of the Navixy surface, and a task with a form."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from satchel.actions.identity import hashes
from surfaces.conftest import Api
from world import bundle, fields

MANIFEST = {
    "code": "NAV",
    "fields": fields(
        {"id": "file1", "type": "file", "max_files": 9},
        {"id": "note", "type": "text", "max_length": 10},
        {"id": "small", "type": "file", "max_bytes": 100, "accept": [".pdf"]},
        {"id": "photos", "type": "photo"},
        {"id": "stars", "type": "rating", "max_stars": 5},
        {"id": "kind", "type": "choice", "options": [{"id": "x", "label": "X"}, {"id": "y", "label": "Y"}]},
        {"id": "checks", "type": "choices", "options": [{"id": "p", "label": "P"}, {"id": "q", "label": "Q"}]},
    ),
    "tasks": {
        "a": {
            "assign": {"group": "clerks"},
            "fields": dict.fromkeys(("file1", "note", "small", "photos", "stars", "kind", "checks"), "edit"),
        }
    },
}


@dataclass
class Navixy:
    """A signed-in client of the surface, and a task with a form."""

    api: Api
    client: httpx.AsyncClient
    hash: str
    task: int

    async def call(self, path: str, given_hash: str | None = None, /, **given: object) -> httpx.Response:
        """Make a call under the plain base."""
        return await self.client.post(f"/navixy/v2/{path}", json={"hash": given_hash or self.hash, **given})

    async def create(self, **given: object) -> httpx.Response:
        """Ask for a place for a file."""
        return await self.call(
            "task/form/file/create", **{"task_id": self.task, "field_id": "file1", "size": 10, **given}
        )

    async def uploaded(self, data: bytes = b"0123456789", **given: object) -> int:
        """Ask for a place, upload and return the file's number."""
        place = (await self.create(size=len(data), **given)).json()["value"]
        sent = await self.send(place, data)
        assert sent.json() == {"success": True}, sent.text
        return int(place["file_id"])

    async def send(self, place: Mapping[str, object], data: bytes, *, part: str = "file") -> httpx.Response:
        """Upload to a place as its answer says, without a hash."""
        form = place["fields"]
        assert isinstance(form, dict)
        files = {part: ("actual_file_name.png", data, "image/png")}
        return await self.client.post(path_of(place), data=form, files=files)

    async def submit(self, path: str = "task/form/values/update", /, **values: object) -> httpx.Response:
        """Submit values."""
        return await self.call(path, task_id=self.task, values=values)


def path_of(place: Mapping[str, object]) -> str:
    """Return the path of the address that a place has."""
    return str(place["url"]).removeprefix("http://127.0.0.1:8080")


def refusal(response: httpx.Response) -> tuple[int, int]:
    """Return the HTTP status and the code of a refusal, whose envelope must be Navixy's."""
    body = response.json()
    assert body["success"] is False
    assert set(body) <= {"success", "status", "errors"}
    assert set(body["status"]) == {"code", "description"}
    return response.status_code, body["status"]["code"]


async def session(api: Api, who: str) -> str:
    """Return the hash of a session of a person of the first account."""
    return (await hashes.open_for(api.world.context, api.world.admin, api.world.people[who])).secret


async def open_navixy(api: Api, client: httpx.AsyncClient) -> Navixy:
    """Deploy the app, start it and sign the clerk in."""
    world = api.world
    await world.deploy(bundle(MANIFEST))
    clerk = await world.actor("clerk")
    task = await world.open_task(await world.start(clerk, "NAV"))
    return Navixy(api, client, await session(api, "clerk"), int(task.id))
