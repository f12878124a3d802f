"""Every transcript, replayed; and the replayer, which must see a difference."""

from pathlib import Path

import httpx
import pytest

from golden.replay import check, filled, load, replay, transcripts
from golden.worlds import WORLDS
from surfaces.conftest import Api


@pytest.mark.parametrize("path", transcripts(), ids=lambda path: f"{path.parent.name}-{path.stem}")
async def test_the_surface_answers_as_the_transcript_says(api: Api, path: Path) -> None:
    transcript = load(path)
    known = dict(await WORLDS[transcript.given](api))
    await replay(transcript, await api.client("anonymous"), known)


@pytest.mark.parametrize(
    "wanted",
    [{"a": 1}, {"a": 1, "b": [2]}, {"a": True, "b": [2, "x"]}, {"a": 1, "b": "<int>"}, {"a": 1, "b": [2, "<int>"]}],
)
def test_the_replayer_sees_each_difference(wanted: object) -> None:
    answer = httpx.Response(200, json={"a": 1, "b": [2, "x"]})
    check(answer, {"status": 200, "json": {"a": 1, "b": ["<int>", "<match [xy]>"]}}, "same")
    check(answer, {"status": 200, "json": {"b": [2, "x"], "...": True}}, "more")
    with pytest.raises(AssertionError):
        check(answer, {"status": 200, "json": wanted}, "other")


def test_names_are_filled_in_as_values_or_within_texts() -> None:
    assert filled({"a": ["${n}", "x${n}"]}, {"n": 5}) == {"a": [5, "x5"]}
