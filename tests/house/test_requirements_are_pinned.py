"""What is installed is what was chosen: by digest, from whichever index a machine is set up with."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from house.tree import ROOT, ending, files, name, texts

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", re.MULTILINE)


def _pins(path: Path) -> dict[str, str]:
    return {canonicalize_name(project): version for project, version in _PIN.findall(path.read_text(encoding="utf-8"))}


def _declared() -> dict[str, list[str]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = settings["project"]
    server = project["dependencies"] + project["optional-dependencies"]["server"]
    build = settings["build-system"]["requires"]
    return {"server.txt": server, "dev.txt": server + settings["dependency-groups"]["dev"] + build}


@pytest.mark.parametrize("lock", ["server.txt", "dev.txt"])
def test_every_declared_dependency_is_pinned_to_a_version_that_it_allows(lock: str) -> None:
    pins = _pins(ROOT / "requirements" / lock)
    wrong = []
    for line in _declared()[lock]:
        wanted = Requirement(line)
        pinned = pins.get(canonicalize_name(wanted.name))
        if pinned is None or not wanted.specifier.contains(pinned, prereleases=True):
            wrong.append(f"{line}: {pinned}")
    assert wrong == [], "run `make requirements`"


def test_the_server_runs_with_the_versions_that_were_tested() -> None:
    tested, shipped = _pins(ROOT / "requirements/dev.txt"), _pins(ROOT / "requirements/server.txt")
    assert {project: version for project, version in shipped.items() if tested.get(project) != version} == {}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_its_digests_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"\S*://\S*|--(?:extra-)?index-url|--find-links|\s@\s", text) == []


def test_no_lock_file_records_where_a_package_came_from() -> None:
    named = [name(path) for path in files() if path.name == "uv.lock" or re.fullmatch(r"pylock.*\.toml", path.name)]
    assert named == []
    hosts = [
        f"{name(path)}: {package}"
        for path in ending("package-lock.json")
        for package, entry in json.loads(path.read_text(encoding="utf-8"))["packages"].items()
        if "resolved" in entry and not entry.get("link")
    ]
    assert hosts == []


def test_node_packages_run_no_scripts_and_record_no_address() -> None:
    wanted = {"omit-lockfile-registry-resolved=true", "ignore-scripts=true", "fund=false", "audit=false"}
    for lock in ending("package-lock.json"):
        settings = set((lock.parent / ".npmrc").read_text(encoding="utf-8").split())
        assert wanted <= settings, name(lock)


def test_no_file_names_a_folder_of_one_machine() -> None:
    """The checkout's own place, its parent, or somebody's home folder."""
    places = [re.escape(f"{ROOT}/"), r"/(?:home|Users)/\w+/"]
    if ROOT.parent not in (Path("/"), Path.home(), Path("/tmp")):  # noqa: S108  # as a word, nothing is written there
        places.append(re.escape(f"{ROOT.parent}/"))
    pattern = re.compile(rf"(?<![\w.~*-])(?:{'|'.join(places)})")
    found = [f"{name(path)}: {match.group()}" for path, text in texts() for match in pattern.finditer(text)]
    assert found == []
