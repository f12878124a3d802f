"""A server of an older release is brought to this one with all that it has: its database, its folder and its key.

`older/` was written by the release whose newest step is 0002.
"""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from database import Postgres, url_of
from e2e.conftest import free_port
from satchel.model.digest import Digest
from serving import Served, command

OLDER = Path(__file__).parent / "older"
TOKEN = "st_6L8_Ow8A8e5jup6dGUu6YBF9lXiXTKMgdU3j7j73P-4"
FILES = {1: b"a receipt of an older release", 2: b"another one"}


@pytest.fixture
def upgraded(folder: Path, postgres: Postgres) -> Iterator[Served]:
    """What an older release left, with this release installed and not yet started."""
    data = folder / "data"
    for content in FILES.values():
        digest = Digest(hashlib.sha256(content).hexdigest())
        path = data / "blobs" / "1" / digest[:2] / digest
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    shutil.copy(OLDER / "secrets.key", data)
    with postgres.empty() as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute((OLDER / "database.sql").read_bytes())
        served = Served(data, free_port(), settings={"SATCHEL_DATABASE_URL": url_of(dsn)})
        served.token = TOKEN
        yield served
        served.kill()


def test_files_values_credentials_and_secrets_are_there_after_the_upgrade(upgraded: Served) -> None:
    examined = upgraded.command("doctor", "--read-data")  # as the page on upgrades says, which migrates
    assert examined.stdout.splitlines()[-1] == "clean"

    upgraded.start()

    with upgraded.client() as client:
        for number, content in FILES.items():
            instance = client.get(f"/api/v1/instances/{number}").json()
            assert [file["id"] for file in instance["files"]["files"]] == [number]
            assert client.get(f"/api/v1/files/{number}/content").content == content
        (task, *_) = client.get("/api/v1/tasks").json()["items"]
        assert client.post(f"/api/v1/tasks/{task['id']}/complete", json={"values": {}}).is_success
    assert upgraded.stop() == 0
    assert (upgraded.data / "blobs" / "store-id").is_file()
    assert "erp" in upgraded.command("admin", "secret").stdout
    assert "set again" not in upgraded.command("admin", "store", "accept-key").stdout
    assert upgraded.command("doctor", "--read-data").stdout.splitlines()[-1] == "clean"


def test_an_upgrade_refuses_the_files_and_the_key_of_another_server(upgraded: Served) -> None:
    key, blobs = upgraded.data / "secrets.key", upgraded.data / "blobs"
    key.write_text("ab" * 32)
    said = command("admin", "account", "South", env=upgraded.settings)
    assert (said.returncode, "it opens none of the 1 secrets" in said.stderr) == (1, True)
    shutil.copy(OLDER / "secrets.key", key)

    blobs.rename(blobs.with_name("kept"))
    said = command("admin", "account", "South", env=upgraded.settings)
    assert (said.returncode, "do not belong together" in said.stderr) == (3, True)
    assert not blobs.exists()

    blobs.with_name("kept").rename(blobs)
    upgraded.command("admin", "account", "South")
