"""The doctor: each kind of damage is reported with its place, and repaired where it can be."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from satchel.actions.upkeep import doctor, sweep
from satchel.actions.upkeep.doctor import ADVICE, HARMLESS, DoctorReport
from world import TEXT, World, bundle, fields, open_world

APP = bundle(
    {
        "code": "DOC",
        "fields": fields({"id": "paper", "type": "file"}),
        "start": {"fields": {"paper": "edit"}},
        "tasks": {"a": {"assign": {"starter": True}, "fields": {"paper": "edit"}}},
    }
)


@pytest.fixture
async def world(populated_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(populated_database, tmp_path) as opened:
        await opened.deploy(APP)
        number = await opened.upload(opened.admin, TEXT, app="DOC", field="paper")
        await opened.start(opened.admin, "DOC", paper=[number])
        yield opened


async def examine(world: World, *, read_data: bool = False) -> DoctorReport:
    return [report async for report in doctor.examine(world.context, read_data=read_data)][-1]


def the_blob(folder: Path) -> Path:
    (found,) = (path for path in (folder / "blobs").rglob("*") if path.is_file() and path.read_bytes() == TEXT)
    return found


async def missing(_world: World, folder: Path) -> None:
    the_blob(folder).unlink()


async def cut_short(_world: World, folder: Path) -> None:
    the_blob(folder).chmod(0o600)
    os.truncate(the_blob(folder), 5)


async def changed(_world: World, folder: Path) -> None:
    path = the_blob(folder)
    path.chmod(0o600)
    path.write_bytes(TEXT[:-1] + b"!")


async def orphaned(world: World, _folder: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"nobody names these"

    await world.context.blobs.receive(world.account, body(), max_bytes=100)


async def strange(_world: World, folder: Path) -> None:
    (the_blob(folder).parent / "notes.txt").write_text("who put this here?")


async def drifted(world: World, _folder: Path) -> None:
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE storage SET used_bytes = used_bytes + 7 WHERE account_id = %s", (world.account,))


@pytest.mark.parametrize(
    ("harm", "kind", "place"),
    [
        (missing, "missing_bytes", "of instance 1"),
        (cut_short, "wrong_size", f"5 bytes, not {len(TEXT)}"),
        (changed, "damaged_bytes", "account 1"),
        (orphaned, "orphan_bytes", "account 1"),
        (strange, "stray", "notes.txt"),
        (drifted, "quota_drift", f"used says {len(TEXT) + 7} bytes, adds up to {len(TEXT)}"),
    ],
)
async def test_each_kind_of_damage_is_named_with_its_place(
    world: World, tmp_path: Path, harm: Callable[[World, Path], Awaitable[None]], kind: str, place: str
) -> None:
    assert (await examine(world, read_data=True)).counts == {}

    await harm(world, tmp_path)

    report = await examine(world, read_data=True)
    assert report.counts == {kind: 1}
    assert place in report.examples[kind][0]
    assert report.is_clean == (kind in HARMLESS)
    assert ADVICE[kind]


async def test_changed_bytes_are_found_only_by_reading_them(world: World, tmp_path: Path) -> None:
    await changed(world, tmp_path)

    assert (await examine(world)).counts == {}


async def test_the_sweep_takes_what_a_crash_left(world: World, tmp_path: Path) -> None:
    await orphaned(world, tmp_path)
    await sweep.sweep(world.context, with_store=True)
    assert (await examine(world)).counts == {"orphan_bytes": 1}  # it may be young: a writer may be about to name it

    world.clock.advance(timedelta(hours=2))
    await sweep.sweep(world.context, with_store=True)

    assert (await examine(world)).counts == {}


async def test_a_drifted_quota_is_repaired(world: World, tmp_path: Path) -> None:
    await drifted(world, tmp_path)

    assert await doctor.repair_quotas(world.context) == ["Acme"]

    assert (await examine(world)).counts == {}
    assert await doctor.repair_quotas(world.context) == []


def test_damage_is_named_wherever_it_is_and_only_some_of_what_is_harmless() -> None:
    report = DoctorReport()
    for number in range(doctor.EXAMPLES + 3):
        report.note("missing_bytes", str(number))
        report.note("leftover", str(number))

    assert report.counts == {"missing_bytes": doctor.EXAMPLES + 3, "leftover": doctor.EXAMPLES + 3}
    assert report.examples == {
        "missing_bytes": [str(number) for number in range(doctor.EXAMPLES + 3)],
        "leftover": [str(number) for number in range(doctor.EXAMPLES)],
    }
