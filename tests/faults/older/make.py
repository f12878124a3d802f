"""Writes what a server of this release leaves when it stops, for tests of the upgrade from it.

The archive is named by the newest step of the schema, and holds the database and the store; beside it stand the digests
of the steps so far, which are never edited again. Run it once a release, before the next step of the schema comes:

    PYTHONPATH=tests .venv/bin/python tests/faults/older/make.py

What is there already is what such servers have: it is not made anew.
"""

import asyncio
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import everything
from database import postgres_for_run
from satchel.db.embedded.binaries import find_binaries
from satchel.model.policy import Policy
from world import open_world, populate

HERE = Path(__file__).parent
VERSIONS = Path(everything.__file__).parent.parent / "src/satchel/db/migrations/versions"


def steps() -> list[Path]:
    """Return the files of all steps, in order."""
    return sorted(path for path in VERSIONS.iterdir() if path.name[:4].isdigit())


def digests() -> str:
    """Return a line for each file of a step, as sha256sum writes it."""
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in steps())


async def fill(dsn: str, folder: Path) -> None:
    await populate(dsn)
    policy = Policy(export_directory=folder / "exports")
    async with open_world(dsn, folder, policy=policy) as world:
        await everything.fill(world)
        assert await everything.standing(world) == everything.STANDING


def dumped(dsn: str) -> bytes:
    """Return a database as statements."""
    program = find_binaries().install / "bin" / "pg_dump"
    options = ("--rows-per-insert=1000", "--no-owner", "--no-privileges", "--no-comments")
    done = subprocess.run([program, *options, dsn], capture_output=True, check=True)
    kept = [line for line in done.stdout.splitlines() if line and not line.startswith((b"--", b"\\"))]
    return b"\n".join(kept) + b"\n"


def main() -> None:
    newest = steps()[-1].name[:4]
    target = HERE / f"{newest}.tar.xz"
    if target.exists():
        sys.exit(f"{target.name} is there already: it is what such servers have.")
    with tempfile.TemporaryDirectory() as made, postgres_for_run() as postgres, postgres.clone() as dsn:
        folder = Path(made)
        asyncio.run(fill(dsn, folder))
        (folder / "database.sql").write_bytes(dumped(dsn))
        with tarfile.open(target, "w:xz") as packed:
            for name in ("blobs", "database.sql"):
                packed.add(folder / name, name)
    (HERE / f"{newest}.sha256").write_text(digests())


if __name__ == "__main__":
    main()
