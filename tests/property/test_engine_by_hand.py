"""Random states of random processes are moved by hand, or refuse it; whatever moves goes on as drawn."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from engine_blocks import Block
from engine_bpmn import BUILT_INS, NOW, Host, waiting
from engine_edits import edited
from engine_random_blocks import blocks
from engine_resume import resume
from property.test_engine_blocks import bpmn_of
from property.test_engine_migrate import begun, drive, long, moved, quick
from satchel.engine import effect as e
from satchel.engine import snapshot
from satchel.engine.by_hand import HandMove, StartAt, move, tokens
from satchel.engine.migrate import MoveFinding
from satchel.engine.parse import parse
from satchel.engine.snapshot import Mode
from satchel.engine.step import Step
from satchel.model.ids import TokenId


def by_hand(host: Host, wanted: HandMove) -> Step | tuple[MoveFinding, ...]:
    """Move a process by hand, if nothing speaks against it; what waits is closed or opened exactly once."""
    numbers = itertools.count(host.serial)
    before = host.state or b""
    result = move(
        host.definition,
        before,
        wanted,
        now=NOW,
        values={**BUILT_INS, **host.values},
        new_token=lambda: TokenId(f"k{next(numbers)}"),
    )
    assert host.state == before
    if not isinstance(result, Step):
        assert result
        assert all(finding.message and finding.code for finding in result)
        return result
    host.serial, host.state, host.status = next(numbers), result.state, result.status
    for effect in result.effects:
        if isinstance(effect, e.TaskClosed | e.TimerDropped | e.MessageDropped | e.JobDropped | e.CallDropped):
            del host.open[effect.token]
        elif not isinstance(effect, e.Ended | e.Failed):
            assert effect.token not in host.open
            host.open[effect.token] = effect
    assert waiting(host.definition, result.state) == {key: opened.element for key, opened in host.open.items()}  # type: ignore[union-attr]  # whatever opens has an element
    return result


def go_on(host: Host, block: Block, items: list[str], data: st.DataObject) -> None:
    """Let a process that was moved go on to its end, beside the interpreter that is put where it stands."""
    if host.status != "running":
        assert not host.open
        return
    state = snapshot.load(host.state or b"", host.definition.process, host.definition.fingerprint)
    drive(host, resume(block, state, {"items": items}), block, items, data)


def drawn(host: Host, data: st.DataObject) -> HandMove:
    standing = tokens(host.definition, host.state or b"")
    cancel = data.draw(st.lists(st.sampled_from([one.number for one in standing]), max_size=2, unique=True))
    process = host.definition.process
    places = st.sampled_from(sorted([*process.nodes, *process.flows]))
    within = st.sampled_from([None, None, *(one.number for one in standing if one.mode is Mode.SCOPE)])
    start = data.draw(st.lists(st.builds(StartAt, place=places, within=within), max_size=2))
    return HandMove(cancel=cancel, start=start)


def move_and_go_on(block: Block, data: st.DataObject) -> None:
    host, items = begun(block, data)
    for _ in range(3):
        if host.status != "running":
            return
        result = by_hand(host, drawn(host, data))
        event("moved" if isinstance(result, Step) else result[0].code)
    go_on(host, block, items, data)


@quick
@given(blocks(), st.data())
def test_what_is_moved_by_hand_goes_on_as_drawn(block: Block, data: st.DataObject) -> None:
    move_and_go_on(block, data)


@pytest.mark.soak
@long
@given(blocks(depth=4), st.data())
def test_what_is_moved_by_hand_in_larger_processes_goes_on_as_drawn(block: Block, data: st.DataObject) -> None:
    move_and_go_on(block, data)


@quick
@given(blocks(), st.data())
def test_every_step_that_waits_can_be_taken_back_and_done_anew(block: Block, data: st.DataObject) -> None:
    host, items = begun(block, data)
    if not host.open:
        return
    whole = [one for one in tokens(host.definition, host.state or b"") if not one.host]
    one = data.draw(st.sampled_from(whole))
    again = StartAt(place=one.flow or one.element, within=one.scope or None)

    result = by_hand(host, HandMove(cancel=[one.number], start=[again]))

    assert isinstance(result, Step), result
    go_on(host, block, items, data)


@quick
@given(blocks(), st.data())
def test_what_moved_to_another_version_is_moved_by_hand_there(block: Block, data: st.DataObject) -> None:
    host, items = begun(block, data)
    if not host.open:
        return
    later = data.draw(edited(block))
    after = moved(host, parse(bpmn_of(later.block)), later)
    if after is None:
        return
    after = replace(after, values=host.values)
    by_hand(after, drawn(after, data))
    go_on(after, later.block, items, data)
