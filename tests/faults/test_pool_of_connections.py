"""A pool that is larger than its database takes is refused when the server starts, not when it is busy."""

from dataclasses import replace
from pathlib import Path

import pytest

from satchel.main import Opening, embedded_connections, open_context
from satchel.model.errors import DatabaseUnavailable, InvalidSettings
from satchel.processes import share_of
from satchel.settings import Settings, read_settings

LARGEST_POOL = 500
TAKEN = 397
"""What the tests' database takes: 400, less three for superusers."""


def _settings(dsn: str, folder: Path, pool_size: int) -> Settings:
    return replace(read_settings({}, data_directory=folder, pool_size=pool_size), database_url=dsn)


async def test_a_pool_beyond_what_the_database_takes_is_refused_at_the_start(database: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=f"SATCHEL_POOL_SIZE is 500, but the database allows {TAKEN} conn"):
        async with open_context(_settings(database, tmp_path, LARGEST_POOL), Opening.CREATE):
            pass
    async with open_context(_settings(database, tmp_path, TAKEN), Opening.CREATE) as context, context.database.read():
        pass


def test_processes_share_the_pool_and_a_pool_that_is_too_small_for_them_is_refused() -> None:
    assert share_of(read_settings({}, processes=1)) == 16
    assert share_of(read_settings({}, processes=2)) == 5
    assert share_of(read_settings({}, processes=7)) == 2
    with pytest.raises(InvalidSettings, match="SATCHEL_POOL_SIZE must be at least 18 with 8 processes"):
        share_of(read_settings({}, processes=8))


@pytest.mark.parametrize("pool_size", [2, 16, 100, LARGEST_POOL])
def test_the_embedded_database_takes_two_processes_of_any_pool(pool_size: int) -> None:
    assert embedded_connections(pool_size) >= max(100, 2 * pool_size + 10)
