"""The table of the Questetra surface's README: it has every call, and its transcripts exist."""

import re
from pathlib import Path

from golden.replay import FOLDER
from satchel.surfaces.questetra.routes import ENDPOINTS

README = Path(__file__).parent.parent.parent / "src" / "satchel" / "surfaces" / "questetra" / "README.md"


def _rows() -> dict[str, str]:
    found = re.findall(r"\| `([^`]+)` \| yes.* \| `([^`]+)` \|", README.read_text(encoding="utf-8"))
    return dict(found)


def test_every_route_of_questetra_has_a_line_and_every_line_a_route() -> None:
    assert set(_rows()) == {one.path.removeprefix("/questetra/").removeprefix("API/") for one in ENDPOINTS}


def test_every_transcript_that_the_readme_names_asks_for_its_call() -> None:
    for call, transcript in _rows().items():
        pattern = re.sub(r"\\{\w+\\}", r"[^/]+", re.escape(f"/{call}"))
        assert re.search(pattern, (FOLDER / "questetra" / f"{transcript}.yaml").read_text(encoding="utf-8")), call
