"""The written part: its links lead somewhere, its commands exist, its records have their form."""

import re
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from house.tree import ROOT, ending, name

PAGES = [path for path in ending(".md") if "node_modules" not in path.parts]
RECORDS = [path for path in ending(".md", under="docs/adr") if path.name != "README.md"]
PARTS_OF_A_RECORD = ["Context", "Decision", "Consequences", "Alternatives", "References"]
MOST_CHARACTERS_OF_A_RECORD = 4500
"""One printed page."""

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)>\s]+)>?[^)]*\)")

_CITATION = re.compile(r"\b(architecture|files|security)(?:\.md)? (§|rules? ) ?(\d+)")


class _Release(NamedTuple):
    version: tuple[int, int, int]
    day: date


def _anchors(page: Path) -> set[str]:
    """Return the fragments of a page's headings, as the usual renderers make them."""
    headings = re.findall(r"^#{1,6} +(.+?) *#*$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken = []
    for target in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, fragment = target.partition("#")
        reached = (page.parent / place).resolve() if place else page
        is_there = reached.exists() and reached.is_relative_to(ROOT)
        if not is_there or (fragment and reached.suffix == ".md" and fragment not in _anchors(reached)):
            broken.append(target)
    assert broken == []


def test_every_page_of_docs_can_be_found_from_its_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {
        (index.parent / target.partition("#")[0]).resolve()
        for target in _LINK.findall(index.read_text(encoding="utf-8"))
    }
    lost = [name(page) for page in ending(".md", under="docs") if page != index and page not in linked]
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_make_command_of_a_page_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^\s*(?:\$ )?|`)make ([a-z-]+)", text, re.MULTILINE))
    assert named - targets == set()


def test_make_help_lists_every_target_that_a_person_would_use() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    described = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert {
        "demo",
        "check",
        "test",
        "soak",
        "bench",
        "clean",
        "setup",
        "requirements",
        "reference",
        "web",
        "web-dev",
        "wheel",
        "setup-browser",
        "help",
    } <= described


def test_every_section_of_the_design_that_code_names_is_there() -> None:
    lost = []
    for path in ending(".py"):
        for page, kind, number in _CITATION.findall(path.read_text(encoding="utf-8")):
            text = (ROOT / "docs" / "design" / f"{page}.md").read_text(encoding="utf-8")
            form = rf"^## {number}\. " if kind == "§" else rf"^{number}\. \*\*"
            lost += [] if re.search(form, text, re.MULTILINE) else [f"{name(path)}: {page}.md {kind}{number}"]
    assert lost == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_decision_record_is_one_page_with_one_quotable_sentence(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    number = re.fullmatch(r"(\d{4})-[a-z0-9-]+\.md", record.name)
    assert number is not None, "records are called NNNN-title.md"
    assert text.startswith(f"# {number.group(1)}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS_OF_A_RECORD
    assert len(text) <= MOST_CHARACTERS_OF_A_RECORD
    decision = text.split("## Decision\n")[1].split("\n## ")[0]
    quotes = re.findall(r"(?:^> .*\n?)+", decision, re.MULTILINE)
    assert len(quotes) == 1, "the decision is one block quote"
    sentence = " ".join(line.removeprefix("> ") for line in quotes[0].splitlines()).strip()
    assert sentence.endswith(".")
    assert re.search(r"[.!?] [A-Z]", sentence) is None, "one sentence"


def test_decision_records_are_numbered_once_each() -> None:
    numbers = [record.name[:4] for record in RECORDS]
    assert sorted(set(numbers)) == sorted(numbers)
    assert numbers


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert text.startswith("# Changelog\n")
    assert headings[0] == "[Unreleased]"
    releases = []
    for heading in headings[1:]:
        match = re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)", heading)
        assert match is not None, heading
        major, minor, patch, day = match.groups()
        releases.append(_Release((int(major), int(minor), int(patch)), date.fromisoformat(day)))
    assert releases == sorted(releases, reverse=True)
    sections = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert sections <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
