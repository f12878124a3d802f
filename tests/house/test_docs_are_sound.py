"""The written part: its links lead somewhere, its commands exist, its records have their form."""

import re
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

from certificates import certificate
from e2e.conftest import free_port
from house.tree import ROOT, ending, name
from satchel.cli import root
from satchel.model.app_yaml.rest_settings import REST_REPLY_BYTES, REST_TIMEOUT
from satchel.model.app_yaml.service_settings import MAIL_LINK_LIFETIME, MAIL_TIMEOUT
from satchel.model.services import RetryPolicy

PAGES = [path for path in ending(".md") if "node_modules" not in path.parts]
RECORDS = [path for path in ending(".md", under="docs/adr") if path.name != "README.md"]
PARTS_OF_A_RECORD = ["Context", "Decision", "Consequences", "Alternatives", "References"]
MOST_CHARACTERS_OF_A_RECORD = 4500
"""One printed page."""

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
LENGTHS = {
    "PT10S": timedelta(seconds=10),
    "PT1M": timedelta(minutes=1),
    "PT2M": timedelta(minutes=2),
    "P1D": timedelta(days=1),
}

_SATCHEL = re.compile(r"""(?:^|&& |\| |\$\(|bin/|[A-Z_]+=\S+ )satchel ([^|;&#)<>"$]+)""")
"""A call of the program in a line of shell."""

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


def test_the_defaults_of_service_tasks_on_the_page_of_app_yaml_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "reference" / "app-yaml.md").read_text(encoding="utf-8")
    (retry,) = re.findall(r"`\{attempts: (\d+), pause: (\w+), deadline: (\w+)\}` \(the defaults\)", text)
    assert RetryPolicy(attempts=int(retry[0]), pause=LENGTHS[retry[1]], deadline=LENGTHS[retry[2]]) == RetryPolicy()
    for words, value in (
        (r"conversation with the mail server", MAIL_TIMEOUT),
        (r"valid for `link_lifetime`", MAIL_LINK_LIFETIME),
        (r"of the whole attempt", REST_TIMEOUT),
    ):
        (length,) = re.findall(rf"{words} \(`(\w+)`", text)
        assert LENGTHS[length] == value, words
    (reply,) = re.findall(r"the longest reply \(`(\d+)MiB`\)", text)
    assert int(reply) * 2**20 == REST_REPLY_BYTES


def test_every_satchel_command_of_a_page_exists_with_its_options() -> None:
    wrong = []
    for page in PAGES:
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                for words in _SATCHEL.findall(line.strip()):
                    wrong += [f"{name(page)}: satchel {words}: {fault}" for fault in _faults(words.split())]
    assert wrong == []


def _faults(words: list[str]) -> list[str]:
    """Return which words of a command's are no commands and no options."""
    command = typer.main.get_command(root.app)
    while (commands := getattr(command, "commands", None)) and words and not words[0].startswith("-"):
        command = commands.get(words.pop(0))
        if command is None:
            return ["no such command"]
    known = {spelled for one in command.params for spelled in (*one.opts, *one.secondary_opts)} | {"--help"}
    return [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]


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


BEHIND = ("proxy", "fastcgi", "uwsgi", "scgi")
"""What nginx keeps a folder for, of what may stand behind it."""


@pytest.mark.skipif(NGINX is None, reason="nginx says whether it takes the page's blocks, and is not installed")
def test_nginx_takes_the_blocks_of_the_page_about_proxies(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "howto" / "reverse-proxy.md").read_text(encoding="utf-8")
    server, location = re.findall(r"^```nginx\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    certificate(tmp_path, "satchel.example")
    paths = {"/etc/ssl/satchel.example.pem": "cert.pem", "/etc/ssl/satchel.example.key": "key.pem"}
    whole = f"{server.rstrip().removesuffix('}')}{location}}}"
    for path, made in paths.items():
        assert path in whole
        whole = whole.replace(path, str(tmp_path / made))
    assert "listen 443 " in whole
    whole = whole.replace("listen 443 ", f"listen 127.0.0.1:{free_port()} ")
    kept = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", *BEHIND))  # not the system's
    kept += f"access_log {tmp_path}/access;\n"
    settings = tmp_path / "nginx.conf"
    settings.write_text(f"pid {tmp_path}/pid;\nerror_log {tmp_path}/log;\nevents {{}}\nhttp {{\n{kept}{whole}\n}}\n")
    checked = [NGINX or "", "-t", "-q", "-c", str(settings), "-e", str(tmp_path / "log")]
    done = subprocess.run(checked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
