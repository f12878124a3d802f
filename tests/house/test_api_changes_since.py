"""The base that the API is compared with, in small repositories."""

import json
import subprocess
from pathlib import Path

import pytest

from house.api_changes import CHANGELOG, DESCRIPTION, UnknownBaseError, base_of, report

TASKS = {"/tasks": {"get": {"responses": {"200": {"description": ""}}}}}
LOG = "# Changelog\n\n## [Unreleased]\n\n- Something.\n"
IDENTITY = (
    "-c",
    "user.name=A",
    "-c",
    "user.email=a@example.com",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "tag.gpgsign=false",
)


class Checkout:
    """A repository with a description and a changelog."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commits = 0
        root.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        """Run git and return what it prints."""
        command = ["git", *IDENTITY, *arguments]
        return (
            subprocess.run(command, cwd=self.root, check=True, capture_output=True, timeout=60).stdout.decode().strip()
        )

    def write(self, paths: object | None, log: str = LOG) -> None:
        """Write both files; no description where there are no paths."""
        (self.root / CHANGELOG).write_text(log)
        place = self.root / DESCRIPTION
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        if paths is not None:
            place.write_text(json.dumps({"openapi": "3.1.0", "paths": paths}))

    def commit(self, paths: object | None, log: str = LOG) -> str:
        """Write and commit both files and return the commit."""
        self.write(paths, log)
        self.git("add", "--all")
        self.commits += 1  # commits of the same second would otherwise be the same one
        self.git("commit", "--quiet", "--allow-empty", "--message", f"commit {self.commits}")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def test_the_newest_version_that_head_contains_is_the_base(checkout: Checkout) -> None:
    for tag in ("v0.9.0", "v0.10.0-rc.1", "v0.10.0", "vendor"):
        checkout.commit(TASKS)
        checkout.git("tag", tag)
    checkout.git("switch", "--quiet", "--create", "other")
    checkout.commit(TASKS)
    checkout.git("tag", "v1.0.0")
    checkout.git("switch", "--quiet", "main")
    checkout.commit(TASKS)
    assert base_of(checkout.root) == "v0.10.0"


def test_without_a_version_a_branch_is_compared_with_where_it_left_main(checkout: Checkout) -> None:
    fork = checkout.commit(TASKS)
    checkout.git("switch", "--quiet", "--create", "feature")
    checkout.commit(TASKS)
    checkout.commit(TASKS)
    checkout.git("switch", "--quiet", "main")
    checkout.commit(TASKS)
    checkout.git("switch", "--quiet", "feature")
    assert base_of(checkout.root) == fork


def test_main_is_compared_with_what_was_pushed_and_otherwise_with_its_first_parent(checkout: Checkout) -> None:
    pushed = checkout.commit(TASKS)
    checkout.git("update-ref", "refs/remotes/origin/main", pushed)
    parent = checkout.commit(TASKS)
    head = checkout.commit(TASKS)
    assert base_of(checkout.root) == pushed
    checkout.git("update-ref", "refs/remotes/origin/main", head)
    assert base_of(checkout.root) == parent


@pytest.mark.parametrize("kind", ["no checkout", "a folder of another checkout", "one commit", "a shallow clone"])
def test_where_there_is_no_earlier_commit_there_is_nothing_to_compare_with(
    tmp_path: Path, checkout: Checkout, kind: str
) -> None:
    checkout.commit(TASKS)
    place = checkout.root
    if kind == "no checkout":
        place = tmp_path
    elif kind == "a folder of another checkout":
        place = checkout.root / "docs"
    elif kind == "a shallow clone":
        checkout.commit(TASKS)
        place = tmp_path / "shallow"
        checkout.git("clone", "--quiet", "--depth=1", checkout.root.as_uri(), str(place))
    assert report(place) == (True, ["api-changes: no earlier commit is here: nothing to compare with"])


def test_a_base_from_before_there_was_a_description_is_nothing_to_compare_with(checkout: Checkout) -> None:
    base = checkout.commit(None)
    checkout.commit(TASKS)
    assert report(checkout.root) == (True, [f"api-changes: {base[:12]} has no {DESCRIPTION}: nothing to compare with"])


def test_a_description_that_is_gone_is_an_error(checkout: Checkout) -> None:
    checkout.commit(TASKS)
    checkout.commit(None)
    assert report(checkout.root) == (False, [f"api-changes: {DESCRIPTION} is gone; `make reference` writes it"])


def test_a_breaking_change_in_the_working_tree_fails_until_the_changelog_says_so(checkout: Checkout) -> None:
    base = checkout.commit(TASKS)
    checkout.commit(TASKS)
    assert report(checkout.root) == (True, [f"api-changes: 0 breaking changes since {base[:12]}, all announced"])
    checkout.write({})
    is_well, lines = report(checkout.root)
    assert not is_well
    assert lines[:2] == [
        "breaks: operation removed: GET /tasks",
        "        announce it: - `GET /tasks`: operation removed.",
    ]
    assert lines[2].startswith(f"api-changes: 1 of 1 breaking changes since {base[:12]} are not announced")
    checkout.write({}, LOG + lines[1].partition(": ")[2] + "\n")
    assert report(checkout.root) == (True, [f"api-changes: 1 breaking changes since {base[:12]}, all announced"])


def test_what_was_announced_in_a_version_since_the_base_counts(checkout: Checkout) -> None:
    checkout.commit(TASKS)
    checkout.git("tag", "v0.1.0")
    checkout.commit({}, "# Changelog\n\n## [Unreleased]\n\n## [0.2.0]\n\n- `GET /tasks` is gone.\n")
    assert report(checkout.root) == (True, ["api-changes: 1 breaking changes since v0.1.0, all announced"])


def test_another_base_may_be_asked_for(checkout: Checkout) -> None:
    checkout.commit(TASKS)
    checkout.git("tag", "old")
    checkout.commit({})
    checkout.commit({})
    assert report(checkout.root)[0]
    assert not report(checkout.root, "old")[0]
    with pytest.raises(UnknownBaseError, match="nowhere"):
        report(checkout.root, "nowhere")
