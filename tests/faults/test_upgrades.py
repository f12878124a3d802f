"""An older release's account, in which something of everything was open, goes on to its end with this release.

`older/make.py` wrote each of them.
"""

import tarfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

import everything
from clock import SeededEntropy
from database import Postgres
from satchel.actions.exports import requests
from satchel.actions.files import intake, pieces, tickets
from satchel.actions.files.intake import Arrival
from satchel.actions.identity import secrets
from satchel.actions.instances import tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.upkeep import doctor
from satchel.db.migrate import migrate
from satchel.model.ids import UploadId
from satchel.model.policy import Policy
from satchel.model.transfer.exports import ExportState
from satchel.model.uploads import Upload, UploadState
from world import PDF, World, chunks, open_world, sha256

OLDER = sorted((Path(__file__).parent / "older").glob("*.tar.xz"))


@pytest.fixture(params=OLDER, ids=lambda path: str(path.name[:4]))
async def upgraded(request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path) -> AsyncIterator[World]:
    """What an older release left, on this release's schema."""
    with tarfile.open(request.param) as packed:
        packed.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.4 brought it
        packed.extractall(tmp_path)  # noqa: S202  # it is ours, and filtered where that can be
    with postgres.empty() as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute((tmp_path / "database.sql").read_bytes())
        await migrate(dsn)
        exports = tmp_path / "exports"
        exports.mkdir()
        policy = Policy(export_directory=exports)
        async with open_world(dsn, tmp_path, policy=policy) as world:
            world.context = replace(world.context, entropy=SeededEntropy(1))  # the names of before are taken
            yield world


async def test_everything_that_was_open_goes_on_to_its_end_after_the_upgrade(upgraded: World, tmp_path: Path) -> None:
    world = upgraded
    assert await everything.standing(world) == everything.STANDING
    await _finish_uploads(world)

    await everything.go_on(world)

    states = await world.rows("SELECT state, count(*) FROM instances GROUP BY state ORDER BY state")
    assert [state for state, _ in states] == ["cancelled", "ended"]
    assert await world.rows("SELECT DISTINCT state FROM calls WHERE state = 'waiting'") == []
    assert await world.rows("SELECT moved, refused, state FROM moves") == [(2, 0, "done")]
    first = await world.rows("SELECT attempt > 0 FROM webhook_deliveries ORDER BY id LIMIT 1")
    assert first == [(True,)]  # nobody listens there
    (export,) = await requests.all_exports(world.context, world.admin, after=0, limit=9)
    assert export.state is ExportState.READY
    (nightly,) = (tmp_path / "exports").rglob("doc.pdf")
    assert nightly.read_bytes() == PDF
    opened = await secrets.reveal(world.context, world.account, "EVERY", "erp")
    assert opened == "a secret of the older release"
    assert await world.drift() == []
    report = [found async for found in doctor.examine(world.context, read_data=True)][-1]
    assert report.counts.keys() <= doctor.HARMLESS


async def _finish_uploads(world: World) -> None:
    """Fill the open tickets of a task and save its form with them."""
    known = {str(name): (UploadId(int(str(number))), state) for number, state, name in await everything.uploads(world)}
    assert {state for _, state in known.values()} == {state.value for state in UploadState}
    clerk = await world.actor("clerk")

    async def of(name: str) -> Upload:
        return await tickets.find(world.context, known[name][0], token=None, actor=clerk)

    pieced = await of("pieces.txt")
    assert (await pieces.progress(world.context, pieced)).offset_bytes == len(everything.PIECE)
    await pieces.append(world.context, pieced, len(everything.PIECE), chunks(everything.REST), checksum=None)
    await intake.receive(world.context, await of("created.txt"), chunks(b"created"), Arrival(name=None))
    task = await everything.task_of(world, "pieces.txt")
    numbers = [int(known[name][0]) for name in ("created.txt", "pieces.txt", "late.txt")]
    await tasks.save(world.context, clerk, task.id, Submission(added={"doc": numbers}))
    files = {file.name: file.digest for file in await world.files(task.instance_id) if file.field_id == "doc"}
    assert files.keys() == {"doc.pdf", "created.txt", "pieces.txt", "late.txt"}
    assert files["pieces.txt"] == sha256(everything.PIECE + everything.REST)
