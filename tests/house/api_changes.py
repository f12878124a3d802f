"""Fails where a client of the API would trip over a change that the changelog does not announce: `make api-changes`.

Compares docs/reference/openapi.json with that file at a base: the newest tag `v*` that HEAD contains; without one,
where HEAD left `main`; on `main` itself, HEAD's first parent. `--base REF` names another one.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from house.changelog import announcement, bullets, is_announced, line
from house.openapi_changes import changes
from house.tree import ROOT

DESCRIPTION = "docs/reference/openapi.json"
CHANGELOG = "CHANGELOG.md"
TIMEOUT_S = 60


class UnknownBaseError(Exception):
    """The base that was asked for is no commit."""


def base_of(root: Path) -> str | None:
    """Return the commit or tag to compare with, or None where the folder is no checkout or has no history."""
    head = _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    top = _git(root, "rev-parse", "--show-toplevel")
    if head is None or top is None or Path(top).resolve() != root.resolve():
        return None
    sort = ("-c", "versionsort.suffix=-", "tag", "--sort=-version:refname")
    tags = _git(root, *sort, "--merged", "HEAD", "--list", "v[0-9]*")
    if tags:
        return tags.split()[0]
    for branch in ("refs/remotes/origin/main", "refs/heads/main"):
        shared = _git(root, "merge-base", branch, "HEAD")
        if shared and shared != head:
            return shared
    return _git(root, "rev-parse", "--verify", "--quiet", "HEAD^1")


def report(root: Path, asked: str | None = None) -> tuple[bool, list[str]]:
    """Compare a checkout with its base and return whether all is well, and what there is to say.

    Raises:
        UnknownBaseError: the base that was asked for is no commit.
    """
    if asked is not None and _git(root, "rev-parse", "--verify", "--quiet", f"{asked}^{{commit}}") is None:
        raise UnknownBaseError(asked)
    base = asked or base_of(root)
    before = _git(root, "show", f"{base}:{DESCRIPTION}") if base else None
    if base is None or before is None:
        where = f"{base[:12]} has no {DESCRIPTION}" if base else "no earlier commit is here"
        return True, [f"api-changes: {where}: nothing to compare with"]
    if not (root / DESCRIPTION).is_file():
        return False, [f"api-changes: {DESCRIPTION} is gone; `make reference` writes it"]
    after = (root / DESCRIPTION).read_text(encoding="utf-8")
    announced = bullets((root / CHANGELOG).read_text(encoding="utf-8"), _git(root, "show", f"{base}:{CHANGELOG}") or "")
    return _judged(base, json.loads(before), json.loads(after), announced)


def _judged(base: str, before: Any, after: Any, announced: list[str]) -> tuple[bool, list[str]]:
    found = changes(before, after)
    breaking = [one for one in found if one.breaks]
    silent = [one for one in breaking if not is_announced(one, announced)]
    lines = [f"note: {line(one)}" for one in found if not one.breaks]
    for one in silent:
        lines += [f"breaks: {line(one)}", f"        announce it: {announcement(one)}"]
    if silent:
        lines.append(
            f"api-changes: {len(silent)} of {len(breaking)} breaking changes since {base[:12]} are not announced; undo "
            f"them or write the lines above below {CHANGELOG}'s [Unreleased] (CONTRIBUTING.md says what counts)"
        )
    else:
        lines.append(f"api-changes: {len(breaking)} breaking changes since {base[:12]}, all announced")
    return not silent, lines


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git prints, or None where it or what it was asked for is not there."""
    try:
        ended = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, timeout=TIMEOUT_S)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None
    return ended.stdout.decode().strip()


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", metavar="REF", help="the commit, tag or branch to compare with")
    asked: str | None = parser.parse_args().base
    try:
        is_well, lines = report(ROOT, asked)
    except UnknownBaseError as error:
        parser.error(f"{error} is no commit")
    sys.stdout.write("".join(f"{text}\n" for text in lines))
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
