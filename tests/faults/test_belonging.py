"""A database, a folder of files and a key of secrets that do not belong together: the start names both."""

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from acknowledged import APP
from database import Postgres, url_of
from e2e.conftest import free_port
from embedding import NOBODY, as_root
from serving import Served, command

UNREACHABLE = 3
REFUSED = 1
DIGEST = "5a62d4db4ce377b04f588b21222bfc34327396698cddc75e09a4a9862b07a2a6"
"""Of `one file`."""

NUMBERS = itertools.count(1)

Start = Callable[..., Served]


@pytest.fixture
def server(folder: Path, database: str) -> Start:
    """Give servers by the names of their data directories, all on one database unless another is said."""

    def made(name: str, dsn: str = database, **settings: str) -> Served:
        return Served(folder / name, free_port(), settings={"SATCHEL_DATABASE_URL": url_of(dsn), **settings})

    return made


def with_a_file(served: Served) -> Served:
    """Set a server up, with one file in it, and stop it."""
    served.set_up()
    served.start()
    served.deploy(APP)
    with served.client() as client:
        wish = {"app": "ACK", "field": "files", "size": 8}
        ticket = client.post("/api/v1/uploads", json=wish).json()
        assert client.put(str(ticket["put_url"]), content=b"one file").is_success
        values = {"values": {"files": [ticket["id"]]}}
        assert client.post("/api/v1/apps/ACK/instances", json=values).is_success
    assert served.stop() == 0
    assert blob_of(served).is_file()
    return served


def blob_of(served: Served) -> Path:
    return served.data / "blobs" / "1" / DIGEST[:2] / DIGEST


def identity_of(served: Served) -> UUID:
    return UUID((served.data / "blobs" / "store-id").read_text().strip())


def doctor(served: Served) -> tuple[int, str]:
    """Return how the doctor ends, and all that it says."""
    done = command("doctor", env=served.settings)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def opened(served: Served) -> None:
    """Open the parts as `serve` does, which creates and adopts; a command that ends by itself takes less time."""
    served.command("admin", "account", f"South {next(NUMBERS)}")


def refused(served: Served) -> str:
    """Return what is said where the parts cannot be opened."""
    done = command("admin", "account", "South", env=served.settings)
    assert done.returncode in (REFUSED, UNREACHABLE), done.stdout
    return " ".join(done.stderr.split())


def set_secret(served: Served, value: str) -> None:
    done = command("admin", "secret", "erp", "--account", "North", env={**served.settings, "SATCHEL_SECRET": value})
    assert done.returncode == 0, done.stderr


def forget_identities(dsn: str, served: Served) -> None:
    """Leave a database and its folder as an upgrade from a release without identities finds them."""
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE store SET id = NULL, was_in_use = true, key_check = NULL")
    (served.data / "blobs" / "store-id").unlink()


def test_the_files_of_another_server_are_refused_and_both_are_named(server: Start, postgres: Postgres) -> None:
    right = with_a_file(server("right"))
    with postgres.clone() as other_dsn:
        wrong = server("wrong", other_dsn)
        wrong.set_up()
        mixed = server("wrong")
        (wrong.data / "secrets.key").write_text((right.data / "secrets.key").read_text())

        said = mixed.refused()

        for part in (identity_of(right), identity_of(wrong), wrong.data / "blobs", "SATCHEL_DATABASE_URL"):
            assert str(part) in said
        assert doctor(mixed)[0] == UNREACHABLE
        swept = command("doctor", "--sweep", env=mixed.settings)
        assert swept.returncode == UNREACHABLE
        worker = command("worker", env=mixed.settings)
        assert worker.returncode == UNREACHABLE
    assert doctor(right) == (0, "examined: 1 blobs, 8 bytes clean")


def test_a_folder_that_is_not_mounted_is_refused_and_left_empty(server: Start) -> None:
    served = with_a_file(server("data"))
    identity = identity_of(served)
    (served.data / "blobs").rename(served.data.parent / "elsewhere")
    (served.data / "blobs").mkdir()

    said = refused(served)

    assert str(identity) in said
    assert "mounted" in said
    assert not list((served.data / "blobs").iterdir())
    assert doctor(served)[0] == UNREACHABLE


def test_a_new_database_does_not_adopt_the_files_of_another(server: Start, postgres: Postgres) -> None:
    served = with_a_file(server("data"))
    with postgres.clone() as new_dsn:
        fresh = server("data", new_dsn)

        said = refused(fresh)

    assert str(identity_of(served)) in said
    assert "has no store yet" in said
    assert doctor(served) == (0, "examined: 1 blobs, 8 bytes clean")


def test_an_empty_database_and_an_empty_folder_meet_and_meet_again(server: Start, postgres: Postgres) -> None:
    served = server("data")
    served.set_up()
    identity = identity_of(served)
    shutil.rmtree(served.data / "blobs")
    served.command("admin", "account", "South")
    assert identity_of(served) == identity
    with postgres.clone() as new_dsn:
        fresh = server("data", new_dsn)
        fresh.set_up()
        assert identity_of(fresh) == identity
        assert doctor(fresh) == (0, "examined: 0 blobs, 0 bytes clean")


