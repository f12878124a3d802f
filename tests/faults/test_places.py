"""Commands on a place where no Satchel is, or another user's: they say so, exit with an error and create nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from database import url_of
from e2e.conftest import free_port
from embedding import NOBODY, as_root
from serving import Served, command

UNREACHABLE = 3
FINDINGS = 4
COMMANDS = (
    ("doctor",),
    ("doctor", "--sweep", "--read-data"),
    ("worker",),
    ("admin", "list"),
    ("admin", "quota"),
    ("admin", "user", "ann@example.com", "Ann", "--password", "a long enough one"),
    ("admin", "group", "people"),
    ("admin", "token", "ann@example.com"),
    ("admin", "secret"),
    ("admin", "keys", "rotate"),
    ("admin", "oauth-client", "list"),
    ("admin", "store", "accept-files"),
    ("admin", "store", "accept-key"),
)
"""Every command that works on a data directory, but those that create one."""

named = pytest.mark.parametrize("words", COMMANDS, ids=" ".join)


def missing(folder: Path) -> Path:
    return folder / "dtaa"


def empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def foreign(folder: Path) -> Path:
    """Somebody's home, say."""
    (folder / "home" / "database").mkdir(parents=True)
    (folder / "home" / "letters.txt").touch()
    return folder / "home"


def without_database(folder: Path) -> Path:
    (folder / "half" / "blobs").mkdir(parents=True)
    return folder / "half"


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@named
@pytest.mark.parametrize("make", [missing, empty, foreign, without_database], ids=lambda make: make.__name__)
def test_a_place_without_a_satchel_is_named_and_left_as_it_is(
    folder: Path, words: tuple[str, ...], make: Callable[[Path], Path]
) -> None:
    place = make(folder)
    before = everything(folder)

    done = command(*words, env={"SATCHEL_DATA_DIRECTORY": str(place)})

    assert done.returncode == UNREACHABLE, done.stdout + done.stderr
    assert f"There is no Satchel {'database ' if make is without_database else ''}in {place}" in done.stderr
    assert "--data or SATCHEL_DATA_DIRECTORY" in done.stderr
    assert "clean" not in done.stdout
    assert everything(folder) == before


@pytest.fixture
def set_up(folder: Path) -> Served:
    """A data directory with an account in it; nothing serves it."""
    served = Served(folder / "data", free_port())
    served.set_up()
    return served


@pytest.fixture
def external(folder: Path, database: str) -> Served:
    """A data directory whose database is elsewhere, with an account in it."""
    served = Served(folder / "data", free_port(), settings={"SATCHEL_DATABASE_URL": url_of(database)})
    served.set_up()
    return served


@named
def test_a_database_that_is_empty_is_named_and_left_as_it_is(
    external: Served, database: str, words: tuple[str, ...]
) -> None:
    name = f"{conninfo_to_dict(database)['dbname']}_mistyped"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        other = make_conninfo(database, dbname=name)
        done = command(*words, env={**external.settings, "SATCHEL_DATABASE_URL": url_of(other)})

        assert done.returncode == UNREACHABLE, done.stdout + done.stderr
        assert f"The database {name} at" in done.stderr
        assert "has no tables of Satchel. Check SATCHEL_DATABASE_URL" in done.stderr
        with psycopg.connect(other) as connection:
            tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert tables == (0,)
    finally:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@named
def test_a_database_that_does_not_exist_is_named(external: Served, database: str, words: tuple[str, ...]) -> None:
    other = make_conninfo(database, dbname="mistyped")

    done = command(*words, env={**external.settings, "SATCHEL_DATABASE_URL": url_of(other)})

    assert done.returncode == UNREACHABLE, done.stdout + done.stderr
    assert '"mistyped" does not exist' in done.stderr


def lost(key: Path) -> None:
    key.unlink()


def replaced_by_a_folder(key: Path) -> None:
    key.unlink()
    key.mkdir()


def torn(key: Path) -> None:
    key.write_text(key.read_text()[:20])


def of_another_server(key: Path) -> None:
    key.write_text("ab" * 32)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lost, "is missing"),
        (replaced_by_a_folder, "cannot be read"),
        (torn, "must be 64 hexadecimal digits"),
        (of_another_server, "is not the key of this database"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_the_doctor_names_a_key_that_cannot_be_used_and_examines_the_rest(
    set_up: Served, spoil: Callable[[Path], None], words: str
) -> None:
    key = set_up.data / "secrets.key"
    spoil(key)
    was_there = key.exists()

    done = command("doctor", env=set_up.settings)

    assert done.returncode == FINDINGS, done.stdout + done.stderr
    assert "unusable_key: 1." in done.stdout
    assert f"  {key} {words}" in done.stdout
    assert "examined: 0 blobs" in done.stdout
    assert key.exists() == was_there


def test_what_creates_a_place_creates_all_of_it(folder: Path) -> None:
    served = Served(folder / "data", free_port())

    served.set_up()

    examined = command("doctor", "--read-data", env=served.settings)
    assert (examined.returncode, examined.stdout.splitlines()[-1]) == (0, "clean"), examined.stderr


@as_root
@pytest.mark.parametrize(
    "words", [("serve",), ("worker",), ("admin", "account", "North"), ("demo", "--fill-only")], ids=" ".join
)
def test_root_stores_nothing_in_another_users_directory(folder: Path, words: tuple[str, ...]) -> None:
    theirs = folder / "theirs"
    theirs.mkdir()
    os.chown(theirs, NOBODY.pw_uid, NOBODY.pw_gid)
    place = ("--data", str(theirs)) if words[0] == "demo" else ()

    done = command(*words, *place, env={"SATCHEL_DATA_DIRECTORY": str(theirs), "SATCHEL_PORT": str(free_port())})

    assert done.returncode == UNREACHABLE, done.stdout + done.stderr
    assert f"{theirs} belongs to nobody" in done.stderr
    assert "sudo -u nobody satchel" in done.stderr
    assert everything(theirs) == set()
