"""What the record of an attempt says of the request that was sent."""

import pytest

from calling import allow, attempts, deploy_task
from peers import peer
from satchel.model.actor import Actor
from satchel.model.instance import Attempt
from world import PDF, World

PARAMETERS = {"note": "{{ name }}", "all": "more", "none": "receipt"}


async def _perform(world: World, clerk: Actor, url: str, **task: object) -> Attempt:
    """Perform a task of an instance with two files and return the record of its one attempt."""
    await deploy_task(world, kind="rest", url=url, retry={"attempts": 1}, **task)
    more = [await world.upload(clerk, PDF, name=f"{n}.pdf", field="more", app="RST") for n in (1, 2)]
    source = await world.start(clerk, "RST", name="Crate", more=more)
    await world.perform(source)
    (made,) = await attempts(world, source)
    return made


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
async def test_the_request_is_recorded_with_its_parts_whether_it_worked_or_not(
    world: World, clerk: Actor, status: str
) -> None:
    async with peer() as other:
        allow(world, other)
        url = other.answers("/", b"", status=status)
        headers = {"X-Of": "{{ identifier }}"}
        made = await _perform(
            world,
            clerk,
            f"{url}?q={{{{ name }}}}",
            method="POST",
            body="form-data",
            parameters=PARAMETERS,
            headers=headers,
        )

    (arrived,) = other.requests
    files = made.details["files_sent"]
    assert isinstance(files, list)
    assert len(files) == 2
    assert made.details["request"] == {
        "method": "POST",
        "url": url,
        "headers": [
            {"name": "X-Of", "value": "RST-1"},
            {"name": "Idempotency-Key", "value": arrived.headers["idempotency-key"]},
        ],
        "media_type": "multipart/form-data",
        "body_bytes": len(arrived.body),
        "parts": [{"name": "note"}, {"name": "all", "file": files[0]}, {"name": "all", "file": files[1]}],
    }
    assert "Idempotency-Key" not in str(await world.rows("SELECT data FROM events")), "the history does not repeat it"


async def test_a_request_without_a_body_has_neither_type_nor_parts(world: World, clerk: Actor) -> None:
    async with peer() as other:
        allow(world, other)
        made = await _perform(world, clerk, other.answers("/", b""), method="GET", parameters=PARAMETERS)

    request = made.details["request"]
    assert isinstance(request, dict)
    assert sorted(request) == ["headers", "method", "url"]
