"""A step of the schema that servers have run is never edited: what changes is a new step."""

import hashlib

from house.tree import ROOT

STEPS = ROOT / "src/satchel/db/migrations/versions"
OLDER = ROOT / "tests/faults/older"


def test_steps_that_servers_have_run_are_as_they_were() -> None:
    known = [line.split() for path in OLDER.glob("*.sha256") for line in path.read_text(encoding="utf-8").splitlines()]
    assert {name for _, name in known} >= {"0001_core.sql", "0010_moves.sql"}
    now = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in STEPS.iterdir() if path.is_file()}
    changed = [name for digest, name in known if now.get(name) != digest]
    assert changed == [], "write a new step instead: servers have run these"
