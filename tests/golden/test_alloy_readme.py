"""The tables of the Alloy surface's README: they have every call and every code, and the transcripts prove them."""

import re
from pathlib import Path

import pytest

from golden.replay import FOLDER, load
from satchel.surfaces.alloy import errors
from satchel.surfaces.alloy.addresses import BASE, normal_path
from satchel.surfaces.alloy.routes import ENDPOINTS

README = Path(errors.__file__).parent / "README.md"


def _rows() -> dict[str, str]:
    return dict(
        re.findall(r"^\| `([A-Z]+ /[^`]*)` \| yes.* \| `([^`]+)` \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    )


def _call(method: str, path: str) -> str:
    return f"{method} {path.removeprefix(BASE) or '/'}"


def test_every_route_of_alloy_has_a_line_and_every_line_a_route() -> None:
    assert set(_rows()) == {_call(one.method, one.path) for one in ENDPOINTS}


@pytest.mark.parametrize(("call", "transcript"), sorted(_rows().items()))
def test_the_transcript_of_a_call_makes_it_and_succeeds(call: str, transcript: str) -> None:
    made = [
        _call(one["request"].get("method", "GET"), normal_path(one["request"]["path"].partition("?")[0]))
        for one in load(FOLDER / "alloy" / f"{transcript}.yaml").exchanges
        if (one["expect"].get("json") or {}).get("success", True)
    ]
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(call))
    assert any(re.fullmatch(pattern, one) for one in made), made


def test_every_code_has_a_line() -> None:
    codes = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", README.read_text(encoding="utf-8"), re.MULTILINE)}
    assert listed == codes