@pytest.mark.parametrize("is_folder_newer", [False, True])
def test_a_database_from_before_identities_adopts_the_folder_with_its_files(
    server: Start, database: str, *, is_folder_newer: bool
) -> None:
    served = with_a_file(server("data"))
    identity = identity_of(served)
    forget_identities(database, served)
    if is_folder_newer:
        (served.data / "blobs" / "store-id").write_text(f"{identity}\n")
    assert doctor(served) == (0, "examined: 1 blobs, 8 bytes clean")
    assert (served.data / "blobs" / "store-id").exists() == is_folder_newer  # the doctor only looks

    opened(served)

    assert (identity_of(served) == identity) == is_folder_newer
    assert doctor(served) == (0, "examined: 1 blobs, 8 bytes clean")
    blob_of(served).unlink()
    opened(served)  # files that are lost later are the doctor's business


def test_a_database_from_before_identities_refuses_a_folder_without_its_files(server: Start, database: str) -> None:
    served = with_a_file(server("data"))
    forget_identities(database, served)
    blob_of(served).rename(blob_of(served).with_name("f" * 64))

    assert "do not belong together" in refused(served)
    assert not (served.data / "blobs" / "store-id").exists()


def test_files_are_accepted_where_an_administrator_says_so(server: Start) -> None:
    served = with_a_file(server("data"))
    identity = identity_of(served)
    shutil.rmtree(served.data / "blobs")
    assert "satchel admin store accept-files" in refused(served)

    accepted = command("admin", "store", "accept-files", env=served.settings)

    assert accepted.returncode == 0, accepted.stderr
    assert identity_of(served) == identity
    opened(served)
    code, said = doctor(served)
    assert (code, "missing_bytes: 1." in said) == (4, True)


def test_an_identity_that_cannot_be_read_is_replaced_only_where_an_administrator_says_so(server: Start) -> None:
    served = with_a_file(server("data"))
    identity = identity_of(served)
    (served.data / "blobs" / "store-id").write_bytes(b"\xff\x00")
    assert str(served.data / "blobs" / "store-id") in refused(served)

    served.command("admin", "store", "accept-files")

    assert identity_of(served) == identity
    assert doctor(served)[0] == 0


def test_a_second_machine_does_not_make_a_key_of_its_own(server: Start) -> None:
    first = with_a_file(server("first"))
    second = server("second")
    second.data.mkdir()
    (first.data / "blobs").rename(second.data / "blobs")  # as if it were shared

    said = second.refused()

    assert f"{second.data}/secrets.key is missing; copy it from the server's other machine" in said
    assert not (second.data / "secrets.key").exists()
    shutil.copy(first.data / "secrets.key", second.data)
    opened(second)


@pytest.mark.parametrize("by_setting", [False, True])
def test_another_key_is_refused_at_the_start_with_what_to_do(server: Start, *, by_setting: bool) -> None:
    served = server("data")
    served.set_up()
    if by_setting:
        served = server("data", SATCHEL_SECRETS_KEY="ab" * 32)
    else:
        (served.data / "secrets.key").write_text("ab" * 32)

    said = served.refused()

    assert ("SATCHEL_SECRETS_KEY" if by_setting else f"{served.data}/secrets.key") in said
    assert "is not the key of this database: its fingerprint is" in said
    assert "satchel admin store accept-key" in said
    done = command("admin", "list", env=served.settings)
    assert (done.returncode, "is not the key" in done.stderr) == (REFUSED, True)


def test_a_key_that_is_lost_is_replaced_and_the_secrets_to_set_again_are_listed(server: Start) -> None:
    served = server("data")
    served.set_up()
    set_secret(served, "first")
    (served.data / "secrets.key").unlink()
    assert "satchel admin store accept-key" in refused(served)

    accepted = served.command("admin", "store", "accept-key")

    assert accepted.stdout.splitlines()[1:] == ["set again: erp of North"]
    opened(served)
    set_secret(served, "again")
    assert len(served.command("admin", "store", "accept-key").stdout.splitlines()) == 1


def test_a_database_from_before_the_check_takes_the_key_that_opens_its_secrets_and_no_other(
    server: Start, database: str
) -> None:
    served = server("data")
    served.set_up()
    set_secret(served, "first")
    key = (served.data / "secrets.key").read_text()
    forget_identities(database, served)
    (served.data / "secrets.key").write_text("ab" * 32)
    assert "it opens none of the 1 secrets in the database" in refused(served)
    (served.data / "secrets.key").unlink()
    assert "secrets.key is missing" in refused(served)
    (served.data / "secrets.key").write_text(key)

    opened(served)
    (served.data / "secrets.key").write_text("ab" * 32)
    assert "is not the key of this database" in refused(served)


def test_rotating_the_key_of_links_leaves_the_key_of_secrets(server: Start) -> None:
    served = server("data")
    served.set_up()

    served.command("admin", "keys", "rotate")

    opened(served)


@as_root
def test_root_accepts_nothing_in_another_users_directory(server: Start) -> None:
    served = server("data")
    served.set_up()
    shutil.chown(served.data, NOBODY.pw_uid, NOBODY.pw_gid)
    for what in ("accept-files", "accept-key"):
        done = command("admin", "store", what, env=served.settings)
        assert (done.returncode, "belongs to nobody" in done.stderr) == (UNREACHABLE, True)
