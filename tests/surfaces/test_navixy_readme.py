"""The table of the Navixy surface's README: it has every call, and its proofs exist."""

import re
from pathlib import Path

from satchel.surfaces.navixy.routes import ENDPOINTS

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "src" / "satchel" / "surfaces" / "navixy" / "README.md"


def _rows() -> dict[str, tuple[str, str]]:
    text = README.read_text(encoding="utf-8").partition("## What is not supported")[0]
    return {call: (supported, proof) for call, supported, proof in re.findall(r"\| `([^`]+)` \| (.*) \| (.*) \|", text)}


def test_every_route_has_a_line_and_every_line_a_route() -> None:
    calls = {re.sub(r"^/navixy/(v2/)?", "", one.path) for one in ENDPOINTS}
    assert set(_rows()) == calls


def test_the_table_says_which_calls_take_no_get() -> None:
    with_get = {one.path.removeprefix("/navixy/v2/") for one in ENDPOINTS if one.method == "GET"}
    for call, (supported, _) in _rows().items():
        assert ("POST only" in supported) == (call not in with_get), call


def test_every_proof_is_a_test_or_a_transcript_and_every_transcript_a_proof() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_navixy_*.py"))
    transcripts = {path.stem for path in (ROOT / "tests" / "golden" / "navixy").glob("*.yaml")}
    proofs = {proof for _, found in _rows().values() for proof in re.findall(r"`([^`]+)`", found)}
    assert proofs
    for proof in proofs:
        assert proof in transcripts or f"def {proof}(" in tests, proof
    assert transcripts <= proofs
