"""The table of the Flokzu surface's README: it has every call, and the transcripts that it names make it."""

import re
from pathlib import Path

import yaml

from golden.replay import FOLDER
from satchel.surfaces.flokzu.addresses import BASE
from satchel.surfaces.flokzu.routes import ENDPOINTS

README = Path(__file__).parent.parent.parent / "src" / "satchel" / "surfaces" / "flokzu" / "README.md"


def _rows() -> dict[tuple[str, str], str]:
    found = re.findall(
        r"^\| `([A-Z]+) ([^`]+)` \| .* \| `([^`]+)` \|$", README.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {(method, path): proof for method, path, proof in found}


def _asked(proof: str) -> list[tuple[str, str]]:
    data = yaml.safe_load((FOLDER / "flokzu" / f"{proof}.yaml").read_text(encoding="utf-8"))
    requests = [one["request"] for one in data["exchanges"] if one["expect"]["status"] == 200]
    return [(one.get("method", "GET"), one["path"].partition("?")[0].removeprefix(f"{BASE}/")) for one in requests]


def test_every_route_of_flokzu_has_a_line_and_every_line_a_route() -> None:
    assert set(_rows()) == {(one.method, one.path.removeprefix(f"{BASE}/")) for one in ENDPOINTS}


def test_every_transcript_that_the_readme_names_makes_its_call_with_success() -> None:
    for (method, path), proof in _rows().items():
        pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
        assert any(method == asked and pattern.fullmatch(at) for asked, at in _asked(proof)), (method, path, proof)
