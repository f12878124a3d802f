"""The power of the disk is cut while clients are at work: the server starts again, and nothing acknowledged is lost.

A control switches fsync off, of the files or of the database: the same harness has to report losses then.
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from acknowledged import APP, Acknowledged, busy, lost, wait_for_more
from e2e.conftest import free_port
from power import PoweredDisk, powered_disk
from serving import Served, command

SETTINGS = {"SATCHEL_TICKET_LIFETIME_S": "3600"}

CARELESS = {
    "files": "import os; os.fsync = os.fdatasync = lambda _: None",
    "database": (
        "from satchel.db.embedded.server import EmbeddedServer as server;"
        " server._durability = lambda _: ('-c', 'fsync=off')"
    ),
}
"""What switches fsync off, by whose."""

RUN = "; from satchel.cli.root import app; app(prog_name='satchel')"


@pytest.fixture
def disk(folder: Path) -> Iterator[PoweredDisk]:
    with powered_disk(folder) as made:
        yield made


def _serve(disk: PoweredDisk, program: tuple[str, ...] = ()) -> Iterator[Served]:
    served = Served(disk.folder / "data", free_port(), settings=SETTINGS, program=program)
    served.log = disk.folder.with_name("served.log")  # on a disk that stays
    served.set_up()
    served.start()
    served.deploy(APP)
    yield served
    served.stop()


@pytest.fixture
def server(disk: PoweredDisk) -> Iterator[Served]:
    yield from _serve(disk)


@pytest.fixture
def careless(disk: PoweredDisk, request: pytest.FixtureRequest) -> Iterator[Served]:
    yield from _serve(disk, (sys.executable, "-c", CARELESS[request.param] + RUN))


def _cut(disk: PoweredDisk, server: Served) -> None:
    """Cut the power of the disk and end all that ran, which a cut would have done too."""
    disk.cut()
    server.kill()
    disk.unmount()
    disk.mount()


def _live_through(disk: PoweredDisk, server: Served, cuts: int) -> list[float]:
    """Cut the power while clients work; return how long the server took to start each time."""
    known = Acknowledged()
    away: list[float] = []
    chance = random.Random(20)  # noqa: S311  # which moment does not matter
    for number in range(cuts):
        with busy(server, known, seed=number):
            wait_for_more(known, 10 + chance.randrange(30))
            _cut(disk, server)
        away.append(server.start())
        assert lost(server, known) == [], f"cut {number}"
        known.uploads.clear()  # a ticket may not wait for all of the rounds
        known.offsets.clear()
    server.stop()
    examined = command("doctor", "--read-data", env=server.settings)
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert len(known.files) > 2 * cuts
    return away


def test_a_power_cut_loses_nothing_that_was_acknowledged(disk: PoweredDisk, server: Served) -> None:
    _live_through(disk, server, 1)


@pytest.mark.soak
def test_twenty_power_cuts_lose_nothing_that_was_acknowledged(disk: PoweredDisk, server: Served) -> None:
    away = _live_through(disk, server, 20)

    print(f"{len(away)} cuts, started in {max(away):.1f} s at most, {sum(away) / len(away):.1f} s on average")  # noqa: T201  # the soak's figure
    assert len(away) == 20


@pytest.mark.soak
@pytest.mark.parametrize("careless", CARELESS, indirect=True)
def test_a_power_cut_without_fsync_is_reported_as_losses(disk: PoweredDisk, careless: Served) -> None:
    known = Acknowledged()
    with busy(careless, known):
        wait_for_more(known, 30)
        _cut(disk, careless)
    careless.start()

    missing = lost(careless, known)

    print(f"{len(missing)} of {len(known)} lost without fsync")  # noqa: T201  # the control's figure
    assert missing
