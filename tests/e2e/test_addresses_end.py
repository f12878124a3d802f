"""The addresses that a call tells another system: they work without sign-in, differ, and end after their seconds."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from calling import deploy_task
from e2e.conftest import free_port
from peers import Arrived, peer
from satchel.main import system_clock
from workers import open_workers, until
from world import PDF, World, open_world

LIFETIME_S = 4


async def _told(world: World, folder: Path) -> list[tuple[int, str]]:
    """Have a call made twice by a real server; return what each address answered, and the address."""
    answers: list[tuple[int, str]] = []

    async def respond(arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        told = json.loads(arrived.body)["file"]
        async with httpx.AsyncClient() as anybody:  # the other system fetches the file while it is called
            got = await anybody.get(told["url"])
        assert (told["size"], got.content) == (len(PDF), PDF)
        answers.append((got.status_code, told["url"]))
        status = b"503 Not Yet" if len(answers) == 1 else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    async with peer() as other:
        other.paths["/told"] = respond
        retry = {"attempts": 3, "pause": "PT1S"}
        await deploy_task(
            world, kind="rest", method="POST", url=other.url("/told"), parameters={"file": "doc"}, retry=retry
        )
        doc = await world.upload(world.admin, PDF, name="a.pdf", field="doc", app="RST")
        port = free_port()
        settings = {"port": port, "public_url": f"http://127.0.0.1:{port}", "link_lifetime_s": LIFETIME_S}
        async with open_workers(world, folder, other.port, settings, command="serve") as servers:
            await servers.start()

            async def answers_requests() -> bool:
                try:
                    async with httpx.AsyncClient() as anybody:
                        return (await anybody.get(f"http://127.0.0.1:{port}/readyz")).is_success
                except httpx.HTTPError:
                    return False

            await until(answers_requests, "the server does not answer")
            await world.start(world.admin, "RST", doc=doc)

            async def was_called_twice() -> bool:
                return len(answers) == 2

            await until(was_called_twice, "the call was not tried again")
            async with httpx.AsyncClient() as anybody:

                async def has_ended() -> bool:
                    return (await anybody.get(answers[-1][1])).status_code != 200

                lived_s = await until(has_ended, "the address works for ever")
                assert lived_s < LIFETIME_S + 1
                for _, url in answers:
                    ended = await anybody.get(url)
                    assert (ended.status_code, ended.json()["code"]) == (410, "gone"), ended.text
    return answers


@pytest.mark.soak
async def test_the_addresses_of_two_attempts_differ_work_and_end_after_their_seconds(
    populated_database: str, tmp_path: Path
) -> None:
    async with open_world(populated_database, tmp_path) as world:
        world.context = replace(world.context, clock=system_clock)  # the server's too
        answers = await _told(world, tmp_path)
    assert [status for status, _ in answers] == [200, 200]
    assert answers[0][1] != answers[1][1]
