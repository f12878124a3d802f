"""Every transcript, replayed; and the replayer, which must see a difference."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from golden.replay import Transcript, check, filled, load, replay, transcripts
from golden.worlds import WORLDS
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from surfaces.conftest import Api


def _cases() -> list[Any]:
    """Return each transcript once for every position of the settings that it holds under."""
    return [
        pytest.param(transcript, position, id="-".join((path.parent.name, path.stem, *map(str, position.values()))))
        for path in transcripts()
        for transcript in [load(path)]
        for position in transcript.positions
    ]


@pytest.mark.parametrize(("transcript", "position"), _cases())
async def test_the_surface_answers_as_the_transcript_says(
    api: Api, transcript: Transcript, position: Mapping[str, Any]
) -> None:
    if position:
        api.world.context = replace(api.world.context, policy=replace(api.world.context.policy, **position))
        api.app = create_app(api.world.context, read_settings({}))
    known = {"server": api.url, **await WORLDS[transcript.given](api)}
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
